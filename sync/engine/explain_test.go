package engine_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/engine"
	"duosync/sync/mapping"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func (w *world) explain(quest engine.Quest) *engine.Explanation {
	e := &engine.Engine{Source: w.dir, Target: w.duo, Store: w.store, Rules: w.rules, Now: func() time.Time { return w.clock }}
	return e.Explain(context.Background(), engine.Options{RunID: "run"}, quest)
}

// everybody are the ids of all who are in the directory or in the snapshot.
func (w *world) everybody() []dirsync.SourceID {
	ids := slices.Collect(maps.Keys(w.store.links))
	for _, p := range w.dir.people {
		ids = append(ids, p.ID)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// TestExplainAgreesWithRun checks on random histories that an explanation says of
// each person what the run then decides, whether a refresh is due or not, that it
// finds whom it is asked for, and that it changes nothing.
func TestExplainAgreesWithRun(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(&silent{TB: nil, rapid: t})
		w.drawRules(t)
		others := w.drawOthers(t)
		for range rapid.IntRange(1, 4).Draw(t, "rounds") {
			w.dir.people = w.drawPeople(t)
			w.enroll(t, others)
			w.clock = w.clock.Add(time.Duration(rapid.IntRange(1, 40).Draw(t, "hours")) * time.Hour)
			before := maps.Clone(w.store.links)
			all := w.everybody()
			x := w.explain(engine.Quest{IDs: all, Match: func(*dirsync.Person) bool { return true }})
			if diff := cmp.Diff(before, w.store.links); diff != "" {
				t.Fatalf("an explanation changed the snapshot: %s", diff)
			}
			if x.Run.Err != nil || len(x.Matched) != len(w.dir.people) || len(x.Links) != len(before) {
				t.Fatalf("%v; %d of %d people, %d of %d links", x.Run.Err, len(x.Matched), len(w.dir.people), len(x.Links), len(before))
			}
			run := w.run(engine.Options{})
			for _, id := range all {
				d, err := x.Of(context.Background(), id)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(decided(run, id), told(d)); diff != "" {
					t.Fatalf("%s (-run +explanation):\n%s\n%s", id, diff, w.report(run))
				}
			}
		}
	})
}

// decided is what a run decided about a person, a line each; told is what an
// explanation says of it.
func decided(run *dirsync.Run, id dirsync.SourceID) []string {
	lines := []string{}
	for _, o := range run.Operations {
		if o.Source == id {
			lines = append(lines, fmt.Sprint(o.Key(), o.Reason, o.Blocked))
		}
	}
	for _, c := range run.Conflicts {
		if slices.Contains(c.Sources, id) && !strings.HasPrefix(c.Username, "g") { // which is a group
			lines = append(lines, "conflict "+c.Reason)
		}
	}
	for _, w := range run.Waiting {
		if w.Source == id {
			lines = append(lines, fmt.Sprint("waiting ", w.Action, w.Due))
		}
	}
	return lines
}

func told(d *dirsync.Decision) []string {
	run := &dirsync.Run{Operations: d.Operations, Conflicts: d.Conflicts}
	if d.Waiting != nil {
		run.Waiting = append(run.Waiting, *d.Waiting)
	}
	return decided(run, d.ID)
}

// TestExplainAsksLittle checks that a due refresh is taken for those who are meant
// alone, and that whoever is not met is asked for afterwards.
func TestExplainAsksLittle(t *testing.T) {
	w := newWorld(t)
	for i := range 9 {
		w.dir.people = append(w.dir.people, dirsync.Person{ID: dirsync.SourceID(fmt.Sprint(i)), DN: fmt.Sprint("cn=", i), Standing: dirsync.Enabled,
			Attrs: map[string][]string{"uid": {fmt.Sprint("n", i)}, "cn": {"N"}}})
	}
	if run := w.run(engine.Options{}); run.Err != nil {
		t.Fatal(run.Err)
	}
	for _, link := range w.store.links {
		w.duo.users[link.User].Realname = "drifted"
	}
	quest := engine.Quest{Match: func(p *dirsync.Person) bool { return p.ID == "3" }}
	x := w.explain(quest)
	if len(x.Run.Operations) != 0 || x.Run.RefreshReason != "" {
		t.Errorf("before a refresh is due: %d operations, reason %q", len(x.Run.Operations), x.Run.RefreshReason)
	}
	w.clock = w.clock.Add(25 * time.Hour)
	w.duo.calls = 0
	x = w.explain(quest)
	if x.Run.Err != nil || x.Run.RefreshReason != "due" || x.Run.Refreshed {
		t.Errorf("%v; reason %q, refreshed %v", x.Run.Err, x.Run.RefreshReason, x.Run.Refreshed)
	}
	if len(x.Run.Operations) != 1 || x.Run.Operations[0].Source != "3" || w.duo.calls != 1 {
		t.Errorf("operations %v after %d calls, want one on 3 after one call", x.Run.Operations, w.duo.calls)
	}

	w.dir.people = w.dir.people[1:]
	asked := 0
	gone := engine.Quest{Match: func(*dirsync.Person) bool { return false }, Else: func(context.Context) ([]dirsync.SourceID, error) {
		asked++
		return []dirsync.SourceID{"0"}, nil
	}}
	x = w.explain(gone)
	d, err := x.Of(context.Background(), "0")
	if err != nil || asked != 1 || len(x.Links) != 1 || len(d.Operations) != 1 || d.Operations[0].Action != dirsync.Disable || d.Seen == nil || d.Seen.Present {
		t.Errorf("%v; asked %d times, links %v, decision %+v", err, asked, x.Links, d)
	}
	gone.Users = []string{w.store.links["0"].User}
	if x = w.explain(gone); asked != 1 || len(x.Links) != 1 {
		t.Errorf("by its user: asked %d times, links %v", asked, x.Links)
	}
}

// noFetch is an account of which a user can't be asked for.
type noFetch struct{ *memDuo }

func (noFetch) Fetch(context.Context, map[string]dirsync.Remembered) (map[string]dirsync.Account, map[string]error, error) {
	return nil, nil, errors.New("Duo is down")
}

// TestExplainAfterFailure tells what is known where the run failed, also beside people of
// whom everything was told before.
func TestExplainAfterFailure(t *testing.T) {
	w := newWorld(t)
	w.steps("duo", "add DUX username=max", "directory", "a anna\nb bob\nm max", "run", "", "directory", "a anna cn=Anna\nm max")
	e := w.engine()
	e.Target = noFetch{w.duo}
	x := e.Explain(context.Background(), engine.Options{RunID: "run"}, engine.Quest{})
	if x.Run.Err == nil {
		t.Fatal(w.report(x.Run))
	}
	for id, second := range map[dirsync.SourceID]bool{"a": false, "b": true, "m": false} {
		d, err := x.Of(context.Background(), id)
		if err != nil || (d.Seen != nil) != second || (d.Link != nil) != (id != "m") {
			t.Errorf("of %s: %v, %+v", id, err, d)
		}
	}
}

// TestTrace follows the fields of a person, each with what is wrong with it alone.
func TestTrace(t *testing.T) {
	w := newWorld(t)
	w.rules.Aliases = []dirsync.Expression{formula(t, "nick")}
	w.rules.Phones = mapping.PhoneRules{From: []mapping.PhoneFrom{{Number: formula(t, "mobile"), Type: "mobile"}}, Region: "US"}
	w.rules.Groups.Mirror = func(name string) bool { return name == "staff" }
	p := &dirsync.Person{ID: "1", DN: "cn=1", Standing: dirsync.LockedOut, Groups: []string{"others", "staff"}, Attrs: map[string][]string{
		"uid": {"Anna"}, "cn": {"A\x01"}, "mail": {"none"}, "nick": {"anna", "Ann"}, "mobile": {"n/a", "(415) 555-0101"},
	}}
	var got []string
	for _, f := range w.rules.Trace(p) {
		got = append(got, fmt.Sprintf("%s %q -> %q once=%v %q%s", f.Field, f.Before, dirsync.Items(f.After), f.Once, f.Warnings, f.Problem))
	}
	want := []string{
		`username ["Anna"] -> ["anna"] once=false []`,
		`realname ["A\x01"] -> ["A"] once=false ["realname of attribute cn has control characters, which were replaced by spaces"]`,
		`email ["none"] -> [] once=false ["email of attribute mail is no e-mail address and was left out: \"none\""]`,
		`status ["locked out"] -> ["active"] once=false []`,
		`aliases ["Ann" "anna"] -> ["ann"] once=false []`,
		`phones ["(415) 555-0101" "n/a"] -> ["+14155550101"] once=true ["a phone is no phone number and was left out: \"n/a\""]`,
		`groups ["staff"] -> ["staff"] once=false []`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	// All of it together is what Map gives.
	fields, _, _ := w.rules.Map(p)
	for _, f := range w.rules.Trace(p) {
		if f.After != fields[f.Field] {
			t.Errorf("%s: %q alone, %q with the others", f.Field, f.After, fields[f.Field])
		}
	}
	delete(p.Attrs, "uid")
	for _, f := range w.rules.Trace(p) {
		if (f.Problem != "") != (f.Field == dirsync.FieldUsername) {
			t.Errorf("%s without a username: problem %q", f.Field, f.Problem)
		}
	}
}

// TestJudge tells which rule of the scope decides.
func TestJudge(t *testing.T) {
	w := newWorld(t)
	w.rules.IncludeGroups, w.rules.ExcludeGroups = []string{"Staff", "Guests"}, []string{"robots"}
	w.exclude["svc"] = true
	for _, test := range []struct {
		uid    string
		groups []string
		want   mapping.Verdict
	}{
		{"a", []string{"staff"}, mapping.Verdict{In: true, Groups: []string{"staff"}}},
		{"a", []string{"other"}, mapping.Verdict{}},
		{"a", []string{"robots", "staff"}, mapping.Verdict{Excluded: true, Groups: []string{"robots"}}},
		{"SVC", []string{"robots", "staff"}, mapping.Verdict{Excluded: true}},
	} {
		got := w.rules.Judge(&dirsync.Person{Attrs: map[string][]string{"uid": {test.uid}}, Groups: test.groups})
		if len(got.Groups) == 0 {
			got.Groups = nil
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s in %v (-want +got):\n%s", test.uid, test.groups, diff)
		}
	}
}
