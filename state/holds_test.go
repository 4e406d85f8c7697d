package state_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"duosync/state"
	dirsync "duosync/sync"
)

func TestHolds(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, fresh func(*testing.T) string) {
		db := open(t, fresh(t))
		defer closing(t, db)
		held := func(id string, ops ...*dirsync.Op) dirsync.Approval {
			h := dirsync.Hold{Guard: "max_remove", Affected: len(ops)}
			for _, op := range ops {
				h.Keys = append(h.Keys, op.Key())
			}
			return dirsync.Approval{ID: id, Holds: []dirsync.Hold{h}}
		}
		run := func(n int, used []string, holds ...dirsync.Approval) {
			t.Helper()
			j := begin(t, db, fmt.Sprint("day ", n))
			must(t, j.Use(t.Context(), used))
			must(t, j.Finish(t.Context(), dirsync.RunEnd{Finished: day(n), Outcome: "held", Holds: holds, Used: used}))
		}
		approve := func(a dirsync.Approval, until time.Time) dirsync.Approval {
			t.Helper()
			a.Until = until
			must(t, db.Approve(t.Context(), a))
			return a
		}
		x, y := create("x")[0], create("y")[0]
		old, begun, used, expired, fine := held("old", x), held("begun", x, y), held("used", x), held("expired", x), held("fine", x)
		run(1, nil, old, begun)
		run(2, nil, used, expired)
		run(3, nil, fine)
		begun = approve(begun, day(9))
		approve(used, day(9))
		approve(expired, day(4))
		fine = approve(fine, day(9))
		approve(dirsync.Approval{ID: "dry"}, day(9))
		run(4, []string{"used"})
		killed := begin(t, db, "killed")
		must(t, killed.Use(t.Context(), []string{"begun", "dry"}))
		intend(t, killed, []*dirsync.Op{x}, day(5))
		begun.Holds[0].Keys = begun.Holds[0].Keys[1:]

		got, err := db.Holds(t.Context(), day(5))
		must(t, err)
		want := []state.Held{{fine, day(3)}, {expired, day(2)}, {begun, day(1)}, {old, day(1)}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("what was held (-want +got):\n%s", diff)
		}
	})
}

// History forgets no run on which it hangs what is left of an approval.
func TestRunsOfApprovalsAreKept(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, fresh func(*testing.T) string) {
		db, err := state.Open(t.Context(), fresh(t), state.Options{CallTime: time.Minute, KeepHistory: 48 * time.Hour})
		must(t, err)
		defer closing(t, db)
		x, y := create("x")[0], create("y")[0]
		must(t, db.Approve(t.Context(), dirsync.Approval{ID: "a", Until: day(20), Holds: []dirsync.Hold{{Keys: []string{x.Key(), y.Key()}}}}))
		start := func(n int) dirsync.Journal {
			j, err := db.Begin(t.Context(), dirsync.RunStart{ID: fmt.Sprint("day ", n), Started: day(n), Binding: account})
			must(t, err)
			return j
		}
		j := start(1)
		must(t, j.Use(t.Context(), []string{"a"}))
		intend(t, j, []*dirsync.Op{x}, day(1))
		must(t, j.Record(t.Context(), []dirsync.Outcome{{Source: "x", Same: true}}))
		must(t, j.Finish(t.Context(), dirsync.RunEnd{Finished: day(1), Outcome: "failed"}))
		after := func(n int, want ...string) {
			t.Helper()
			must(t, start(n).Finish(t.Context(), dirsync.RunEnd{Finished: day(n), Outcome: "applied"}))
			runs, err := db.RunIDs(t.Context(), "", 10)
			must(t, err)
			if !slices.Equal(runs, want) {
				t.Errorf("runs %q, want %q", runs, want)
			}
		}
		after(10, "day 10", "day 1")
		left, err := db.Approvals(t.Context(), day(10))
		must(t, err)
		if len(left) != 1 || !slices.Equal(left[0].Holds[0].Keys, []string{y.Key()}) {
			t.Errorf("approvals %v, want what is left of one", left)
		}
		after(25, "day 25")
	})
}

func TestMarksBesideARun(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, fresh func(*testing.T) string) {
		dsn := fresh(t)
		db := open(t, dsn)
		defer closing(t, db)
		j := begin(t, db, "first")
		beside, err := state.OpenBeside(t.Context(), dsn, state.Options{})
		must(t, err)
		defer closing(t, beside)
		must(t, beside.Mark(t.Context(), dirsync.Mark{User: "DU1", Username: "A", Since: day(1)}))
		may, err := j.Intend(t.Context(), slices.Concat(create("a"), create("b")), day(1))
		must(t, err)
		if len(may) != 1 || may[0].Source != "b" {
			t.Errorf("operations that may be sent: %v, want that of b", may)
		}
		marked, err := beside.Unmark(t.Context(), "DU1", "bob")
		if err != nil || !marked {
			t.Errorf("unmark: %v, %v", marked, err)
		}
		intend(t, j, create("a"), day(1))
	})
}
