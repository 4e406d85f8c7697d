package engine

import (
	"slices"
	"testing"

	dirsync "duosync/sync"
	"duosync/sync/assembly"
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
	a := assembly.NewAhead(ops, severalOf(ops))
	check := func(done int) {
		t.Helper()
		if a.Done() != done || a.Total() != 3 {
			t.Errorf("%d of %d, want %d of 3", a.Done(), a.Total(), done)
		}
	}
	check(0)
	a.Without(all, []*dirsync.Op{ann.Op, staff.Op, eve.Op}) // bob's operation has become senseless
	check(1)
	for range 2 { // an operation of two tries counts once
		a.Passed(ann).Result = dirsync.ResultApplied
		check(1)
	}
	a.Passed(staff).Result = dirsync.ResultApplied
	a.Passed(eve).Result = dirsync.ResultFailed
	check(2)
	a.Passed(anns)
	check(3)
}
