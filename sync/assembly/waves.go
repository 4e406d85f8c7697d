package assembly

import (
	"cmp"
	"slices"

	dirsync "duosync/sync"
)

// Plan orders operations into waves: disables first, for a leaver must not wait behind
// 10,000 creations, and what is taken; then the groups that people are put into, and who
// comes out of the Trash to give a name up; then updates, in which a name is freed
// before another one claims it; then what adds users, what is given, the phones that
// were replaced, what needed all that, and mails; removals for good last.
func Plan(ops []*dirsync.Op) *dirsync.Plan {
	var first, takes, groups, updates, additions, gives, replace, late, mails, last, orphans []*dirsync.Op
	for _, op := range ops {
		switch {
		case op.Action == dirsync.Disable, op.Action == dirsync.Adopt && op.After()[dirsync.FieldStatus] == dirsync.StatusDisabled:
			first = append(first, op)
		case op.Action == dirsync.GroupCreate, op.Action == dirsync.GroupUpdate:
			groups = append(groups, op)
		case op.Stage == dirsync.StageTakes:
			takes = append(takes, op)
		case op.Stage == dirsync.StageGives:
			gives = append(gives, op)
		case op.Stage == dirsync.StageReplace:
			replace = append(replace, op)
		case op.Stage == dirsync.StageLate:
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
	back, freed, updates, additions, given := backFirst(updates, additions)
	for _, op := range given {
		if op.Stage == dirsync.StageReplace {
			replace = append(replace, op)
		} else {
			gives = append(gives, op)
		}
	}
	updates, split := aliasesLast(updates, additions)
	late = append(late, split...)
	plan := &dirsync.Plan{}
	waves := append([][]*dirsync.Op{first, takes, groups, back, freed}, renames(updates)...)
	for _, wave := range append(waves, additions, gives, replace, late, mails, last, orphans) {
		if len(wave) == 0 {
			continue
		}
		slices.SortStableFunc(wave, func(a, b *dirsync.Op) int {
			return cmp.Or(cmp.Compare(dirsync.FoldName(a.Username), dirsync.FoldName(b.Username)), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Action, b.Action))
		})
		plan.Waves = append(plan.Waves, wave)
	}
	return plan
}

// backFirst takes from additions the restores that give up a name which somebody
// takes in this plan: they come before all updates, then the aliases and phones that they
// give up, and what else they change of names and phones is an operation of its own, in
// its place among the others.
func backFirst(updates, additions []*dirsync.Op) (back, freed, all, rest, given []*dirsync.Op) {
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
		names := split(op, dirsync.FieldUsername, dirsync.FieldAliases)
		takes := UpdateOf(names, dirsync.Change{}, names.Reason)
		takes.Changes = nil
		moveAliases(takes, names, &Part{Takes: true}, true)
		if len(op.Phones) > 0 {
			phones := split(op, dirsync.FieldPhones)
			phones.Phones, op.Phones = op.Phones, nil
			for _, part := range appendChanges(nil, separated(phones, nil)...) {
				if part.Stage == dirsync.StageTakes {
					freed = append(freed, part)
					continue
				}
				part.Username = names.Name()
				joinSharers(part, additions)
				given = append(given, part)
			}
		}
		freed, all = appendChanges(freed, takes), appendChanges(all, names)
	}
	return back, freed, all, rest, given
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

// aliasesLast takes from updates the aliases that were somebody's username: they are
// added when the name is free.
func aliasesLast(updates, additions []*dirsync.Op) (rest, late []*dirsync.Op) {
	former := map[string]bool{}
	for _, op := range slices.Concat(updates, additions) {
		if op.Renames() {
			former[dirsync.FoldName(op.Username)] = true
		}
	}
	for _, op := range updates {
		if _, added := items(op.Change(dirsync.FieldAliases)); dirsync.AnyFolded(added, former) {
			half := split(op, dirsync.FieldAliases)
			half.Stage, half.Username, half.Reason = dirsync.StageLate, op.Name(), op.Reason
			late = append(late, half)
		}
		if len(op.Changes) > 0 {
			rest = append(rest, op)
		}
	}
	return rest, late
}
