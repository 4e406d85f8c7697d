package decide

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	dirsync "duosync/sync"
)

// OutcomeOf gives what a result means for the link of its person. cur is the link
// before, nil when there is none.
func OutcomeOf(op *dirsync.Op, cur *dirsync.Link, res dirsync.Result) dirsync.Outcome {
	outcome := dirsync.Outcome{Source: op.Source, Note: NoteOf(&res), Link: cur, Same: true}
	switch {
	case op.Action == dirsync.EnrollMail:
		outcome.Link, outcome.Same = mailed(cur, res.Fate)
	case res.Fate == dirsync.Unknown:
		outcome.Keep = true
	case res.Fate == dirsync.Vanished && op.Missing != nil && (cur == nil || len(cur.Phones) == 0):
		outcome.Link, outcome.Same = nil, false // there is nothing left to remove
	case res.Fate == dirsync.Done:
		outcome.Link, outcome.Same = after(op, cur, res), false
	}
	if slices.ContainsFunc(res.Undone, func(u dirsync.Undone) bool { return u.Fate == dirsync.Unknown }) {
		outcome.Keep = true // a phone was perhaps made: the next run finds out
	}
	if outcome.Same && cur != nil && len(res.Made)+len(res.Removed)+len(res.Kept) > 0 {
		next := *cur
		next.Belongings = belongings(cur.Belongings, op, res)
		outcome.Link, outcome.Same = &next, false
	}
	return outcome
}

// mailed notes what became of an enrollment mail. One that was perhaps sent is
// not sent again, and neither is one that Duo refused, to the same address.
func mailed(cur *dirsync.Link, fate dirsync.Fate) (next *dirsync.Link, same bool) {
	if cur == nil || fate == dirsync.Failed {
		return cur, true
	}
	link := *cur
	link.Mail = dirsync.MailSent
	switch fate {
	case dirsync.Refused:
		link.Mail = dirsync.MailRefused
	case dirsync.Vanished:
		link.Mail = dirsync.MailNone
	}
	return &link, false
}

// after is the link that an operation leaves behind once it is done.
func after(op *dirsync.Op, cur *dirsync.Link, res dirsync.Result) *dirsync.Link {
	account := res.Account
	var next dirsync.Link
	switch {
	case op.Action == dirsync.PhoneDelete && cur != nil && slices.ContainsFunc(res.Undone, func(u dirsync.Undone) bool { return u.Fate != dirsync.Refused }):
		next = *cur
		next.Phones = slices.DeleteFunc(slices.Clone(cur.Phones), func(p dirsync.OwnPhone) bool { return slices.Contains(lost(&res), p.ID) })
		return &next
	case op.Action == dirsync.Release, op.Action == dirsync.PhoneDelete:
		return nil
	case op.Action == dirsync.Delete && (cur == nil || len(cur.Phones) == 0):
		return nil
	case op.Action == dirsync.Delete: // its phones are still to go
		next = *cur
		next.Missing = op.Missing
		return &next
	case op.Action == dirsync.Create, op.Action == dirsync.Recreate, op.Action == dirsync.Adopt:
		next = made(op, cur, &res)
	case cur == nil:
		return nil
	default:
		next = changed(op, cur, account)
	}
	next.Belongings = belongings(next.Belongings, op, res)
	if op.Change(dirsync.FieldPhones) != nil {
		next.Unfinished = dirsync.Without(next.Unfinished, []string{dirsync.FieldPhones})
	}
	next.Unfinished = append(next.Unfinished, op.Unfinished...)
	for _, u := range res.Undone {
		delete(next.Asked, u.Field)
		if _, asked := op.Asked[u.Field]; !asked && u.Field == dirsync.FieldPhones && !slices.Contains(next.Unfinished, dirsync.FieldPhones) {
			next.Unfinished = append(next.Unfinished, dirsync.FieldPhones)
		}
	}
	if account != nil {
		forgetLost(&next)
	}
	return &next
}

// made is the link of a user who becomes ours.
func made(op *dirsync.Op, cur *dirsync.Link, res *dirsync.Result) dirsync.Link {
	account := res.Account
	link := dirsync.Link{ID: op.Source, User: account.ID, Origin: dirsync.Created, Asked: maps.Clone(op.Asked), Answered: *account,
		Unmet: op.Action != dirsync.Adopt && !res.Met}
	switch {
	case cur != nil && cur.User == link.User: // settled once more
		link.Belongings, link.Mail = cur.Belongings, cur.Mail
	case op.Takes != nil:
		link.Belongings = *op.Takes
	case op.Action == dirsync.Recreate && cur != nil:
		link.Phones, link.Mail = cur.Phones, cur.Mail
	}
	switch {
	case op.Action == dirsync.Adopt:
		link.Origin = cmp.Or(op.Origin, dirsync.Adopted)
		link.ByHand = op.ByHand
	case op.Mail:
		link.Mail = dirsync.MailDue
	}
	return link
}

// changed is the link of a user of ours who was changed.
func changed(op *dirsync.Op, cur *dirsync.Link, account *dirsync.Account) dirsync.Link {
	next := *cur
	next.Asked = merged(cur.Asked, op.Asked)
	if op.Action != dirsync.Update && !op.Lock { // which come where the person is not let in again
		next.Missing = op.Missing
	}
	next.LetGo = ""
	if account != nil {
		for _, field := range dirsync.FieldNames { // drift that nobody has looked at: unknown until it is mended
			if _, asked := op.Asked[field]; !asked && field != dirsync.FieldStatus && account.Field(field) != cur.Answered.Field(field) {
				delete(next.Asked, field)
			}
		}
		if cur.Mail == dirsync.MailRefused && account.Email != cur.Answered.Email {
			next.Mail = dirsync.MailDue
		}
		next.Answered = *account
	}
	switch op.Action {
	case dirsync.Disable:
		next.ByHand = false
	case dirsync.Enable:
		next.ByHand, next.Marked = false, false
	case dirsync.Restore:
		next.ByHand = cur.ByHand && op.Asked[dirsync.FieldStatus] == dirsync.StatusDisabled
	case dirsync.Trash:
		next.ByHand = cur.ByHand || op.Changes[0].Before == dirsync.StatusDisabled && cur.Asked[dirsync.FieldStatus] != dirsync.StatusDisabled
	}
	return next
}

// belongings are what is ours after an operation.
func belongings(b dirsync.Belongings, op *dirsync.Op, res dirsync.Result) dirsync.Belongings {
	joined, phones, aliases := slices.Clone(b.Joined), slices.Clone(b.Phones), slices.Clone(b.Aliases)
	if res.Account != nil {
		if c := op.Change(dirsync.FieldAliases); c != nil {
			for _, alias := range dirsync.Without(dirsync.Items(c.After), dirsync.Items(c.Before)) {
				aliases = append(aliases, dirsync.FoldName(alias))
			}
			slices.Sort(aliases)
			aliases = stillHeld(res.Account, slices.Compact(aliases))
		}
		in := func(m dirsync.Membership) (id string, ok bool) {
			for _, g := range res.Account.Groups {
				if g.ID == m.ID || m.ID == "" && dirsync.FoldName(g.Name) == dirsync.FoldName(m.Name) {
					return g.ID, true
				}
			}
			return "", false
		}
		for _, m := range op.Joins {
			if id, ok := in(m); ok && !slices.Contains(joined, id) {
				joined = append(joined, id)
			}
		}
		for _, m := range op.Leaves {
			if _, ok := in(m); !ok {
				joined = dirsync.Without(joined, []string{m.ID})
			}
		}
	}
	for _, phone := range res.Made {
		if !slices.ContainsFunc(phones, func(p dirsync.OwnPhone) bool { return p.ID == phone.ID }) {
			phones = append(phones, phone)
		}
	}
	undone := slices.ContainsFunc(res.Undone, func(u dirsync.Undone) bool { return u.Field == dirsync.FieldPhones })
	gone := lost(&res)
	for _, step := range op.Phones {
		switch {
		case step.Do == dirsync.PhoneRemove && !undone: // gone, or kept for others who have it
			gone = append(gone, step.ID)
		case step.Do != dirsync.PhoneRemove && step.Ours && res.Account != nil:
			for _, phone := range res.Account.Phones {
				if phone.Text() == step.Text() && !slices.ContainsFunc(phones, func(p dirsync.OwnPhone) bool { return p.ID == phone.ID }) {
					phones = append(phones, dirsync.OwnPhone{ID: phone.ID, Number: step.Text()})
				}
			}
		}
	}
	phones = slices.DeleteFunc(phones, func(p dirsync.OwnPhone) bool { return slices.Contains(gone, p.ID) })
	return dirsync.Belongings{Aliases: aliases, Joined: joined, Phones: phones}
}

// lost are the ids of phones that are not ours any more after a result.
func lost(res *dirsync.Result) []string {
	ids := slices.Clone(res.Removed)
	for i := range res.Kept {
		ids = append(ids, res.Kept[i].ID)
	}
	return ids
}

// forgetLost forgets that a list was asked for of which something of ours is not
// there: it is unknown until it is mended.
func forgetLost(l *dirsync.Link) {
	names, numbers := l.Answered.Names(), dirsync.Items(l.Answered.Field(dirsync.FieldPhones))
	for _, alias := range dirsync.Items(l.Asked[dirsync.FieldAliases]) {
		if !slices.Contains(names, dirsync.FoldName(alias)) {
			delete(l.Asked, dirsync.FieldAliases)
		}
	}
	for _, number := range dirsync.Items(l.Asked[dirsync.FieldPhones]) {
		if !slices.Contains(numbers, number) {
			delete(l.Asked, dirsync.FieldPhones)
		}
	}
	for _, id := range l.Joined {
		if !slices.ContainsFunc(l.Answered.Groups, func(m dirsync.Membership) bool { return m.ID == id }) {
			delete(l.Asked, dirsync.FieldGroups)
		}
	}
}

// FoundWords says what was found of an operation whose outcome an earlier run left open.
func FoundWords(res *dirsync.Result) string {
	switch {
	case res.Op.Action == dirsync.EnrollMail:
		return "whether the mail was sent can't be found out, and it is not sent again"
	case res.Fate == dirsync.Unknown:
		return "it can't be found out yet"
	case len(res.Undone) == 0 || res.Fate != dirsync.Done:
		return "it was " + FateWords(res.Fate)
	}
	var texts []string
	for _, u := range res.Undone {
		texts = append(texts, u.Field+": "+u.Err.Error())
	}
	text := strings.Join(texts, "; ")
	if whole := slices.ContainsFunc(res.Op.Changes, func(c dirsync.Change) bool {
		return !slices.ContainsFunc(res.Undone, func(u dirsync.Undone) bool { return u.Field == c.Field })
	}); whole {
		return "it was done, but for " + text
	}
	return "it was not, or not wholly, done: " + text
}

// FateWords says what became of an operation.
func FateWords(f dirsync.Fate) string {
	switch f {
	case dirsync.Done:
		return "done"
	case dirsync.Refused:
		return "refused by Duo"
	case dirsync.Taken:
		return "not done: another Duo user holds the name"
	case dirsync.Vanished:
		return "not done: the user no longer exists in Duo"
	case dirsync.Unknown:
		return "sent, and no reply came; the next run finds out"
	}
	return "not done"
}

// IsStillAlias reports whether a rename is to a name that we gave the user as an alias, and
// that was not taken away yet. What Duo makes of such a rename is not known.
func IsStillAlias(op *dirsync.Op, link *dirsync.Link) bool {
	name := dirsync.FoldName(op.Name())
	return op.Action == dirsync.Update && op.Renames() && link != nil && !slices.Contains(op.Gives(), name) &&
		slices.ContainsFunc(dirsync.Items(link.Asked[dirsync.FieldAliases]), func(alias string) bool { return dirsync.FoldName(alias) == name })
}
