package guard

import (
	"cmp"
	"maps"
	"slices"

	dirsync "duosync/sync"
	"duosync/sync/assembly"
	"duosync/sync/printed"
)

// above reports whether n persons of a total are more than a limit, and the floor, allow.
func (w *weighing) above(limit dirsync.Limit, n, total int) bool {
	return limit.Above(n, total) && n > w.Policy.Limits.Floor
}

// maximum holds operations where they are too many, of the persons that are ours and
// active, and gives the entry that it adds; nil: the limit is off.
func (w *weighing) maximum(name string, limit dirsync.Limit, match func(*dirsync.Op) assembly.Part) *dirsync.Guard {
	if limit.Off {
		return nil
	}
	total := w.State.Active
	ops, n := w.collect(match, false)
	g := dirsync.Guard{Name: name, Limit: limit.String(), Affected: n, Total: total, Held: w.above(limit, n, total), Partial: true, Ops: ops}
	if g.Held {
		g.Ops = w.takeOut(ops, match)
	}
	w.add(g)
	return &w.Guards[len(w.Guards)-1]
}

// raises reports whether an operation lets people in who were not let in, or not
// without a second factor.
func raises(o *dirsync.Op) bool {
	c := o.Change(dirsync.FieldStatus)
	return o.Action == dirsync.Enable || o.Action == dirsync.Restore || c != nil && (c.After == dirsync.StatusBypass || o.Action == dirsync.Adopt && c.After == dirsync.StatusActive)
}

// letsIn reports whether an operation lets somebody log in who could not before.
func letsIn(o *dirsync.Op) bool {
	return raises(o) || (o.Action == dirsync.Create || o.Action == dirsync.Recreate) && o.After()[dirsync.FieldStatus] != dirsync.StatusDisabled
}

// disables reports whether an adoption disables the user.
func disables(o *dirsync.Op) bool {
	return o.Action == dirsync.Adopt && o.After()[dirsync.FieldStatus] == dirsync.StatusDisabled
}

// enables gives what of an operation lets people in who were not let in: also that
// somebody leaves a group whose members Duo does not let in.
func (w *weighing) enables(o *dirsync.Op) (p assembly.Part) {
	p.Whole = raises(o) && o.Action != dirsync.Update
	if raises(o) {
		p.Fields = []string{dirsync.FieldStatus}
	}
	for _, m := range o.Leaves {
		if w.Groups.Status[m.ID] == dirsync.StatusDisabled {
			p.Leaves = append(p.Leaves, m)
		}
	}
	return p
}

// maxUpdate weighs what updates take, and all else that they change, apart: neither
// holds the other. The second entry is always there.
func maxUpdate(w *weighing) {
	limit := w.Policy.Limits.MaxUpdate
	if taken := w.maximum(dirsync.GuardMaxUpdate, limit, w.taken); taken != nil {
		if taken.Detail = "what is taken: groups, phones, aliases and bypass"; taken.Affected == 0 {
			w.Guards = w.Guards[:len(w.Guards)-1]
		}
	}
	w.maximum(dirsync.GuardMaxUpdate, limit, w.changedOtherwise)
}

// taken gives what an update takes. What counts as enabling is none of it.
func (w *weighing) taken(o *dirsync.Op) (p assembly.Part) {
	if o.Action != dirsync.Update {
		return p
	}
	if o.EndsBypass() {
		p.Fields = []string{dirsync.FieldStatus}
	}
	gives := w.enables(o).Leaves
	p.Leaves = slices.DeleteFunc(slices.Clone(o.Leaves), func(m dirsync.Membership) bool { return slices.Contains(gives, m) })
	p.Takes = slices.ContainsFunc(o.Phones, func(s dirsync.PhoneStep) bool { return s.Do == dirsync.PhoneRemove })
	if c := o.Change(dirsync.FieldAliases); c != nil && len(dirsync.Without(dirsync.Items(c.Before), dirsync.Items(c.After))) > 0 {
		p.Takes = true
	}
	return p
}

// changedOtherwise gives what an update changes and does not take. An adoption counts
// with it, unless it disables, which is a removal.
func (w *weighing) changedOtherwise(o *dirsync.Op) (p assembly.Part) {
	if o.Action == dirsync.Adopt { // one's own user under a new id is no change, but for its fields
		return assembly.Part{Whole: !disables(o) && (o.From == "" || len(o.Changes) > 0)}
	}
	if o.Action != dirsync.Update {
		return p
	}
	for _, c := range o.Changes {
		if !dirsync.IsList(c.Field) && !(c.Field == dirsync.FieldStatus && (raises(o) || o.EndsBypass())) {
			p.Fields = append(p.Fields, c.Field)
		}
	}
	p.Joins = o.Joins
	p.Gives = slices.ContainsFunc(o.Phones, func(s dirsync.PhoneStep) bool { return s.Do != dirsync.PhoneRemove })
	if c := o.Change(dirsync.FieldAliases); c != nil && len(dirsync.Without(dirsync.Items(c.After), dirsync.Items(c.Before))) > 0 {
		p.Gives = true
	}
	return p
}

// maxRemove holds the whole run where too much is taken from too many persons.
func maxRemove(w *weighing) {
	limit := w.Policy.Limits.MaxRemove
	if limit.Off || w.Asked.Only {
		return
	}
	ops, n := w.collect(whole(func(o *dirsync.Op) bool {
		return (o.Removes() || disables(o)) && (o.Missing == nil || !o.Missing.Approved)
	}), false)
	w.add(dirsync.Guard{Name: dirsync.GuardMaxRemove, Limit: limit.String(), Affected: n, Total: w.State.Active, Held: w.above(limit, n, w.State.Active), Ops: ops})
}

// minSource holds the whole run when the directory has lost too many people since the
// last good run. Whom an exclusion leaves alone is not lost, and neither is anybody whom
// another guard holds by name.
func minSource(w *weighing) {
	limit := w.Policy.Limits.MinSource
	if limit.Off || w.Before == nil || w.Asked.Only {
		return
	}
	had, now := w.sightedThenAndNow()
	lost := max(had-now, 0)
	ops, _ := w.collect(whole((*dirsync.Op).Removes), false)
	g := dirsync.Guard{Name: dirsync.GuardMinSource, Limit: limit.String(), Affected: lost, Total: had,
		Held: limit.Below(now, had) && lost > w.Policy.Limits.Floor, Ops: ops, Hold: dirsync.Hold{Count: now}}
	other := slices.ContainsFunc(w.Policy.Directories.Names(), func(name string) bool { return w.Policy.OtherScope(w.Before, name) })
	if other && len(w.scopeWho) == 0 && !g.Held {
		return
	}
	w.add(g)
}

// sightedThenAndNow is how many the last good run sighted of the directories that are read, and
// how many are there of them. What one has lost is not made up for by what another
// has gained; and of one that was taken out nobody is lost, for it can't be asked.
func (w *weighing) sightedThenAndNow() (then, now int) {
	if !w.Policy.Directories.Named() {
		return cmp.Or(w.Before.Sighted, w.Before.InScope), w.sighted(true)
	}
	for _, name := range w.Policy.Directories.Names() {
		ref, _ := w.Before.Of(name)
		had := cmp.Or(ref.Sighted, ref.InScope)
		then, now = then+had, now+min(had, w.sightedOf(name, true))
	}
	return then, now
}

// minSourceEach holds what follows from a directory, one of several, that has lost too many
// people: that they are missing.
func minSourceEach(w *weighing) {
	limit := w.Policy.Limits.MinSource
	if limit.Off || w.Before == nil || w.Asked.Only || len(w.Reads) < 2 {
		return
	}
	for _, read := range w.Reads {
		name := read.Info.Directory
		ref, known := w.Before.Of(name)
		if !known {
			continue
		}
		had, now := ref.Sighted, w.sightedOf(name, true)
		lost := max(had-now, 0)
		if !limit.Below(now, had) || lost <= w.Policy.Limits.Floor {
			continue
		}
		ops, _ := w.collect(whole(func(o *dirsync.Op) bool {
			return o.Missing != nil && w.Policy.Directories.Of(o.Source) == name || w.mover(o, name) != nil
		}), true)
		g := dirsync.Guard{Name: dirsync.GuardMinSource, About: dirsync.About{Directory: name}, Limit: limit.String(), Affected: lost, Total: had, Held: true, Partial: true, Ops: ops,
			Hold: dirsync.Hold{Count: now}}
		if len(ops) == 0 { // yet their removal counts no step
			for _, p := range w.People {
				if p.Wanted == nil && w.Policy.Directories.Of(p.ID) == name {
					g.Hold.People = append(g.Hold.People, p.ID)
				}
			}
		}
		w.add(g)
	}
}

// groupFloor is from how many members on a group's loss is weighed.
const groupFloor = 10

// groupLoss holds what takes too many of its members from a mirrored group.
func groupLoss(w *weighing) {
	limit := w.Policy.Limits.MaxGroupLoss
	if limit.Off {
		return
	}
	names := map[string]string{} // by the group's key
	for _, o := range w.Plan.Ops() {
		for _, m := range o.Leaves {
			if key := w.Groups.key(m); names[key] == "" {
				names[key] = m.Name
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(names)) {
		match := func(o *dirsync.Op) (p assembly.Part) {
			for _, m := range o.Leaves {
				if w.Groups.key(m) == key {
					p.Leaves = append(p.Leaves, m)
				}
			}
			return p
		}
		ops, n := w.collect(match, false)
		total := w.members(key) + n
		if n == 0 || total < groupFloor {
			continue
		}
		g := dirsync.Guard{Name: dirsync.GuardMaxGroupLoss, About: dirsync.About{Group: names[key]}, Limit: limit.String(), Affected: n, Total: total, Partial: true,
			Held: w.above(limit, n, total), Ops: ops}
		if g.Held {
			g.Ops = w.takeOut(ops, match)
		}
		w.add(g)
	}
}

// groupDeletes holds deletions of groups, with which Duo's policies for them go. One
// may always go.
func groupDeletes(w *weighing) {
	limit := w.Policy.Limits.MaxGroupDelete
	ops, n := w.collect(isAction(dirsync.GroupDelete), false)
	if limit.Off || n == 0 {
		return
	}
	total := w.Groups.Links
	w.add(dirsync.Guard{Name: dirsync.GuardMaxGroupDelete, Limit: limit.String(), Affected: n, Total: total, Held: limit.Above(n, total) && n > 1, Partial: true, Ops: ops})
}

// stateLost holds every creation when the snapshot is empty while Duo already holds
// most of the names: the state was lost, or belongs elsewhere.
func stateLost(w *weighing) {
	n, wanted := w.State.Strangers, w.inScope()
	if w.State.Links > 0 || n == 0 {
		return
	}
	w.add(dirsync.Guard{Name: dirsync.GuardStateLost, Limit: "50%", Affected: n, Total: wanted, Remedy: printed.Command(w.Asked.Flags, "rebuild"),
		Held: 2*n > wanted && n > w.Policy.Limits.Floor && !w.Policy.Adopts && !(w.Asked.Adopt && w.Asked.Only), Ops: w.Plan.Ops()})
}
