package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	dirsync "duosync/sync"
	"duosync/sync/assembly"
)

// tellProblem adds to what a human has to settle about the subject.
func (s *subject) tellProblem(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if s.problem == "" {
		s.problem = text
	} else if !strings.Contains(s.problem, text) {
		s.problem += "; " + text
	}
}

// carrier is the operation that the lists of a subject go with; nil: none.
func (s *subject) carrier() *dirsync.Op {
	for _, op := range s.ops {
		switch op.Action {
		case dirsync.Create, dirsync.Recreate, dirsync.Adopt, dirsync.Restore, dirsync.Update:
			if op.Blocked == "" {
				return op
			}
		}
	}
	return nil
}

// lists plans the groups and phones of everybody who is open to it: aliases
// are planned with the other fields, since they are names.
func (r *runner) lists(ctx context.Context) error {
	var plans []*phonePlan
	for _, s := range r.subjects {
		if s.former != nil && !s.sends() { // not made anew: the phones are not forgotten
			s.link, s.next = s.was, s.was
			s.add(orphans(s))
			continue
		}
		carrier := s.carrier()
		if !s.open || s.live == nil && carrier == nil {
			continue
		}
		var live dirsync.Account // of a user who is still to be made: nothing
		switch {
		case carrier != nil && carrier.Action == dirsync.Adopt:
			live = *s.holder
		case s.live != nil:
			live = *s.live
		}
		if carrier != nil { // until it is clear what becomes of them
			delete(carrier.Asked, dirsync.FieldGroups)
			delete(carrier.Asked, dirsync.FieldPhones)
		}
		own := s.belongings(carrier)
		if s.want.Fields[dirsync.FieldGroups] != "" || len(own.Joined) > 0 {
			s.planGroups(r, carrier, live.Groups, own.Joined)
		} else if want, ours := s.want.Fields[dirsync.FieldGroups]; ours {
			s.ask(carrier, dirsync.FieldGroups, want)
		}
		if r.engine.Rules.givesPhones(s, s.carrier()) {
			plans = append(plans, r.newPhonePlan(s, s.carrier(), live.Phones, own.Phones))
		}
	}
	if err := r.planPhones(ctx, plans); err != nil {
		return err
	}
	for _, p := range plans {
		p.finish(r)
	}
	return nil
}

// belongings are what of the user is ours, before the operation.
func (s *subject) belongings(carrier *dirsync.Op) dirsync.Belongings {
	switch {
	case carrier != nil && carrier.Takes != nil:
		return *carrier.Takes
	case s.link != nil:
		return s.link.Belongings
	}
	return dirsync.Belongings{}
}

// ask notes that Duo holds what is asked for in a field, or will when the
// carrier is done.
func (s *subject) ask(carrier *dirsync.Op, field, value string) {
	if carrier != nil && s.link == nil || carrier != nil && carrier.Action == dirsync.Recreate {
		carrier.Asked[field] = value
		return
	}
	s.next.Asked[field] = value
}

// takeUp gives the operation that takes list changes up, a new one where there
// is none.
func (s *subject) takeUp() *dirsync.Op {
	if op := s.carrier(); op != nil {
		return op
	}
	s.add(dirsync.Op{Action: dirsync.Update, Reason: "changed in the directory", Asked: dirsync.Fields{}})
	return s.ops[len(s.ops)-1]
}

func (s *subject) planGroups(r *runner, carrier *dirsync.Op, held []dirsync.Membership, joined []string) {
	want := s.want.Fields[dirsync.FieldGroups]
	problem := s.problem
	joins, leaves := r.memberships(s, held, joined)
	told := s.problem != problem || s.later
	if s.next != nil && s.live != nil {
		s.next.Joined = stillIn(joined, held)
		s.next.Unread = r.groups.unread(s.next.Joined)
	}
	if len(joins)+len(leaves) == 0 {
		if !told {
			s.ask(carrier, dirsync.FieldGroups, want)
		} else if s.link != nil && s.next.Asked != nil {
			keepAsked(s, dirsync.FieldGroups)
		}
		return
	}
	op := s.takeUp()
	op.Joins, op.Leaves = joins, leaves
	op.Changes = append(op.Changes, groupChange(held, joins, leaves))
	if told {
		keepAsked(s, dirsync.FieldGroups)
		return
	}
	if !slices.ContainsFunc(joins, func(m dirsync.Membership) bool { return !slices.Contains(joined, m.ID) }) { // else they are new
		s.driftReason(op, dirsync.FieldGroups, want)
	}
	op.Asked[dirsync.FieldGroups] = want
	keepAsked(s, dirsync.FieldGroups)
}

// stillIn leaves of the memberships that we made those that are there. One that
// somebody has ended in Duo, and perhaps made again, is not ours any more.
func stillIn(joined []string, held []dirsync.Membership) []string {
	return slices.DeleteFunc(slices.Clone(joined), func(id string) bool {
		return !slices.ContainsFunc(held, func(m dirsync.Membership) bool { return m.ID == id })
	})
}

// keepAsked carries over what was asked for in a field before: it is not, or not
// yet, as the directory wants it.
func keepAsked(s *subject, field string) {
	if s.link == nil || s.next == nil || s.next.Asked == nil {
		return
	}
	if last, known := s.link.Asked[field]; known && last != s.want.Fields[field] {
		s.next.Asked[field] = last
	}
}

// driftReason says of an operation that it mends what was changed in Duo, where
// that is all it does; field is the change that it took up last.
func (s *subject) driftReason(op *dirsync.Op, field, want string) {
	if s.link == nil || op.Action != dirsync.Update {
		return
	}
	const byHand = "changed in Duo by hand"
	was, known := s.link.Asked[field]
	unread := field == dirsync.FieldGroups && len(s.link.Unread) > 0 // it was not seen what the directory wanted
	switch drift := known && was == want && !unread; {
	case drift && len(op.Changes) == 1:
		op.Reason = byHand
	case !drift && op.Reason == byHand:
		op.Reason = "changed in the directory"
	}
}

// finish puts the plan for a person's phones into its operation.
func (p *phonePlan) finish(r *runner) {
	s := p.subject
	always := r.engine.Rules.Phones.Always
	want := s.want.Fields[dirsync.FieldPhones]
	told := p.added() < len(p.needed)
	if len(p.steps) > 0 {
		op := p.carry()
		if always {
			s.driftReason(op, dirsync.FieldPhones, want)
		}
		if !told && always {
			op.Asked[dirsync.FieldPhones] = want
		}
		if told {
			p.leaveForLater(op, always)
		}
		keepAsked(s, dirsync.FieldPhones)
		return
	}
	switch {
	case told:
		p.leaveForLater(p.carrier, always)
		keepAsked(s, dirsync.FieldPhones)
	case always:
		s.ask(p.carrier, dirsync.FieldPhones, want)
	case s.link != nil:
		s.next.Unfinished = dirsync.Without(s.next.Unfinished, []string{dirsync.FieldPhones})
	}
}

// carry puts the steps into the person's operation, and gives it. What needs a
// phone that somebody else gives up is an operation of its own, later.
func (p *phonePlan) carry() *dirsync.Op {
	s := p.subject
	account := dirsync.Account{Phones: p.held}
	held := dirsync.Items(account.Field(dirsync.FieldPhones))
	steps := p.steps
	if p.later && s.link != nil && (p.carrier == nil || p.carrier.Action == dirsync.Update) {
		taken, given := p.split()
		if len(taken) > 0 {
			op := s.takeUp()
			op.Phones = taken
			op.Changes = append(op.Changes, assembly.PhoneChange(held, taken))
			held = dirsync.Items(op.Changes[len(op.Changes)-1].After)
		}
		steps = given
		s.add(dirsync.Op{Action: dirsync.Update, Reason: "changed in the directory", Asked: dirsync.Fields{}, Late: true})
		p.carrier = s.ops[len(s.ops)-1]
	}
	if p.carrier == nil {
		p.carrier = s.takeUp()
	}
	p.carrier.Phones = steps
	p.carrier.Changes = append(p.carrier.Changes, assembly.PhoneChange(held, steps))
	return p.carrier
}

// leaveForLater notes that phones are still to be given.
func (p *phonePlan) leaveForLater(op *dirsync.Op, always bool) {
	if !always && op != nil && (op.Action == dirsync.Create || op.Action == dirsync.Recreate) {
		op.Unfinished = []string{dirsync.FieldPhones}
	}
}
