package engine

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	dirsync "duosync/sync"
	"duosync/sync/assembly"
	"duosync/sync/decide"
	"duosync/sync/mapping"
)

// phonePlan is what becomes of one person's phones.
type phonePlan struct {
	*decide.Subject
	carrier *dirsync.Op // nil: none yet
	held    []dirsync.Phone
	own     []dirsync.OwnPhone
	needed  []mapping.Phone // in none of the phones held
	steps   []dirsync.PhoneStep
	later   bool // a phone has to become free first
	stays   bool // a phone of ours that would be taken, were all values of the directory legible
}

// newPhonePlan compares the phones that a person has with those wanted.
func (d *deciding) newPhonePlan(s *decide.Subject, carrier *dirsync.Op, held []dirsync.Phone, own []dirsync.OwnPhone) *phonePlan {
	p := &phonePlan{Subject: s, carrier: carrier, held: held, own: s.LetGoChanged(held, own)}
	p.keepOwn(len(own))
	wanted := map[string]bool{}
	for _, w := range s.Want.Phones {
		text := w.Text()
		wanted[text] = true
		switch {
		case slices.ContainsFunc(held, func(h dirsync.Phone) bool { return h.Text() == text }):
		case s.IsWithdrawn(dirsync.FieldPhones, text):
		default:
			p.needed = append(p.needed, w)
		}
	}
	for _, o := range p.own {
		i := slices.IndexFunc(held, func(h dirsync.Phone) bool { return h.ID == o.ID })
		switch {
		case wanted[o.Number]: // attached, or to be attached again
		case i >= 0 && !d.Rules.Phones.Always: // given once, and not kept in step
		case i >= 0 && held[i].Activated:
			s.Warn("%s: the phone %s is no longer in the directory, but the person has activated it; it is kept", s.Username(), o.Number)
		case len(s.Want.UnreadPhones) > 0: // perhaps it is the very number
			p.stays = true
			s.TellProblem("phones: %s stays, for a value of the directory can't be read: %s", o.Number, strings.Join(s.Want.UnreadPhones, "; "))
		default:
			number, extension, _ := strings.Cut(o.Number, ";ext=")
			p.steps = append(p.steps, dirsync.PhoneStep{Do: dirsync.PhoneRemove, ID: o.ID, Number: number, Extension: extension})
		}
	}
	return p
}

// keepOwn has what comes of the person's link remember the phones that are still ours, of
// so many.
func (p *phonePlan) keepOwn(before int) {
	switch {
	case len(p.own) == before:
	case p.carrier != nil && p.carrier.Takes != nil:
		takes := *p.carrier.Takes
		takes.Phones = p.own
		p.carrier.Takes = &takes
	case p.Next != nil:
		p.Next.Phones = p.own
	}
}

// planPhones settles where each needed phone comes from. Duo is asked for all of
// the numbers at once.
func (d *deciding) planPhones(ctx context.Context, plans []*phonePlan) error {
	claimants := map[string][]*phonePlan{}
	freed := map[string]string{} // the numbers, by id, of phones that somebody gives up in this plan
	for _, p := range plans {
		for _, w := range p.needed {
			claimants[w.Text()] = append(claimants[w.Text()], p)
		}
		for _, step := range p.steps {
			freed[step.ID] = step.Text()
		}
	}
	for _, sharers := range claimants { // in the order in which their operations come
		slices.SortStableFunc(sharers, func(a, b *phonePlan) int {
			return cmp.Or(cmp.Compare(late(a), late(b)), cmp.Compare(dirsync.FoldName(a.Username()), dirsync.FoldName(b.Username())))
		})
	}
	phones := map[string]dirsync.Phone{}
	if len(claimants) > 0 {
		d.phase("confirm")
		var err error
		if phones, err = d.Target.Phones(ctx, slices.Sorted(maps.Keys(claimants))); err != nil {
			return fmt.Errorf("looking up %d phone numbers in Duo: %w", len(claimants), err)
		}
	}
	ours, err := d.madeByUs(ctx, phones)
	if err != nil {
		return err
	}
	for _, p := range plans {
		for _, w := range p.needed {
			phone, exists := phones[w.Text()]
			d.planPhone(p, w, phone, exists, freed, ours, claimants[w.Text()])
		}
		for i, step := range p.steps {
			if step.Do == dirsync.PhoneAttach {
				p.steps[i].Ours = ours[step.ID]
			}
		}
	}
	return nil
}

// madeByUs tells which phones we made for those who have them, and under the number that
// they have now.
func (d *deciding) madeByUs(ctx context.Context, phones map[string]dirsync.Phone) (map[string]bool, error) {
	users := map[string]bool{}
	for _, phone := range phones {
		for _, user := range phone.Users {
			users[user] = true
		}
	}
	ours := map[string]bool{}
	if len(users) == 0 {
		return ours, nil
	}
	var ids []dirsync.SourceID
	for user, id := range d.snap.byUser() {
		if users[user] {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	links, err := d.snap.load(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, link := range links {
		for _, phone := range link.Phones {
			if now, found := phones[phone.Number]; found && now.ID == phone.ID {
				ours[phone.ID] = true
			}
		}
	}
	return ours, nil
}

// late is 1 where the operation of a plan comes with those that add users.
func late(p *phonePlan) int {
	if p.Link == nil || p.carrier != nil && p.carrier.Action != dirsync.Update {
		return 1
	}
	return 0
}

func (d *deciding) planPhone(p *phonePlan, w mapping.Phone, phone dirsync.Phone, exists bool, freed map[string]string, ours map[string]bool, claimants []*phonePlan) {
	share := d.Rules.Phones.Share
	step := dirsync.PhoneStep{Do: dirsync.PhoneMake, Number: w.Number, Extension: w.Extension, Type: w.Kind}
	others := slices.DeleteFunc(slices.Clone(phone.Users), func(user string) bool { return p.Link != nil && p.Link.User == user })
	removed := exists && freed[phone.ID] == w.Text() // before what is late; one with another number is not removed
	switch {
	case len(claimants) > 1 && !share:
		p.TellProblem("%d people in the directory have the phone number %s; nobody is given it (sync.phones.taken)", len(claimants), w.Text())
		return
	case share && len(others)+slices.Index(claimants, p) >= dirsync.MaxPhoneUsers:
		p.TellProblem("the phone %s has %d users, and Duo takes no more; it is not attached", w.Text(), dirsync.MaxPhoneUsers)
		return
	case len(claimants) > 1 && !exists: // the first one makes it; one who waits for a number comes after that
		step.Share, step.Ours, p.later = true, true, p.later || claimants[0] != p
	case !exists:
	case removed && len(others) == 0: // perhaps it is deleted before
		step.Ours, p.later = true, true
	case len(others) == 0:
		step.Do, step.ID = dirsync.PhoneAttach, phone.ID
	case share && removed: // perhaps it is deleted before
		step.Share, step.Ours, p.later = true, ours[phone.ID], true
	case share:
		step.Do, step.ID = dirsync.PhoneAttach, phone.ID
	case removed && len(others) == 1:
		p.later = true // it is made again when its owner has given it up
	default:
		p.TellProblem("the phone %s belongs to another Duo user; it is not attached (sync.phones.taken)", w.Text())
		return
	}
	if removed := len(p.steps) - p.added(); len(p.held)-removed+p.added() >= dirsync.MaxPhones {
		p.TellProblem("Duo holds %d phones a user at most; %s is not attached", dirsync.MaxPhones, w.Text())
		return
	}
	p.steps = append(p.steps, step)
}

// added counts the phones that the plan gives.
func (p *phonePlan) added() int {
	_, given := p.split()
	return len(given)
}

// split gives the steps that take phones away, and those that give some.
func (p *phonePlan) split() (taken, given []dirsync.PhoneStep) {
	for _, step := range p.steps {
		if step.Do == dirsync.PhoneRemove {
			taken = append(taken, step)
		} else {
			given = append(given, step)
		}
	}
	return taken, given
}

// finish puts the plan for a person's phones into its operation.
func (p *phonePlan) finish(always bool) {
	s := p.Subject
	want := s.Want.Fields[dirsync.FieldPhones]
	told := p.added() < len(p.needed) || p.stays
	if len(p.steps) > 0 {
		op := p.carry(always)
		if always {
			s.DriftReason(op, dirsync.FieldPhones, want)
		}
		switch {
		case !told && always:
			op.Ask(dirsync.FieldPhones, want)
		case always && s.Link != nil: // who wants again what was asked before does not have it any more
			op.Ask(dirsync.FieldPhones, p.reached(want))
		}
		if told {
			p.leaveForLater(op, always)
		}
		decide.KeepAsked(s, dirsync.FieldPhones)
		return
	}
	if told {
		p.leaveForLater(p.carrier, always)
		decide.KeepAsked(s, dirsync.FieldPhones)
		return
	}
	if always {
		s.Ask(p.carrier, dirsync.FieldPhones, want)
	}
	if s.Link != nil {
		s.Next.Unfinished = dirsync.Without(s.Next.Unfinished, []string{dirsync.FieldPhones})
	}
}

// reached gives the phones of those wanted that the user has after the steps.
func (p *phonePlan) reached(want string) string {
	_, given := p.split()
	lacking := map[string]bool{}
	for i := range p.needed {
		lacking[p.needed[i].Text()] = true
	}
	for i := range given {
		delete(lacking, given[i].Text())
	}
	return dirsync.ListOf(slices.DeleteFunc(dirsync.Items(want), func(number string) bool { return lacking[number] }))
}

// carry puts the steps into the person's operation, and gives it. What needs a
// phone that somebody else gives up is an operation of its own, later.
func (p *phonePlan) carry(always bool) *dirsync.Op {
	s := p.Subject
	account := dirsync.Account{Phones: p.held}
	held := dirsync.Items(account.Field(dirsync.FieldPhones))
	steps := p.steps
	if p.later {
		taken, given := p.split()
		if len(taken) > 0 { // at once: in a ring of numbers, nobody's would be free else
			op := s.TakeUp()
			op.Phones = taken
			op.Changes = append(op.Changes, assembly.PhoneChange(held, taken))
			held = dirsync.Items(op.Changes[len(op.Changes)-1].After)
		}
		steps = given
		p.leaveForLater(p.carrier, always) // until it is done
		s.Add(dirsync.Op{Action: dirsync.Update, Reason: dirsync.ChangedInDirectory, Asked: dirsync.Fields{}, Stage: dirsync.StageLate})
		late := s.Ops[len(s.Ops)-1]
		if p.carrier != nil && p.carrier.Action != dirsync.Update {
			late.User, late.Follows = "", true
		}
		p.carrier = late
	}
	if p.carrier == nil {
		p.carrier = s.TakeUp()
	}
	p.carrier.Phones = steps
	p.carrier.Changes = append(p.carrier.Changes, assembly.PhoneChange(held, steps))
	return p.carrier
}

// warnKept tells which phones of ours turned out to be others' by now.
func (r *run) warnKept(res dirsync.Result) {
	for i := range res.Kept {
		r.warn("%s", res.Kept[i].Text(res.Op.Username))
	}
}

// leaveForLater notes that phones are still to be given.
func (p *phonePlan) leaveForLater(op *dirsync.Op, always bool) {
	if !always && op != nil && (op.Action == dirsync.Create || op.Action == dirsync.Recreate) {
		op.Unfinished = []string{dirsync.FieldPhones}
	}
}
