package dirsync

import (
	"maps"
	"slices"
)

// settled gives what a result means for the link of its person. cur is the link
// before, nil when there is none.
func settled(op *Op, cur *Link, res Result) Outcome {
	outcome := Outcome{Source: op.Source, Note: fateWords(res.Fate), Link: cur, Same: true}
	switch {
	case op.Action == EnrollMail:
		outcome.Link, outcome.Same = mailed(cur, res.Fate)
	case res.Fate == Unknown:
		outcome.Keep = true
	case res.Fate == Vanished && op.Missing != nil && (cur == nil || len(cur.Phones) == 0):
		outcome.Link, outcome.Same = nil, false // there is nothing left to remove
	case res.Fate == Done:
		outcome.Link, outcome.Same = after(op, cur, res), false
	}
	if slices.ContainsFunc(res.Undone, func(u Undone) bool { return u.Fate == Unknown }) {
		outcome.Keep = true // a phone was perhaps made: the next run finds out
	}
	if outcome.Same && cur != nil && len(res.Made)+len(res.Removed) > 0 {
		next := *cur
		next.Belongings = belongings(cur.Belongings, op, res)
		outcome.Link, outcome.Same = &next, false
	}
	return outcome
}

// mailed notes what became of an enrollment mail. One that was perhaps sent is
// not sent again, and neither is one that Duo refused.
func mailed(cur *Link, fate Fate) (next *Link, same bool) {
	if cur == nil || fate == Failed {
		return cur, true
	}
	link := *cur
	link.Mail = MailSent
	if fate == Refused || fate == Vanished {
		link.Mail = MailNone
	}
	return &link, false
}

// after is the link that an operation leaves behind once it is done.
func after(op *Op, cur *Link, res Result) *Link {
	account := res.Account
	var next Link
	switch {
	case op.Action == PhoneDelete && cur != nil && slices.ContainsFunc(res.Undone, func(u Undone) bool { return u.Fate != Refused }):
		next = *cur
		next.Phones = slices.DeleteFunc(slices.Clone(cur.Phones), func(p OwnPhone) bool { return slices.Contains(res.Removed, p.ID) })
		return &next
	case op.Action == Release, op.Action == PhoneDelete:
		return nil
	case op.Action == Delete && (cur == nil || len(cur.Phones) == 0):
		return nil
	case op.Action == Delete: // its phones are still to go
		next = *cur
		next.Missing = op.Missing
		return &next
	case op.Action == Create, op.Action == Recreate, op.Action == Adopt:
		next = made(op, cur, account)
	case cur == nil:
		return nil
	default:
		next = changed(op, cur, account)
	}
	next.Belongings = belongings(next.Belongings, op, res)
	if op.Change(FieldPhones) != nil {
		next.Unfinished = without(next.Unfinished, []string{FieldPhones})
	}
	next.Unfinished = append(next.Unfinished, op.Unfinished...)
	for _, u := range res.Undone {
		delete(next.Asked, u.Field)
		if _, asked := op.Asked[u.Field]; !asked && u.Field == FieldPhones && !slices.Contains(next.Unfinished, FieldPhones) {
			next.Unfinished = append(next.Unfinished, FieldPhones)
		}
	}
	if account != nil {
		forgetLost(&next)
	}
	return &next
}

// made is the link of a user who becomes ours.
func made(op *Op, cur *Link, account *Account) Link {
	link := Link{ID: op.Source, User: account.ID, Origin: Created, Asked: maps.Clone(op.Asked), Answered: *account}
	switch {
	case cur != nil && cur.User == link.User: // settled once more
		link.Belongings, link.Mail = cur.Belongings, cur.Mail
	case op.Takes != nil:
		link.Belongings = *op.Takes
	case op.Action == Recreate && cur != nil:
		link.Phones, link.Mail = cur.Phones, cur.Mail
	}
	switch {
	case op.Action == Adopt:
		link.Origin = Adopted
		link.ByHand = op.ByHand
	case op.Mail:
		link.Mail = MailDue
	}
	return link
}

// changed is the link of a user of ours who was changed.
func changed(op *Op, cur *Link, account *Account) Link {
	next := *cur
	next.Asked = merged(cur.Asked, op.Asked)
	if op.Action != Update { // which may come where the person is not let in again
		next.Missing = op.Missing
	}
	next.LetGo = ""
	if account != nil {
		for _, field := range FieldNames { // drift that nobody has looked at: unknown until it is mended
			if _, asked := op.Asked[field]; !asked && field != FieldStatus && account.Field(field) != cur.Answered.Field(field) {
				delete(next.Asked, field)
			}
		}
		next.Answered = *account
	}
	switch op.Action {
	case Disable:
		next.ByHand = false
	case Enable:
		next.ByHand, next.Marked = false, false
	case Restore:
		next.ByHand = cur.ByHand && op.Asked[FieldStatus] == StatusDisabled
	case Trash:
		next.ByHand = cur.ByHand || op.Changes[0].Before == StatusDisabled && cur.Asked[FieldStatus] != StatusDisabled
	}
	return next
}

// belongings are what is ours after an operation.
func belongings(b Belongings, op *Op, res Result) Belongings {
	joined, phones, aliases := slices.Clone(b.Joined), slices.Clone(b.Phones), slices.Clone(b.Aliases)
	if res.Account != nil {
		if c := op.Change(FieldAliases); c != nil {
			for _, alias := range without(Items(c.After), Items(c.Before)) {
				aliases = append(aliases, FoldName(alias))
			}
			slices.Sort(aliases)
			aliases = res.Account.stillHeld(slices.Compact(aliases))
		}
		in := func(m Membership) (id string, ok bool) {
			for _, g := range res.Account.Groups {
				if g.ID == m.ID || m.ID == "" && FoldName(g.Name) == FoldName(m.Name) {
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
				joined = without(joined, []string{m.ID})
			}
		}
	}
	for _, phone := range res.Made {
		if !slices.ContainsFunc(phones, func(p OwnPhone) bool { return p.ID == phone.ID }) {
			phones = append(phones, phone)
		}
	}
	undone := slices.ContainsFunc(res.Undone, func(u Undone) bool { return u.Field == FieldPhones })
	gone := slices.Clone(res.Removed)
	for _, step := range op.Phones {
		switch {
		case step.Do == PhoneRemove && !undone: // gone, or kept for others who have it
			gone = append(gone, step.ID)
		case step.Do != PhoneRemove && step.Ours && res.Account != nil:
			for _, phone := range res.Account.Phones {
				if phone.Text() == step.Text() && !slices.ContainsFunc(phones, func(p OwnPhone) bool { return p.ID == phone.ID }) {
					phones = append(phones, OwnPhone{ID: phone.ID, Number: step.Text()})
				}
			}
		}
	}
	phones = slices.DeleteFunc(phones, func(p OwnPhone) bool { return slices.Contains(gone, p.ID) })
	return Belongings{Aliases: aliases, Joined: joined, Phones: phones}
}

// forgetLost forgets that a list was asked for of which something of ours is not
// there: it is unknown until it is mended.
func forgetLost(l *Link) {
	names, numbers := l.Answered.Names(), Items(l.Answered.Field(FieldPhones))
	for _, alias := range Items(l.Asked[FieldAliases]) {
		if !slices.Contains(names, FoldName(alias)) {
			delete(l.Asked, FieldAliases)
		}
	}
	for _, number := range Items(l.Asked[FieldPhones]) {
		if !slices.Contains(numbers, number) {
			delete(l.Asked, FieldPhones)
		}
	}
	for _, id := range l.Joined {
		if !slices.ContainsFunc(l.Answered.Groups, func(m Membership) bool { return m.ID == id }) {
			delete(l.Asked, FieldGroups)
		}
	}
}

// settled gives what a result means for the link of its group, and takes it over.
func (b *groupBook) settled(res Result) Outcome {
	op := res.Op
	link := *op.Group
	outcome := Outcome{Source: op.Source, Same: true, Note: fateWords(res.Fate), Keep: res.Fate == Unknown}
	for key, old := range b.links {
		if link.ID != "" && old.ID == link.ID && key != link.Key() && (res.Fate == Done || res.Fate == Vanished) {
			outcome.DropGroup = key
		}
	}
	switch {
	case res.Fate == Vanished, res.Fate == Done && op.Action == GroupDelete:
		if outcome.DropGroup == "" {
			outcome.DropGroup = link.Key()
		}
	case res.Fate == Done:
		if op.Action == GroupCreate {
			link.ID = res.Group
		}
		outcome.Group = &link
	}
	if outcome.DropGroup != "" {
		delete(b.links, outcome.DropGroup)
	}
	if outcome.Group != nil {
		b.links[link.Key()] = &link
	}
	return outcome
}

func fateWords(f Fate) string {
	switch f {
	case Done:
		return "done"
	case Refused:
		return "refused by Duo"
	case Taken:
		return "not done: another Duo user holds the name"
	case Vanished:
		return "not done: the user no longer exists in Duo"
	case Unknown:
		return "sent, and no reply came; the next run finds out"
	}
	return "not done"
}
