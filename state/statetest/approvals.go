package statetest

import (
	"testing"
	"time"

	dirsync "duosync/sync"
)

// later is when the approvals of most tests end.
var later = noon.Add(time.Hour)

// holding makes what one guard holds of some operations.
func holding(guard string, ops ...*dirsync.Op) dirsync.Hold {
	h := dirsync.Hold{Guard: guard, Affected: len(ops), Total: 10}
	for _, op := range ops {
		h.Keys = append(h.Keys, op.Key())
	}
	return h
}

// use begins a run that carries out approvals, and intends these operations.
func (b *bed) use(run string, ids []string, ops ...*dirsync.Op) dirsync.Journal {
	b.t.Helper()
	j := b.begin(run)
	b.must(j.Use(b.t.Context(), ids))
	b.intend(j, noon, ops...)
	return j
}

// hold fails the test unless there is something to approve under id.
func (b *bed) hold(id string) dirsync.Approval {
	b.t.Helper()
	a, found, err := b.Hold(b.t.Context(), id)
	b.must(err)
	if !found {
		b.t.Fatalf("%s is not found", id)
	}
	return *a
}

// used fails the test unless what was approved under id is used up.
func (b *bed) used(id string) {
	b.t.Helper()
	if _, found, err := b.Hold(b.t.Context(), id); found || err == nil || dirsync.Hint(err) == "" {
		b.t.Errorf("%s is used up: found %v, error %v", id, found, err)
	}
	if err := b.Approve(b.t.Context(), dirsync.Approval{ID: id, Until: later}); err == nil {
		b.t.Errorf("%s is used up, and was approved again", id)
	}
	if revoked, err := b.Revoke(b.t.Context(), id, "bob"); revoked || err != nil {
		b.t.Errorf("%s is used up: revoked %v, error %v", id, revoked, err)
	}
}

func finish(outcome string, used ...string) dirsync.RunEnd {
	return dirsync.RunEnd{Finished: noon, Outcome: outcome, Used: used}
}

func testApprovalOnce(t *testing.T, open Opener) {
	b := newBed(t, open)
	given := filled[dirsync.Approval](1)
	given.ID, given.Until, given.By = "a1", later, "alice"
	exact := dirsync.Approval{ID: "a2", Until: noon.Add(time.Minute)} // Holds is nil
	b.must(b.Approve(t.Context(), exact))
	b.must(b.Approve(t.Context(), given))
	b.reopen()
	got := b.approvals(noon)
	equal(t, "approvals", []dirsync.Approval{given, exact}, got)
	if len(got) == 2 && got[1].Holds != nil {
		t.Error("an approval of the very same operations came back as one of none")
	}

	j := b.begin("first")
	if err := j.Use(t.Context(), []string{"a1", "unknown"}); err == nil {
		t.Error("an approval was used that was never given")
	}
	b.must(j.Finish(t.Context(), finish("failed")))
	equal(t, "approvals after a failed use", 2, len(b.approvals(noon)))

	j = b.use("second", []string{"a1"})
	b.must(j.Use(t.Context(), nil))
	b.must(j.Use(t.Context(), []string{"a1"})) // it is noted already
	equal(t, "approvals while one is used", 2, len(b.approvals(noon)))
	b.must(j.Finish(t.Context(), finish("applied", "a1")))
	equal(t, "approvals after one was used up", []dirsync.Approval{exact}, b.approvals(noon))
	b.used("a1")
	if err := b.begin("third").Use(t.Context(), []string{"a1"}); err == nil {
		t.Error("an approval was used twice")
	}
}

func testApprovalExpires(t *testing.T, open Opener) {
	b := newBed(t, open)
	b.must(b.Approve(t.Context(), dirsync.Approval{ID: "a", Until: noon}))
	equal(t, "just before", 1, len(b.approvals(noon.Add(-time.Nanosecond))))
	equal(t, "at its end", 0, len(b.approvals(noon)))
	b.must(b.Approve(t.Context(), dirsync.Approval{ID: "a", Until: later}))
	equal(t, "given anew", 1, len(b.approvals(noon)))
}

// A run that broke off has done a part, and what it did not get to stays approved.
func testBrokenOff(t *testing.T, open Opener) {
	b := newBed(t, open)
	full := filled[dirsync.Op](1)
	full.Source = "z"
	x, y, z := op(dirsync.Disable, "x"), op(dirsync.Disable, "y"), &full
	a := dirsync.Approval{ID: "a", Until: later, Holds: []dirsync.Hold{holding("max_remove", x, y, z), holding("scope_changed", y, x)}}
	other := dirsync.Approval{ID: "b", Until: later, Holds: []dirsync.Hold{holding("max_enable", x)}}
	b.must(b.Approve(t.Context(), a))
	b.must(b.Approve(t.Context(), other))

	b.use("killed", []string{"a"})
	b.reopen()
	equal(t, "after a run that intended nothing", []dirsync.Approval{a, other}, b.approvals(noon))

	b.use("killed again", []string{"a"}, op(dirsync.Create, "somebody else"), x)
	b.reopen()
	left := a
	left.Holds = []dirsync.Hold{holding("max_remove", y, z), holding("scope_changed", y)}
	for i := range left.Holds { // the figures tell of what was held
		left.Holds[i].Affected = a.Holds[i].Affected
	}
	equal(t, "what is left, and another approval", []dirsync.Approval{left, other}, b.approvals(noon))
	equal(t, "what is to be approved", left, b.hold("a"))

	j := b.use("stopped by an error", []string{"a"}, z)
	b.must(j.Record(t.Context(), []dirsync.Outcome{{Source: z.Source, Same: true, Note: "refused"}}))
	b.must(j.Finish(t.Context(), finish("failed")))
	left.Holds[0].Keys = left.Holds[1].Keys
	equal(t, "what is left then", left, b.approvals(noon)[0])

	// An approval given anew brings nothing back.
	a.Until = later.Add(time.Hour)
	b.must(b.Approve(t.Context(), a))
	left.Until = a.Until
	equal(t, "what is left when it is approved once more", left, b.approvals(noon)[0])

	b.must(b.use("last", []string{"a"}, y).Finish(t.Context(), finish("applied", "a")))
	equal(t, "approvals in the end", []dirsync.Approval{other}, b.approvals(noon))
	b.used("a")
}

func testBrokenOffExact(t *testing.T, open Opener) {
	b := newBed(t, open)
	a := dirsync.Approval{ID: "a", Until: later}
	b.must(b.Approve(t.Context(), a))
	b.use("killed", []string{"a"})
	b.reopen()
	equal(t, "after a run that intended nothing", []dirsync.Approval{a}, b.approvals(noon))
	j := b.use("killed again", []string{"a"}, op(dirsync.Disable, "x"))
	b.must(j.Use(t.Context(), []string{"a"})) // it is this run's
	b.reopen()
	equal(t, "after one that did", []dirsync.Approval(nil), b.approvals(noon))
	b.used("a")
	if err := b.begin("next").Use(t.Context(), []string{"a"}); err == nil {
		t.Error("an approval of the very operations was used after a part was done")
	}
}

func testSeveralRuns(t *testing.T, open Opener) {
	b := newBed(t, open)
	x, y := op(dirsync.Disable, "x"), op(dirsync.Disable, "y")
	one := dirsync.Approval{ID: "one", Until: later, Holds: []dirsync.Hold{holding("max_remove", x)}}
	two := dirsync.Approval{ID: "two", Until: later, Holds: []dirsync.Hold{holding("max_remove", y)}}
	b.must(b.Approve(t.Context(), one))
	b.must(b.Approve(t.Context(), two))
	b.must(b.use("first", []string{"one", "two"}, x).Finish(t.Context(), finish("partial", "one", "unknown")))
	equal(t, "approvals after the first", []dirsync.Approval{two}, b.approvals(noon))
	b.must(b.use("second", []string{"two"}, y).Finish(t.Context(), finish("applied", "two")))
	equal(t, "approvals after the second", []dirsync.Approval(nil), b.approvals(noon))
}

// The run has read it while it was good, and may have read the directory since.
func testUseExpired(t *testing.T, open Opener) {
	b := newBed(t, open)
	b.must(b.Approve(t.Context(), dirsync.Approval{ID: "a", Until: time.Now().Add(-time.Hour)}))
	b.must(b.use("first", []string{"a"}).Finish(t.Context(), finish("applied", "a")))
	b.used("a")
}

func testRevoke(t *testing.T, open Opener) {
	b := newBed(t, open)
	ahead := time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
	revoke := func(id string, want bool) {
		t.Helper()
		if got, err := b.Revoke(t.Context(), id, "bob"); got != want || err != nil {
			t.Errorf("revoking %s: %v, %v; want %v", id, got, err, want)
		}
	}
	x, y := op(dirsync.Disable, "x"), op(dirsync.Disable, "y")
	held := dirsync.Approval{ID: "h", Holds: []dirsync.Hold{holding("max_remove", x, y)}}
	b.run("held", dirsync.RunEnd{Outcome: "held", Holds: []dirsync.Approval{held}})
	revoke("h", false)
	revoke("unknown", false)
	given := held
	given.Until = ahead
	b.must(b.Approve(t.Context(), given))
	b.use("killed", []string{"h"}, x)
	b.reopen()
	b.must(b.Approve(t.Context(), dirsync.Approval{ID: "old", Until: noon.AddDate(-9, 0, 0)}))
	revoke("old", false)
	revoke("h", true)
	revoke("h", false)
	equal(t, "approvals", []dirsync.Approval(nil), b.approvals(noon))
	if err := b.begin("hasty").Use(t.Context(), []string{"h"}); err == nil {
		t.Error("a run used an approval that was taken back")
	}

	// It can be given again; what was done stays done.
	again := b.hold("h")
	equal(t, "what is left to approve", []string{y.Key()}, again.Holds[0].Keys)
	again.Until = ahead
	b.must(b.Approve(t.Context(), again))
	equal(t, "approvals", []dirsync.Approval{again}, b.approvals(noon))

	// A run that has it under way ends as any other.
	j := b.use("last", []string{"h"}, y)
	revoke("h", true)
	b.must(j.Finish(t.Context(), finish("applied", "h")))
	b.used("h")
}

func testRevokeExact(t *testing.T, open Opener) {
	b := newBed(t, open)
	a := dirsync.Approval{ID: "a", Until: time.Now().Add(time.Hour).UTC()}
	b.must(b.Approve(t.Context(), a))
	revoked, err := b.Revoke(t.Context(), "a", "bob")
	if b.must(err); !revoked {
		t.Error("it was not taken back")
	}
	if _, found, err := b.Hold(t.Context(), "a"); found || err != nil {
		t.Errorf("after it was taken back: found %v, error %v", found, err)
	}
	b.must(b.Approve(t.Context(), a))
	equal(t, "given again", []dirsync.Approval{a}, b.approvals(noon))
}

func testHold(t *testing.T, open Opener) {
	b := newBed(t, open)
	held := dirsync.Approval{ID: "h", Holds: []dirsync.Hold{{Guard: "max_remove", Keys: []string{"k1", "k2"}}}}
	b.run("held", dirsync.RunEnd{Outcome: "held", Holds: []dirsync.Approval{held}})
	b.reopen()
	got := b.hold("h")
	equal(t, "hold", held, got)
	equal(t, "a hold is no approval", []dirsync.Approval(nil), b.approvals(noon))
	j := b.begin("hasty")
	if err := j.Use(t.Context(), []string{"h"}); err == nil {
		t.Error("a hold was used without an approval")
	}

	got.Until = later
	b.must(b.Approve(t.Context(), got))
	equal(t, "approvals", []dirsync.Approval{got}, b.approvals(noon))
}

func testHoldEach(t *testing.T, open Opener) {
	b := newBed(t, open)
	one, two := filled[dirsync.Hold](1), filled[dirsync.Hold](2)
	one.Guard, two.Guard = "max_remove", "min_group"
	all := []dirsync.Approval{
		{ID: "1", Holds: []dirsync.Hold{one}}, {ID: "2", Holds: []dirsync.Hold{two}}, {ID: "12", Holds: []dirsync.Hold{one, two}},
	}
	b.run("held", dirsync.RunEnd{Outcome: "held", Holds: all})
	b.reopen()
	for _, want := range all {
		equal(t, "hold", want, b.hold(want.ID))
	}
	given := all[1]
	given.Until = later
	b.must(b.Approve(t.Context(), given))
	equal(t, "approvals", []dirsync.Approval{given}, b.approvals(noon))
	b.must(b.use("uses it", []string{"2"}).Finish(t.Context(), finish("partial", "2")))
	equal(t, "another guard's hold", all[0], b.hold("1"))
	equal(t, "that of all", all[2], b.hold("12"))
	b.used("2")
}

func testHoldAgain(t *testing.T, open Opener) {
	b := newBed(t, open)
	x := op(dirsync.Disable, "x")
	a := dirsync.Approval{ID: "h", Holds: []dirsync.Hold{holding("max_remove", x)}, Until: later}
	b.must(b.Approve(t.Context(), a))
	j := b.use("uses it", []string{"h"}, x)
	end := finish("held", "h")
	end.Holds = []dirsync.Approval{{ID: "h", Holds: a.Holds}}
	b.must(j.Finish(t.Context(), end))
	equal(t, "approvals", []dirsync.Approval(nil), b.approvals(noon))
	equal(t, "hold", end.Holds[0], b.hold("h")) // with the operation that was done once
}

func testHoldApproved(t *testing.T, open Opener) {
	b := newBed(t, open)
	a := dirsync.Approval{ID: "h", Until: later}
	b.must(b.Approve(t.Context(), a))
	b.run("held all the same", dirsync.RunEnd{Outcome: "held", Holds: []dirsync.Approval{{ID: "h", Holds: []dirsync.Hold{{Keys: []string{"k"}}}}}})
	got := b.approvals(noon)
	equal(t, "approvals", []dirsync.Approval{a}, got)
	if len(got) == 1 && got[0].Holds != nil {
		t.Error("a hold widened an approval that was given")
	}
}

// What was done once, and is held again under the same id, is no longer covered: it
// must be possible to approve it.
func testHoldAfterBrokenOff(t *testing.T, open Opener) {
	b := newBed(t, open)
	x, y := op(dirsync.Disable, "x"), op(dirsync.Disable, "y")
	held := dirsync.Approval{ID: "h", Holds: []dirsync.Hold{holding("max_remove", x, y)}}
	given := held
	given.Until = later
	b.must(b.Approve(t.Context(), given))
	b.must(b.use("broke off", []string{"h"}, x).Finish(t.Context(), finish("failed")))
	b.run("held again", dirsync.RunEnd{Outcome: "held", Holds: []dirsync.Approval{held}})
	equal(t, "approvals", []dirsync.Approval(nil), b.approvals(noon))
	equal(t, "hold", held, b.hold("h"))
	b.must(b.Approve(t.Context(), given))
	equal(t, "approvals of all of it", []dirsync.Approval{given}, b.approvals(noon))
}
