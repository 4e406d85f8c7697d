package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	logs "github.com/sirupsen/logrus/hooks/test"

	"duosync/cmd/internal/afterrun"
	"duosync/cmd/internal/config"
	"duosync/cmd/internal/past"
	"duosync/cmd/internal/report"
	"duosync/state"
	dirsync "duosync/sync"
)

// filed is a console over a state in a file.
type filed struct {
	*Server
	status *Status
	path   string
	logged *logs.Hook
	rules  *Rules
}

func newFiled(t *testing.T) *filed {
	t.Helper()
	log, hook := logs.NewNullLogger()
	f := &filed{status: &Status{}, path: filepath.Join(t.TempDir(), "state.db"), logged: hook}
	after := afterrun.New(afterrun.Options{Version: "test", Log: log})
	f.status.Configured(&config.Loaded{File: "/srv/duo/config.yaml", Config: config.Config{State: config.State{DSN: config.NewSecret(f.path)}}})
	glance := func(ctx context.Context, _ *config.Loaded, look func(*past.Moment) error) error {
		return past.Glance(ctx, f.path, " --config /srv/duo/config.yaml", look)
	}
	f.Server = New(f.status, after.Metrics(), Options{Log: log, Version: "test", Glance: glance,
		Examine: func(*config.Loaded) (state.Condition, error) { return state.Examine(f.path) },
		Rules:   func(*config.Loaded) (*Rules, error) { return f.rules, nil },
		Standing: func(ctx context.Context, loaded *config.Loaded) (found *past.Standing, err error) {
			err = glance(ctx, loaded, func(m *past.Moment) error {
				if found, err = m.Standing(ctx); err == nil {
					found.Overview, err = m.Overview(ctx, found)
				}
				return err
			})
			return found, err
		}})
	t.Cleanup(f.End)
	if err := f.Adopt(t.Context(), config.HTTP{}); err != nil {
		t.Fatal(err)
	}
	return f
}

var fileBinding = dirsync.Binding{Host: "api-1.example.org", Key: "DI", Directory: "dc=x"}

// write has a run write these links, and end with a report. Its outcome is held where guards are.
func (f *filed) write(t *testing.T, run *dirsync.Run, links ...dirsync.Link) {
	t.Helper()
	db, err := state.Open(t.Context(), f.path, state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	j, err := db.Begin(t.Context(), dirsync.RunStart{ID: run.ID, Started: run.Started, Binding: fileBinding})
	if err != nil {
		t.Fatal(err)
	}
	var all []dirsync.Outcome
	for i := range links {
		all = append(all, dirsync.Outcome{Source: links[i].ID, Link: &links[i]})
	}
	end := dirsync.RunEnd{Finished: run.Finished, Outcome: run.Outcome}
	end.Baseline = &dirsync.Baseline{At: run.Started, Attention: map[string]dirsync.Attention{}}
	for _, x := range run.Attention {
		end.Baseline.Attention[string(x.Source)] = x
	}
	if err := errors.Join(report.Keep(run, &end), j.Record(t.Context(), all), j.Finish(t.Context(), end), db.Close()); err != nil {
		t.Fatal(err)
	}
}

// page asks for one, again while it is being read.
func (f *filed) page(t *testing.T, path string) (code int, body string) {
	t.Helper()
	for range 2000 {
		code, body, header := get(t.Context(), f.handler(), path, nil)
		if header.Get("Refresh") == "" {
			return code, body
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal(path + " is never there")
	return 0, ""
}

func ours(id, username string, change ...func(*dirsync.Link)) dirsync.Link {
	l := dirsync.Link{ID: dirsync.SourceID(id), User: "DU" + id, Origin: dirsync.Created, Answered: dirsync.Account{ID: "DU" + id, Username: username, Realname: "Ann " + id, Status: dirsync.StatusActive}}
	for _, f := range change {
		f(&l)
	}
	return l
}

var everyPage = []string{"/", "/runs", "/runs/r1", "/people", "/people/1", "/waiting", "/groups", "/drift"}

// TestStateGone: a state that goes, or can't be read any more, under a daemon is told on every
// page, with its path and what to do. What is told still is told as of when it was so; nothing
// is let through by it; and no page makes a state in its place.
func TestStateGone(t *testing.T) {
	remove := func(t *testing.T, path string) {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
		}
	}
	for name, test := range map[string]struct {
		do   func(t *testing.T, path string)
		want string
	}{
		"gone":     {remove, "duosync rebuild"},
		"emptied":  {func(t *testing.T, path string) { remove(t, path); put(t, path, "") }, "duosync rebuild"},
		"nonsense": {func(t *testing.T, path string) { remove(t, path); put(t, path, strings.Repeat("no database ", 500)) }, ""},
		"a folder": {func(t *testing.T, path string) {
			remove(t, path)
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, ""},
	} {
		for _, looked := range []bool{true, false} {
			t.Run(fmt.Sprint(name, looked), func(t *testing.T) {
				f := newFiled(t)
				run := made("r1", 1, dirsync.OutcomeHeld, heldBy(true))
				f.write(t, run, ours("1", "ann"))
				if looked {
					for _, path := range everyPage {
						if code, body := f.page(t, path); code != http.StatusOK || strings.Contains(body, "Failing") {
							t.Errorf("before, %s: %d\n%s", path, code, body)
						}
					}
					if _, body := f.page(t, "/"); !strings.Contains(body, "duosync approve abcd") {
						t.Error("no approval is offered before:", body)
					}
				} else { // nobody has asked before, but a run of this process was there
					f.status.Ended(run)
				}
				test.do(t, f.path)
				before := folder(t, f.path)
				for range 2 {
					for _, path := range everyPage {
						code, body := f.page(t, path)
						for _, want := range []string{"Failing", f.path, test.want} {
							if !strings.Contains(body, want) {
								t.Errorf("%s (%d) does not tell of %q:\n%s", path, code, want, body)
							}
						}
						if path != "/runs/r1" && strings.Contains(body, "duosync approve") {
							t.Errorf("%s offers an approval:\n%s", path, body)
						}
						if looked && !strings.Contains(body, "is as of ") {
							t.Errorf("%s does not say as of when", path)
						}
					}
					if code, body := f.page(t, "/readyz"); code != http.StatusServiceUnavailable || strings.Contains(body, f.path) {
						t.Errorf("readyz: %d %s", code, body)
					}
				}
				if after := folder(t, f.path); !slices.Equal(before, after) {
					t.Errorf("pages made files: %v, before %v", after, before)
				}
				warned := 0
				for _, e := range f.logged.AllEntries() {
					if e.Level <= logrus.WarnLevel {
						warned++
					}
				}
				if warned != 1 {
					t.Errorf("%d lines in the log", warned)
				}
			})
		}
	}
}

// TestNoStateYet: before the first run nothing is gone, and no page makes a state.
func TestNoStateYet(t *testing.T) {
	f := newFiled(t)
	for _, path := range []string{"/", "/runs", "/people", "/waiting", "/groups", "/drift", "/readyz"} {
		if code, body := f.page(t, path); code != http.StatusOK || strings.Contains(body, "Failing") {
			t.Errorf("%s: %d\n%s", path, code, body)
		}
	}
	if made := folder(t, f.path); len(made) > 0 {
		t.Errorf("pages made %v", made)
	}
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// folder lists what lies beside a state, and with it.
func folder(t *testing.T, path string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
