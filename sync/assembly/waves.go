package assembly

import (
	"cmp"
	"slices"

	dirsync "duosync/sync"
)

// Plan orders operations into waves: disables first, for a leaver must not
// wait behind 10,000 creations; then the groups that people are put into, and who
// comes out of the Trash to give a name up; then updates, in which a name is freed
// before another one claims it; then what adds users, what needed all that, and
// mails; removals for good last.
func Plan(ops []*dirsync.Op) *dirsync.Plan {
	var first, groups, updates, additions, late, mails, last, orphans []*dirsync.Op
	for _, op := range ops {
		switch {
		case op.Action == dirsync.Disable, op.Action == dirsync.Adopt && op.After()[dirsync.FieldStatus] == dirsync.StatusDisabled:
			first = append(first, op)
		case op.Action == dirsync.GroupCreate, op.Action == dirsync.GroupUpdate:
			groups = append(groups, op)
		case op.Late:
			late = append(late, op)
		case op.Action == dirsync.Update, op.Action == dirsync.Enable:
			updates = append(updates, op)
		case op.Action == dirsync.Create, op.Action == dirsync.Recreate, op.Action == dirsync.Restore, op.Action == dirsync.Adopt:
			additions = append(additions, op)
		case op.Action == dirsync.EnrollMail:
			mails = append(mails, op)
		case op.Action == dirsync.GroupDelete, op.Action == dirsync.PhoneDelete:
			orphans = append(orphans, op)
		default:
			last = append(last, op)
		}
	}
	back, updates, additions, split := backFirst(updates, additions)
	late = append(late, split...)
	freed, updates, split := splitAliases(updates, additions)
	late = append(late, split...)
	plan := &dirsync.Plan{}
	waves := append([][]*dirsync.Op{first, groups, back, freed}, renames(updates)...)
	for _, wave := range append(waves, additions, late, mails, last, orphans) {
		if len(wave) == 0 {
			continue
		}
		slices.SortFunc(wave, func(a, b *dirsync.Op) int {
			return cmp.Or(cmp.Compare(dirsync.FoldName(a.Username), dirsync.FoldName(b.Username)), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Action, b.Action))
		})
		plan.Waves = append(plan.Waves, wave)
	}
	return plan
}

// backFirst takes from additions the restores that give up a name which somebody
// takes in this plan: they come before all updates, and what they change of names
// and phones is an operation of its own, in its place among the others.
func backFirst(updates, additions []*dirsync.Op) (back, all, rest, late []*dirsync.Op) {
	claimed := map[string]bool{}
	for _, op := range slices.Concat(updates, additions) {
		for _, name := range op.Claims() {
			claimed[name] = true
		}
	}
	all = updates
	for _, op := range additions {
		if op.Action != dirsync.Restore || !dirsync.AnyFolded(op.Gives(), claimed) {
			rest = append(rest, op)
			continue
		}
		back = append(back, op)
		all = append(all, split(op, dirsync.FieldUsername, dirsync.FieldAliases))
		if len(op.Phones) > 0 {
			half := split(op, dirsync.FieldPhones)
			half.Late, half.Phones, op.Phones = true, op.Phones, nil
			joinSharers(half, additions)
			late = append(late, half)
		}
	}
	return back, all, rest, late
}

// joinSharers has an operation, which comes later than was thought, attach the phones
// that it would have made first and others share.
func joinSharers(o *dirsync.Op, others []*dirsync.Op) {
	shared := map[string]bool{}
	for _, other := range others {
		for _, s := range other.Phones {
			shared[s.Text()] = shared[s.Text()] || s.Share
		}
	}
	for i := range o.Phones {
		if s := &o.Phones[i]; s.Do == dirsync.PhoneMake && shared[s.Text()] {
			s.Share, s.Ours = true, true
		}
	}
}

// splitAliases takes from updates what must come before or after them: an alias
// that somebody takes in this plan is given up first, and one that was somebody's
// username is added last.
func splitAliases(updates, additions []*dirsync.Op) (freed, rest, late []*dirsync.Op) {
	claimed, formerNames := map[string]bool{}, map[string]bool{}
	for _, op := range slices.Concat(updates, additions) {
		for _, name := range op.Claims() {
			claimed[name] = true
		}
		if op.Renames() {
			formerNames[dirsync.FoldName(op.Username)] = true
		}
	}
	for _, op := range updates {
		c := op.Change(dirsync.FieldAliases)
		if c == nil {
			rest = append(rest, op)
			continue
		}
		before, after := dirsync.Items(c.Before), dirsync.Items(c.After)
		dropped, added := dirsync.Without(before, after), dirsync.Without(after, before)
		if dirsync.AnyFolded(dropped, claimed) {
			half := UpdateOf(op, dirsync.Change{Field: dirsync.FieldAliases, Before: c.Before, After: dirsync.ListOf(dirsync.Without(before, dropped))},
				"gives up an alias that somebody takes in this run")
			freed = append(freed, half)
			c.Before = half.Changes[0].After
			asked, ours := op.Asked[dirsync.FieldAliases]
			switch {
			case len(added) == 0:
				op.Drop(dirsync.FieldAliases)
			case ours:
				asked = dirsync.ListOf(intersect(dirsync.Items(asked), dirsync.Items(c.Before)))
			}
			if ours {
				half.Asked[dirsync.FieldAliases] = asked
			}
		}
		if dirsync.AnyFolded(added, formerNames) {
			half := UpdateOf(op, *c, op.Reason)
			half.Late, half.Username = true, op.Name()
			if asked, ok := op.Asked[dirsync.FieldAliases]; ok {
				half.Asked[dirsync.FieldAliases] = asked
			}
			late = append(late, half)
			op.Drop(dirsync.FieldAliases)
		}
		if len(op.Changes) > 0 {
			rest = append(rest, op)
		}
	}
	return freed, rest, late
}
