package state_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"duosync/state"
	dirsync "duosync/sync"
)

// What somebody asks for is written down with the name, and what changed nothing is not.
func TestActs(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, fresh func(*testing.T) string) {
		clock := day(1)
		opts := state.Options{CallTime: time.Minute, KeepHistory: 48 * time.Hour, Now: func() time.Time { return clock }}
		db, err := state.Open(t.Context(), fresh(t), opts)
		must(t, err)
		defer closing(t, db)
		for range 2 { // the second time there is nothing to take back
			_, err = db.Resume(t.Context(), "nobody")
			must(t, err)
			_, err = db.Revoke(t.Context(), "a1", "nobody")
			must(t, err)
			_, err = db.Unmark(t.Context(), "DU1", "nobody")
			must(t, err)
		}
		must(t, db.Pause(t.Context(), dirsync.Pause{Since: clock, By: "ann", Reason: "moving\x00"}))
		clock = day(2)
		_, err = db.Resume(t.Context(), "bob")
		must(t, err)
		must(t, db.Approve(t.Context(), dirsync.Approval{ID: "a1", By: "cy", Until: day(9)}))
		_, err = db.Revoke(t.Context(), "a1", "dan")
		must(t, err)
		must(t, db.Mark(t.Context(), dirsync.Mark{User: "DU1", Username: "Zoe", By: "eve", Reason: "left"}))
		_, err = db.Unmark(t.Context(), "DU1", "flo")
		must(t, err)
		want := []state.Act{
			{At: day(2), By: "flo", What: state.ActEnable, About: "Zoe", ActDetails: state.ActDetails{User: "DU1"}},
			{At: day(2), By: "eve", What: state.ActDisable, About: "Zoe", Reason: "left", ActDetails: state.ActDetails{User: "DU1"}},
			{At: day(2), By: "dan", What: state.ActRevoke, About: "a1"},
			{At: day(2), By: "cy", What: state.ActApprove, About: "a1", Reason: "the very operations of a dry run"},
			{At: day(2), By: "bob", What: state.ActResume},
			{At: day(1), By: "ann", What: state.ActPause, Reason: "moving\uFFFD"},
		}
		for limit, want := range map[int][]state.Act{0: want, 2: want[:2]} {
			got, err := db.Acts(t.Context(), limit)
			must(t, err)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("acts (-want +got):\n%s", diff)
			}
		}

		// They go with the history; and a run is somebody's, too.
		j, err := db.Begin(t.Context(), dirsync.RunStart{ID: "run", Started: day(4), Binding: account, By: "gil"})
		must(t, err)
		must(t, j.Finish(t.Context(), dirsync.RunEnd{Finished: day(4), Outcome: dirsync.OutcomeApplied}))
		left, err := db.Acts(t.Context(), 0)
		must(t, err)
		if diff := cmp.Diff(want[:5], left); diff != "" {
			t.Errorf("acts that are left (-want +got):\n%s", diff)
		}
		runs, err := db.Runs(t.Context(), 0)
		must(t, err)
		run, _, err := db.Run(t.Context(), "run")
		must(t, err)
		if len(runs) != 1 || runs[0].By != "gil" || run.By != "gil" {
			t.Errorf("the run is by %q, %q", runs[0].By, run.By)
		}
	})
}
