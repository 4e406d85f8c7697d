package state_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"duosync/state"
	dirsync "duosync/sync"
	"duosync/sync/packing"
)

func TestFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "duosync.db")
	db := open(t, path)
	j := begin(t, db, "first")
	intend(t, j, []*dirsync.Op{{Action: dirsync.Create, Source: "a"}}, time.Now())
	must(t, db.LimitPages(t.Context(), 2))
	large := &dirsync.Op{Action: dirsync.Create, Source: "b", Reason: incompressible(100_000)}
	err := refused(t.Context(), j, []*dirsync.Op{large})
	if err == nil || !strings.Contains(dirsync.Hint(err), "free some space") {
		t.Fatalf("intending on a full disk: %v, advice %q", err, dirsync.Hint(err))
	}
	// A small one would fit, but nothing may be sent any more.
	err = refused(t.Context(), j, []*dirsync.Op{{Action: dirsync.Create, Source: "c"}})
	if err == nil || !strings.Contains(dirsync.Hint(err), "free some space") {
		t.Errorf("intending after that: %v, advice %q", err, dirsync.Hint(err))
	}
	must(t, j.Record(t.Context(), []dirsync.Outcome{{Source: "a", Same: true}}))
	must(t, j.Finish(t.Context(), dirsync.RunEnd{Finished: time.Now(), Outcome: "failed"}))
	closing(t, db)

	db = open(t, path)
	defer closing(t, db)
	intents, err := db.Open(t.Context())
	must(t, err)
	if len(intents) != 0 {
		t.Errorf("%d intents are open, want none", len(intents))
	}
}

func TestJournalFromManyWorkers(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "duosync.db"))
	defer closing(t, db)
	j := begin(t, db, "first")
	const workers, each = 4, 10
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for i := range each {
				id := dirsync.SourceID(fmt.Sprintf("%d-%d", w, i))
				if _, err := j.Intend(t.Context(), []*dirsync.Op{{Action: dirsync.Create, Source: id}}, time.Now()); err != nil {
					t.Error(err)
				}
				if err := j.Record(t.Context(), []dirsync.Outcome{{Source: id, Link: link(id, "DU"+string(id))}}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if got := countLinks(t, db); got != workers*each {
		t.Errorf("%d links, want %d", got, workers*each)
	}
}

// TestOutcomesFindTheirIntents by the person: a run of 100,000 has hundreds open at once, and
// looking through these for each outcome took more than all else that is written.
func TestOutcomesFindTheirIntents(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "state.db"))
	defer closing(t, db)
	plan, err := db.PlanOfNewest(t.Context())
	must(t, err)
	if !strings.Contains(plan, "intents_person") || strings.Contains(plan, "intents_run") {
		t.Errorf("intents are found so: %s", plan)
	}
}

func TestHistory(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, fresh func(*testing.T) string) {
		path := fresh(t)
		db := open(t, path)
		day := func(n int) time.Time { return time.Date(2026, 3, n, 12, 0, 0, 0, time.UTC) }
		start := func(n int) dirsync.Journal {
			j, err := db.Begin(t.Context(), dirsync.RunStart{ID: fmt.Sprintf("day %d", n), Started: day(n), Binding: account})
			must(t, err)
			return j
		}
		report := []byte(`{"schema": 1, "summary": {"create": 2}, "operations": [{"action": "create"}], "warnings": [], "error": "no [lists]"}`)
		summary := []byte(`{"error":"no [lists]","schema":1,"summary":{"create":2}}`)
		must(t, start(1).Finish(t.Context(), dirsync.RunEnd{Finished: day(1), Outcome: "applied", Summary: summary, Report: packing.Text(report)}))
		start(2) // killed
		closing(t, db)
		db = open(t, path)
		defer func() { closing(t, db) }()
		must(t, start(3).Finish(t.Context(), dirsync.RunEnd{Finished: day(3), Outcome: "failed"}))
		start(4) // goes on

		runs, err := db.Runs(t.Context(), 0)
		must(t, err)
		want := []state.Run{
			{ID: "day 4", Started: day(4)},
			{ID: "day 3", Started: day(3), Finished: day(3), Outcome: "failed"},
			{ID: "day 2", Started: day(2), Outcome: "failed"},
			{ID: "day 1", Started: day(1), Finished: day(1), Outcome: "applied", Summary: summary},
		}
		if diff := cmp.Diff(want, runs); diff != "" {
			t.Errorf("runs (-want +got):\n%s", diff)
		}
		for _, run := range runs {
			if got, want := run.Interrupted(), run.ID == "day 2"; got != want {
				t.Errorf("%s interrupted: %v, want %v", run.ID, got, want)
			}
		}
		last, err := db.Runs(t.Context(), 2)
		must(t, err)
		if diff := cmp.Diff(want[:2], last); diff != "" {
			t.Errorf("the last two runs (-want +got):\n%s", diff)
		}
		run, found, err := db.Run(t.Context(), "day 1")
		must(t, err)
		if !found || textOf(t, run.Report) != string(report) {
			t.Errorf("found %v, report %s", found, run.Report)
		}
		if _, found, err := db.Run(t.Context(), "day 9"); found || err != nil {
			t.Errorf("a run that never was: found %v, error %v", found, err)
		}
	})
}

// A run that fails may do so because the clock is wrong: it forgets nothing.
func TestFailedRunPrunesNothing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, fresh func(*testing.T) string) {
		db, err := state.Open(t.Context(), fresh(t), state.Options{CallTime: time.Minute, KeepHistory: 48 * time.Hour})
		must(t, err)
		defer closing(t, db)
		now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		for _, run := range []dirsync.RunEnd{
			{Finished: now, Outcome: "applied", Holds: []dirsync.Approval{{ID: "held"}}},
			{Finished: now.AddDate(1, 0, 0), Outcome: dirsync.OutcomeFailed},
		} {
			j, err := db.Begin(t.Context(), dirsync.RunStart{ID: run.Outcome, Started: run.Finished, Binding: account})
			must(t, err)
			must(t, j.Finish(t.Context(), run))
		}
		runs, err := db.Runs(t.Context(), 0)
		must(t, err)
		if _, found, err := db.Hold(t.Context(), "held"); err != nil || !found || len(runs) != 2 {
			t.Errorf("%d runs, what was held is there: %v (%v); want 2 and true", len(runs), found, err)
		}
	})
}

func TestHistoryIsPruned(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, fresh func(*testing.T) string) {
		db, err := state.Open(t.Context(), fresh(t), state.Options{CallTime: time.Minute, KeepHistory: 48 * time.Hour})
		must(t, err)
		defer closing(t, db)
		for n := 1; n <= 9; n++ {
			now := time.Date(2026, 3, n, 12, 0, 0, 0, time.UTC)
			j, err := db.Begin(t.Context(), dirsync.RunStart{ID: fmt.Sprint("day ", n), Started: now, Binding: account})
			must(t, err)
			intend(t, j, []*dirsync.Op{{Action: dirsync.Update, Source: "a"}}, now)
			if n != 2 { // whose intent stays open, and keeps its run
				must(t, j.Record(t.Context(), []dirsync.Outcome{{Source: "a", Same: true}}))
			}
			must(t, j.Finish(t.Context(), dirsync.RunEnd{Finished: now.Add(time.Minute), Outcome: "applied",
				Holds: []dirsync.Approval{{ID: fmt.Sprint("held on day ", n)}}, Groups: map[string]int{}}))
		}
		runs, err := db.Runs(t.Context(), 0)
		must(t, err)
		var ids []string
		for _, run := range runs {
			ids = append(ids, run.ID)
		}
		if diff := cmp.Diff([]string{"day 9", "day 8", "day 2"}, ids); diff != "" {
			t.Errorf("runs (-want +got):\n%s", diff)
		}
		days, err := db.Days(t.Context(), time.Time{})
		must(t, err)
		if len(days) != 3 || days[0].Date != "2026-03-07" {
			t.Errorf("days %v, want those from the 7th on", days)
		}
		intents, err := db.Open(t.Context())
		must(t, err)
		if len(intents) != 1 {
			t.Errorf("%d open intents, want the one of day 2", len(intents))
		}
		for id, want := range map[string]bool{"held on day 6": false, "held on day 7": true, "held on day 9": true} {
			if _, found, err := db.Hold(t.Context(), id); found != want || err != nil {
				t.Errorf("%s: found %v, want %v, error %v", id, found, want, err)
			}
		}
	})
}
