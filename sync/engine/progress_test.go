package engine

import (
	"slices"
	"testing"

	dirsync "duosync/sync"
)

// TestPeopleAhead counts people, whatever becomes of how many of their operations.
func TestPeopleAhead(t *testing.T) {
	op := func(of dirsync.SourceID, group bool) *dirsync.Operation {
		o := &dirsync.Operation{Op: &dirsync.Op{Source: of}, Result: dirsync.ResultPlanned}
		if group {
			o.Group = &dirsync.GroupLink{}
		}
		return o
	}
	ann, anns, bob, eve, staff := op("ann", false), op("ann", false), op("bob", false), op("eve", false), op("staff", true)
	all := []*dirsync.Op{ann.Op, staff.Op, bob.Op, eve.Op}
	ops := append(slices.Clone(all), anns.Op)
	a := peopleOf(ops, severalOf(ops))
	check := func(done int) {
		t.Helper()
		if a.done() != done || a.total != 3 {
			t.Errorf("%d of %d, want %d of 3", a.done(), a.total, done)
		}
	}
	check(0)
	a.without(all, []*dirsync.Op{ann.Op, staff.Op, eve.Op}) // bob's operation has become senseless
	check(1)
	for range 2 { // an operation of two tries counts once
		a.passed(ann).Result = dirsync.ResultApplied
		check(1)
	}
	a.passed(staff).Result = dirsync.ResultApplied
	a.passed(eve).Result = dirsync.ResultFailed
	check(2)
	a.passed(anns)
	check(3)
}
