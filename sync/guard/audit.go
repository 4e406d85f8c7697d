package guard

import (
	"slices"

	dirsync "duosync/sync"
	"duosync/sync/assembly"
)

// unaudited holds what gives somebody something while the audit file, which is required, can't
// be written. What takes goes on, and no limit weighs what is held.
func unaudited(w *weighing) {
	if w.Asked.Unaudited == nil {
		return
	}
	ops, _ := w.collect(w.gives, true)
	if len(ops) == 0 {
		return
	}
	g := Unaudited(w.Asked.Unaudited)
	g.Affected, g.Total, g.Ops = len(sourcesOf(ops)), len(sourcesOf(w.Plan.Ops())), w.takeOut(ops, w.gives)
	w.addAside(g)
}

// Unaudited is the entry of the guard that holds for a reason why the audit file can't be
// written.
func Unaudited(why error) dirsync.Guard {
	remedy := dirsync.Hint(why)
	if remedy == "" {
		remedy = "Make audit.file writable again."
	}
	return dirsync.Guard{Name: dirsync.GuardAudit, Held: true, Partial: true, Detail: why.Error(), Remedy: remedy}
}

// gives is what of an operation gives, or changes otherwise: all that takes nothing.
func (w *weighing) gives(o *dirsync.Op) (p assembly.Part) {
	switch {
	case o.Removes(), disables(o), o.Action == dirsync.PhoneDelete, o.Action == dirsync.GroupDelete:
		return p
	case o.Action != dirsync.Update:
		return assembly.Part{Whole: true}
	}
	p = w.changedOtherwise(o)
	if raises(o) {
		p.Fields = append(p.Fields, dirsync.FieldStatus)
	}
	p.Leaves = w.enables(o).Leaves
	return p
}

// Gives reports whether an operation of a plan that was weighed gives, or changes otherwise: none
// does both, and takes, too. status gives the status of a group of Duo's, by id.
func Gives(o *dirsync.Op, status func(group string) string) bool {
	switch {
	case o.Marked:
		return false
	case o.Removes(), disables(o), o.Action == dirsync.PhoneDelete, o.Action == dirsync.GroupDelete:
		return false
	}
	freeing := slices.ContainsFunc(o.Leaves, func(m dirsync.Membership) bool { return status(m.ID) == dirsync.StatusDisabled })
	return freeing || !o.TakesAway()
}
