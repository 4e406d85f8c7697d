package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/past"
	"duosync/cmd/internal/report"
	"duosync/state"
	dirsync "duosync/sync"
	"duosync/sync/decide"
)

func missing(l *dirsync.Link) { l.Missing = &dirsync.Missing{Why: "gone", Since: noon} }

// TestFiguresOfNow: the first view after the state was written by others has the figures of
// now, of removals, too, that the last run itself carried out; Now and Waiting have the same.
func TestFiguresOfNow(t *testing.T) {
	f := newFiled(t)
	f.rules = &Rules{Due: func(l *dirsync.Link) (dirsync.Waiting, bool) {
		return dirsync.Waiting{Source: l.ID, Username: l.Answered.Username, Action: dirsync.Disable, Due: noon}, l.Missing != nil
	}}
	waiting := func(n int) func(*dirsync.Run) {
		return func(run *dirsync.Run) {
			for range n {
				run.Waiting = append(run.Waiting, dirsync.Waiting{Username: "x", Action: dirsync.Disable, Due: noon})
			}
		}
	}
	once := func(path, want string) {
		t.Helper()
		_, body, h := get(t.Context(), f.handler(), path, nil)
		if !strings.Contains(body, want) || strings.Contains(body, "figures are of before") || h.Get("Refresh") != "" {
			t.Errorf("%s has no %q, or is of before (%v):\n%s", path, want, h, body)
		}
	}
	f.write(t, made("r1", 1, dirsync.OutcomeApplied, waiting(3)), ours("1", "ann", missing), ours("2", "bob", missing), ours("3", "cy"))
	once("/", "2 people")
	once("/waiting", "bob")
	f.write(t, made("r2", 2, dirsync.OutcomeApplied, waiting(2)), ours("1", "ann", missing), ours("2", "bob"), ours("3", "cy"))
	once("/", "1 person</bdi>")
	_, body, _ := get(t.Context(), f.handler(), "/waiting", nil)
	if strings.Contains(body, "bob") || !strings.Contains(body, "ann") {
		t.Errorf("who waits:\n%s", body)
	}
}

// TestOlderFigures: where reading takes longer than a page waits, it says that its figures are
// older than the state.
func TestOlderFigures(t *testing.T) {
	d := newDesk(t)
	d.write(left(made("r1", 1, dirsync.OutcomeApplied)), nil)
	if _, body, _ := get(t.Context(), d.handler(), "/", nil); strings.Contains(body, "figures are of before") {
		t.Error("figures of now are said to be older")
	}
	hold := make(chan struct{})
	d.opts.Standing = func(context.Context, *config.Loaded) (*past.Standing, error) { <-hold; return d.standing, nil }
	d.condition.Stamp += "y"
	for _, path := range []string{"/", "/waiting", "/groups"} {
		if code, body, _ := get(t.Context(), d.handler(), path, nil); code != http.StatusOK || !strings.Contains(body, "figures are of before") {
			t.Errorf("%s does not say that it is older:\n%s", path, body)
		}
	}
	close(hold)
	for range 1000 {
		if _, body, _ := get(t.Context(), d.handler(), "/", nil); !strings.Contains(body, "figures are of before") {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Error("it is never read")
}

// TestFindNotInDuoYet: whom somebody has to settle something about is found by name, though
// nobody in Duo is theirs; nobody is found twice.
func TestFindNotInDuoYet(t *testing.T) {
	f := newFiled(t)
	f.write(t, made("r1", 1, dirsync.OutcomeApplied, func(run *dirsync.Run) {
		run.Conflicts = []dirsync.Conflict{{Username: "carla", Reason: "two people claim the name", Sources: []dirsync.SourceID{"7", "8"},
			People: []dirsync.Who{{Source: "7", DN: "uid=carla,dc=x", Username: "carla"}, {Source: "8", DN: "uid=cb,dc=x", Username: "carla"}}}}
		run.Attention = []dirsync.Attention{{Username: "dora", Source: "9", Reason: "a user of that name is there"}, {Username: "ann", Source: "1", Reason: "disabled by others"}}
	}), ours("1", "ann"))
	f.page(t, "/people") // the index is there
	for query, want := range map[string][]string{"carla": {"/people/7", "/people/8", "not in Duo yet", "two people claim the name", "2 people found"}, "CARL": {"/people/7"}} {
		_, body, _ := get(t.Context(), f.handler(), "/people?q="+query, nil)
		for _, w := range want {
			if !strings.Contains(body, w) {
				t.Errorf("%s does not find %s:\n%s", query, w, body)
			}
		}
	}
	for query, want := range map[string]string{"dora": "/people/9", "Dor": "/people/9", "ann": "/people/1", "uid=cb": "/people/8"} {
		if code, body, h := get(t.Context(), f.handler(), "/people?q="+strings.ReplaceAll(query, "=", "%3D"), nil); query != "uid=cb" && (code != http.StatusSeeOther || h.Get("Location") != want) || query == "uid=cb" && !strings.Contains(body, want) {
			t.Errorf("%s leads to %d %s, want %s\n%s", query, code, h.Get("Location"), want, body)
		}
	}
	if code, body := f.page(t, "/people/9"); code != http.StatusOK || !strings.Contains(body, "a user of that name is there") {
		t.Errorf("%d\n%s", code, body)
	}
}

// TestRunsWithChanges: only runs that changed something, whatever their outcome.
func TestRunsWithChanges(t *testing.T) {
	f := newFiled(t)
	for i, run := range []struct {
		outcome string
		fates   []dirsync.Fate
	}{{dirsync.OutcomeApplied, []dirsync.Fate{dirsync.Done}}, {dirsync.OutcomeHeld, nil}, {dirsync.OutcomeHeld, []dirsync.Fate{dirsync.Done}},
		{dirsync.OutcomeFailed, []dirsync.Fate{dirsync.Refused}}, {dirsync.OutcomeFailed, []dirsync.Fate{dirsync.Done, dirsync.Unknown}}, {dirsync.OutcomeNoChanges, nil}} {
		f.did(t, made(fmt.Sprint("r", i), i, run.outcome), run.fates...)
	}
	_, body := f.page(t, "/runs?outcome=changed")
	for i, want := range []bool{true, false, true, false, true, false} {
		if strings.Contains(body, fmt.Sprintf("/runs/r%d\"", i)) != want {
			t.Errorf("r%d: listed %v, want %v", i, !want, want)
		}
	}
}

// did has a run carry out an operation for each of these fates.
func (f *filed) did(t *testing.T, run *dirsync.Run, fates ...dirsync.Fate) {
	t.Helper()
	db, err := state.Open(t.Context(), f.path, state.Options{Audit: true})
	if err != nil {
		t.Fatal(err)
	}
	j, err := db.Begin(t.Context(), dirsync.RunStart{ID: run.ID, Started: run.Finished, Binding: fileBinding})
	if err != nil {
		t.Fatal(err)
	}
	for i, fate := range fates {
		id := fmt.Sprint("p", i)
		link := ours(id, id)
		_, err := j.Intend(t.Context(), []*dirsync.Op{{Action: dirsync.Update, Source: link.ID, User: link.User, Username: id}}, noon)
		if err := errors.Join(err, j.Record(t.Context(), []dirsync.Outcome{{Source: link.ID, Link: &link, Note: decide.NoteOf(&dirsync.Result{Fate: fate})}})); err != nil {
			t.Fatal(err)
		}
	}
	end := dirsync.RunEnd{Finished: run.Finished, Outcome: run.Outcome}
	if err := errors.Join(report.Keep(run, &end), j.Finish(t.Context(), end), db.Close()); err != nil {
		t.Fatal(err)
	}
}
