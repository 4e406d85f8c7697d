package state_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"duosync/state"
	dirsync "duosync/sync"
)

// TestGlance: what stands is read in place, beside a run that writes and after it, nothing is
// left behind, and the file stays as it was.
func TestGlance(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, fresh func(*testing.T) string) {
		path := fresh(t)
		count := func() (n int) {
			t.Helper()
			must(t, state.Glance(t.Context(), path, func(db *state.DB) (err error) {
				n = 0
				if _, err := db.Begin(t.Context(), dirsync.RunStart{ID: "no", Started: time.Now(), Binding: account}); !errors.Is(err, state.ErrReadOnly) {
					t.Errorf("a glance can write: %v", err)
				}
				return db.Scan(t.Context(), func(dirsync.Brief) error { n++; return nil })
			}))
			return n
		}
		db := open(t, path)
		j, err := db.Begin(t.Context(), dirsync.RunStart{ID: "one", Started: time.Now(), Binding: account})
		must(t, err)
		for i := range 3 {
			id := dirsync.SourceID(fmt.Sprint("p", i))
			must(t, j.Record(t.Context(), []dirsync.Outcome{{Source: id, Link: link(id, "DU"+string(id))}}))
			if got := count(); got != i+1 {
				t.Errorf("beside a run: %d links, want %d", got, i+1)
			}
		}
		must(t, j.Finish(t.Context(), dirsync.RunEnd{Finished: time.Now(), Outcome: "applied"}))
		closing(t, db)
		for range 2 {
			if got := count(); got != 3 {
				t.Errorf("after it: %d links", got)
			}
		}
	})
}

// TestGlanceAtAFile: a file that nobody has open is read as it is, none beside it is made, and
// one that is written meanwhile is read again.
func TestGlanceAtAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	must(t, state.Glance(t.Context(), path, func(db *state.DB) error {
		if db.IsThere() {
			t.Error("there is a state where there is none")
		}
		return nil
	}))
	write := func(id dirsync.SourceID) {
		db := open(t, path)
		j, err := db.Begin(t.Context(), dirsync.RunStart{ID: "run " + string(id), Started: time.Now(), Binding: account})
		must(t, err)
		must(t, j.Record(t.Context(), []dirsync.Outcome{{Source: id, Link: link(id, "DU"+string(id))}}))
		closing(t, db)
	}
	write("a")
	long := time.Now().Add(-time.Hour)
	must(t, os.Chtimes(path, long, long)) // so it is still
	beside := func() []string {
		all, err := filepath.Glob(path + "*")
		must(t, err)
		return all
	}
	before, stamp := beside(), func() time.Time { info, err := os.Stat(path); must(t, err); return info.ModTime() }
	must(t, state.Glance(t.Context(), path, func(db *state.DB) error {
		_, err := db.CountLinks(t.Context())
		if now := beside(); !slices.Equal(now, before) {
			t.Errorf("while it is read there are %v, before there were %v", now, before)
		}
		return err
	}))
	if !stamp().Equal(long) {
		t.Error("the file was changed")
	}
	looks, found := 0, 0
	must(t, state.Glance(t.Context(), path, func(db *state.DB) (err error) {
		if looks++; looks == 1 {
			write("b")
		}
		found, err = db.CountLinks(t.Context())
		return err
	}))
	if looks < 2 || found != 2 {
		t.Errorf("written meanwhile: %d looks found %d links", looks, found)
	}
}

// TestRunsOf: the history is found by outcome and time, and in parts.
func TestRunsOf(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, fresh func(*testing.T) string) {
		db := open(t, fresh(t))
		defer closing(t, db)
		noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		outcomes := []string{"applied", "no-changes", "held", "failed", "no-changes", "applied"}
		for i, outcome := range outcomes {
			at := noon.Add(time.Duration(i/2) * time.Hour) // two at a time
			j, err := db.Begin(t.Context(), dirsync.RunStart{ID: fmt.Sprint("r", i), Started: at, Binding: account})
			must(t, err)
			summary := fmt.Sprintf(`{"schema":1,"refresh":{"done":%v,"reason":""}}`, i == 2)
			must(t, j.Finish(t.Context(), dirsync.RunEnd{Finished: at, Outcome: outcome, Summary: []byte(summary)}))
		}
		for name, test := range map[string]struct {
			query state.RunQuery
			want  []string
		}{
			"all":           {state.RunQuery{}, []string{"r5", "r4", "r3", "r2", "r1", "r0"}},
			"the newest":    {state.RunQuery{Limit: 2}, []string{"r5", "r4"}},
			"older":         {state.RunQuery{Before: "r4", Limit: 2}, []string{"r3", "r2"}},
			"newer":         {state.RunQuery{After: "r1", Limit: 2}, []string{"r3", "r2"}},
			"the next one":  {state.RunQuery{After: "r0", Limit: 1}, []string{"r1"}},
			"before first":  {state.RunQuery{Before: "r0"}, nil},
			"unknown":       {state.RunQuery{Before: "none"}, nil},
			"by outcome":    {state.RunQuery{Outcomes: []string{"held", "failed"}}, []string{"r3", "r2"}},
			"by time":       {state.RunQuery{From: noon.Add(time.Hour), To: noon.Add(2 * time.Hour)}, []string{"r3", "r2"}},
			"both":          {state.RunQuery{From: noon.Add(time.Hour), Outcomes: []string{"applied"}}, []string{"r5"}},
			"that read Duo": {state.RunQuery{Refreshed: true}, []string{"r2"}},
			"one":           {state.RunQuery{ID: "r3"}, []string{"r3"}},
			"injected":      {state.RunQuery{Outcomes: []string{"x') OR ('1'='1"}, ID: "' OR 1=1 --"}, nil},
		} {
			runs, err := db.RunsOf(t.Context(), test.query)
			must(t, err)
			var got []string
			for i := range runs {
				got = append(got, runs[i].ID)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("%s: %v, want %v", name, got, test.want)
			}
		}
	})
}

// TestStepsOf: what runs did to a person is found by the person, the last first.
func TestStepsOf(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, fresh func(*testing.T) string) {
		db, err := state.Open(t.Context(), fresh(t), state.Options{CallTime: time.Minute, Audit: true}) // notes keep ids, too
		must(t, err)
		defer closing(t, db)
		for i, action := range []dirsync.Action{dirsync.Create, dirsync.Update, dirsync.Disable} {
			j, err := db.Begin(t.Context(), dirsync.RunStart{ID: fmt.Sprint("r", i), Started: time.Now(), Binding: account})
			must(t, err)
			ops := []*dirsync.Op{{Action: action, Source: "a", Username: "ann", User: "DUa"}, {Action: action, Source: "b", Username: "bob", User: "DUb"}}
			_, err = j.Intend(t.Context(), ops, time.Now())
			must(t, err)
			must(t, j.Record(t.Context(), []dirsync.Outcome{{Source: "a", Link: link("a", "DUa"), Note: "done"}, {Source: "b", Link: link("b", "DUb"), Note: "done"}}))
			must(t, j.Finish(t.Context(), dirsync.RunEnd{Finished: time.Now(), Outcome: "applied"}))
		}
		steps, err := db.StepsOf(t.Context(), "a", 2)
		must(t, err)
		if len(steps) != 2 || steps[0].RunID != "r2" || steps[0].Op.Action != dirsync.Disable || steps[1].Op.Action != dirsync.Update || steps[0].Op.Source != "a" {
			t.Errorf("%+v", steps)
		}
		// Each way of reading gives the note as whoever wrote it did, for created users, too.
		steps, err = db.StepsOf(t.Context(), "a", 10)
		must(t, err)
		for i := range steps {
			must(t, db.EachStep(t.Context(), steps[i].RunID, func(s state.Step) error {
				if s.Op.Source == "a" && s.Note != steps[i].Note || steps[i].Note != "done" {
					t.Errorf("%s %s: note %q by person, %q by run", steps[i].RunID, s.Op.Action, steps[i].Note, s.Note)
				}
				return nil
			}))
		}
		if owner, err := db.OwnerOf(t.Context(), "DUb"); err != nil || owner != "b" {
			t.Errorf("%q %v", owner, err)
		}
		if owner, err := db.OwnerOf(t.Context(), ""); err != nil || owner != "" {
			t.Errorf("nobody's: %q %v", owner, err)
		}
	})
}
