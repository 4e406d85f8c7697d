package decide

import (
	"slices"

	dirsync "duosync/sync"
)

// Drift compares what Duo holds of a user with what it answered to us last; live is
// nil for one that does not exist any more.
func (r *Rules) Drift(l *dirsync.Link, live *dirsync.Account) []dirsync.Difference {
	var all []dirsync.Difference
	differs := func(field, ours, duo string) {
		all = append(all, dirsync.Difference{Username: l.Answered.Username, Source: l.ID, User: l.User, Field: field, Ours: ours, Duo: duo})
	}
	if live == nil {
		differs(dirsync.DriftUser, l.Answered.Username, dirsync.DriftDeleted)
		return all
	}
	if live.Synced && !l.Answered.Synced {
		differs(dirsync.DriftSynced, "false", "true")
	}
	for _, field := range dirsync.FieldNames {
		wanted, asked := l.Asked[field]
		if field == dirsync.FieldStatus && setApart(l, live) {
			differs(field, wanted, live.Status)
			continue
		}
		if field == dirsync.FieldStatus && asked && live.Status == wanted {
			continue // also where others had it in another way for a time
		}
		ours, duo := r.left(l, field), live.Field(field)
		if ours != duo && (asked || field == dirsync.FieldStatus || field == dirsync.FieldUsername) {
			differs(field, ours, duo)
		}
	}
	for _, field := range dirsync.ListFields {
		if ours, there := givenOf(l, field, live); len(there) < len(ours) {
			differs(field, dirsync.ListOf(ours), dirsync.ListOf(there))
		}
	}
	return all
}

// setApart reports whether others have disabled a user who was to be let in, or let one in
// without a second factor. That differs for as long as it is so: a run that has seen it
// leaves it as it is.
func setApart(l *dirsync.Link, live *dirsync.Account) bool {
	wanted, ours := l.Asked[dirsync.FieldStatus]
	raised := live.Status == dirsync.StatusBypass && wanted != dirsync.StatusBypass
	lowered := live.Status == dirsync.StatusDisabled && wanted != dirsync.StatusDisabled
	return ours && l.Missing == nil && (raised || lowered)
}

// left gives what we left in a field of a user. That is what Duo answered, perhaps
// in a form of its own; but where drift of the field is reported only, or a user is
// let in whom we disabled, a run may have taken over what others wrote.
func (r *Rules) left(l *dirsync.Link, field string) string {
	answered := l.Answered.Field(field)
	asked, known := l.Asked[field]
	switch {
	case !known || dirsync.FoldName(asked) == dirsync.FoldName(answered):
		return answered
	case field == dirsync.FieldStatus && asked == dirsync.StatusDisabled && answered != dirsync.StatusPendingDeletion:
		return asked
	case field != dirsync.FieldStatus && r.ReportDrift(field):
		return asked
	}
	return answered
}

// lists gives what we gave a user of a list, and what of that is there.
func givenOf(l *dirsync.Link, field string, live *dirsync.Account) (ours, there []string) {
	item := func(text string, kept bool) {
		ours = append(ours, text)
		if kept {
			there = append(there, text)
		}
	}
	for _, text := range dirsync.Items(l.Withdrawn[field]) {
		if field == dirsync.FieldAliases {
			break // all that were asked for are told
		}
		item(text, dirsync.FoldedSet(dirsync.Items(live.Field(field)))[dirsync.FoldName(text)])
	}
	switch field {
	case dirsync.FieldAliases:
		names := live.Names()
		for _, alias := range dirsync.Items(l.Asked[dirsync.FieldAliases]) {
			item(alias, slices.Contains(names, dirsync.FoldName(alias)))
		}
	case dirsync.FieldPhones:
		for _, p := range l.Answered.Phones {
			if slices.ContainsFunc(l.Phones, func(own dirsync.OwnPhone) bool { return own.ID == p.ID }) {
				item(p.Text(), slices.ContainsFunc(live.Phones, func(held dirsync.Phone) bool { return held.Text() == p.Text() }))
			}
		}
	case dirsync.FieldGroups:
		for _, g := range l.Answered.Groups {
			if slices.Contains(l.Joined, g.ID) {
				item(g.Name, slices.ContainsFunc(live.Groups, func(m dirsync.Membership) bool { return m.ID == g.ID }))
			}
		}
	}
	return ours, there
}
