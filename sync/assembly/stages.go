package assembly

import (
	"slices"

	dirsync "duosync/sync"
)

// Separate parts each update into what it takes, what it changes of fields and names,
// and what it gives: one operation takes or gives, never both, and what takes waits for
// nothing, nor do the aliases and the rest of it for each other. Leaving a group gives where letsIn says that its members are not let in by
// Duo. A phone of ours for which a new one is given goes after that.
func Separate(ops []*dirsync.Op, letsIn func(dirsync.Membership) bool) []*dirsync.Op {
	var all []*dirsync.Op
	for _, o := range ops {
		if o.Action != dirsync.Update || o.Blocked != "" || o.Stage == dirsync.StageLate {
			all = append(all, o)
			continue
		}
		all = appendChanges(all, append(separated(o, letsIn), o)...)
	}
	return all
}

// appendChanges appends the operations that change something.
func appendChanges(ops []*dirsync.Op, more ...*dirsync.Op) []*dirsync.Op {
	return append(ops, slices.DeleteFunc(more, func(o *dirsync.Op) bool { return len(o.Changes) == 0 })...)
}

// separated takes out of an update all but its fields and names.
func separated(o *dirsync.Op, letsIn func(dirsync.Membership) bool) []*dirsync.Op {
	stage := func(s dirsync.Stage) *dirsync.Op {
		part := UpdateOf(o, dirsync.Change{}, o.Reason)
		part.Changes, part.Stage = nil, s
		if s != dirsync.StageTakes { // a rename has come before
			part.Username = o.Name()
		}
		return part
	}
	removes := func(s dirsync.PhoneStep) bool { return s.Do == dirsync.PhoneRemove }
	takes, gives, replace := stage(dirsync.StageTakes), stage(dirsync.StageGives), stage(dirsync.StageReplace)
	names := stage(dirsync.StageTakes)  // a call that may be refused keeps no one in a group
	bypass := stage(dirsync.StageTakes) // nor anybody without a second factor
	if o.EndsBypass() {
		MoveField(bypass, o, dirsync.FieldStatus)
	}
	MoveGroups(takes, o, nil, slices.DeleteFunc(slices.Clone(o.Leaves), letsIn), true)
	MoveGroups(gives, o, o.Joins, o.Leaves, false)
	moveAliases(names, o, &Part{Takes: true}, true)
	if slices.ContainsFunc(o.Phones, func(s dirsync.PhoneStep) bool { return !removes(s) }) {
		movePhones(gives, o, func(s dirsync.PhoneStep) bool { return !removes(s) }, true)
		movePhones(replace, o, removes, false)
	} else {
		movePhones(takes, o, removes, true)
	}
	return []*dirsync.Op{bypass, takes, names, gives, replace}
}
