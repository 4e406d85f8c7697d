package statetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	dirsync "duosync/sync"
)

func (b *bed) marks() []dirsync.Mark {
	b.t.Helper()
	marks, err := b.Marks(b.t.Context())
	b.must(err)
	return marks
}

func testMarks(t *testing.T, open Opener) {
	b := newBed(t, open)
	equal(t, "marks of an empty state", []dirsync.Mark(nil), b.marks())
	full := filled[dirsync.Mark](1)
	full.User, full.Username, full.Lifted = "DU9", "Ärztin", time.Time{}
	upper := dirsync.Mark{User: "DU1", Username: "Bob", Since: noon, Reason: "stolen phone", Before: dirsync.StatusActive}
	lower := dirsync.Mark{User: "DU2", Username: "alice", Since: noon}
	for _, m := range []dirsync.Mark{full, upper, lower} {
		b.must(b.Mark(t.Context(), m))
	}
	b.reopen()
	equal(t, "marks in the order of usernames", []dirsync.Mark{lower, upper, full}, b.marks())

	upper.Username, upper.Reason = "zoe", "another"
	again := upper
	again.Before = dirsync.StatusDisabled // which may be the doing of the first mark
	b.must(b.Mark(t.Context(), again))
	equal(t, "marks after one was replaced", []dirsync.Mark{lower, upper, full}, b.marks())
	for _, want := range []bool{true, false} {
		if got, err := b.Unmark(t.Context(), "DU1", "bob"); got != want || err != nil {
			t.Errorf("unmark: %v, %v; want %v", got, err, want)
		}
	}
	left := b.marks()
	if len(left) != 3 || left[0] != lower || left[1].User != "DU1" || left[1].Stands() || left[2] != full {
		t.Errorf("a lifted mark waits for a run: %+v", left)
	}

	// A run takes away the lifted ones that have done their work, and no others.
	j := b.begin("looks")
	b.must(j.Finish(t.Context(), dirsync.RunEnd{Finished: noon, Outcome: dirsync.OutcomeApplied, Unmarked: []string{"DU1", "DU2", "DU77"}}))
	equal(t, "marks that are left", []dirsync.Mark{lower, full}, b.marks())
}

// A mark without an id would bar all that has none yet.
func testMarkNobody(t *testing.T, open Opener) {
	b := newBed(t, open)
	for _, m := range []dirsync.Mark{{Username: "alice"}, {User: "DU1", Username: " "}} {
		if err := b.Mark(t.Context(), m); err == nil {
			t.Errorf("%+v was taken", m)
		}
	}
	equal(t, "marks", []dirsync.Mark(nil), b.marks())
}

func testBarred(t *testing.T, open Opener) {
	b := newBed(t, open)
	j := b.begin("first")
	enable, disable, other := op(dirsync.Enable, "a"), op(dirsync.Disable, "a"), op(dirsync.Enable, "b")
	enable.User, disable.User, other.User = "DU1", "DU1", "DU2"
	namesake := op(dirsync.Create, "c")
	namesake.Username = " ALICE"
	b.must(b.Mark(t.Context(), dirsync.Mark{User: "DU1", Username: "alice", Since: noon}))
	b.must(b.Mark(t.Context(), dirsync.Mark{User: "DU7", Username: "nobody", Since: noon}))

	may, err := j.Intend(t.Context(), []*dirsync.Op{enable, namesake}, noon)
	b.must(err)
	equal(t, "operations that may be sent when all are barred", []*dirsync.Op(nil), may)
	equal(t, "binding when nothing is sent", (*dirsync.Binding)(nil), b.meta().Binding)
	ops := []*dirsync.Op{enable, disable, namesake, other}
	may, err = j.Intend(t.Context(), ops, noon)
	b.must(err)
	if len(may) != 2 || may[0] != disable || may[1] != other {
		t.Errorf("operations that may be sent: %v, want that which takes and that of another", may)
	}
	equal(t, "the operations that were given", []*dirsync.Op{enable, disable, namesake, other}, ops)
	equal(t, "intents", []string{"disable a", "enable b"}, actions(b.intents()))

	for _, of := range [][]*dirsync.Op{nil, {other}, ops} { // also of what was intended before
		may, err := j.Recheck(t.Context(), of)
		b.must(err)
		equal(t, "operations that may still be sent", slices.DeleteFunc(slices.Clone(of), func(o *dirsync.Op) bool { return o != disable && o != other }), may)
	}
	equal(t, "intents after that", []string{"disable a", "enable b"}, actions(b.intents()))
	_, err = b.Unmark(t.Context(), "DU1", "bob")
	b.must(err)
	b.intend(j, noon, enable, namesake)
}

// What was intended is not sent once writing is paused, and its outcome is taken.
func testPausedMeanwhile(t *testing.T, open Opener) {
	b := newBed(t, open)
	j := b.begin("first")
	sent := op(dirsync.Enable, "a")
	b.intend(j, noon, sent)
	_, err := j.Recheck(t.Context(), []*dirsync.Op{sent})
	b.must(err)
	b.must(b.Pause(t.Context(), dirsync.Pause{Since: noon, Reason: "fire"}))
	for _, ops := range [][]*dirsync.Op{{sent}, nil} {
		if may, err := j.Recheck(t.Context(), ops); !errors.Is(err, dirsync.ErrPaused) || len(may) > 0 {
			t.Errorf("paused: %v may be sent, %v", may, err)
		}
	}
	_, err = b.Resume(t.Context(), "bob")
	b.must(err)
	if _, err := j.Recheck(t.Context(), nil); !errors.Is(err, dirsync.ErrPaused) {
		t.Errorf("the run goes on after the pause: %v", err)
	}
	if _, err := j.Intend(t.Context(), []*dirsync.Op{op(dirsync.Enable, "b")}, noon); !errors.Is(err, dirsync.ErrPaused) {
		t.Errorf("and intends more: %v", err)
	}
	b.must(j.Record(t.Context(), []dirsync.Outcome{{Source: "a", Same: true}}))
	equal(t, "intents", []string(nil), actions(b.intents()))
}
