package engine

import (
	"context"
	dirsync "duosync/sync"
	"slices"
	"strings"
)

// lists plans the groups and phones of everybody who is open to it: aliases
// are planned with the other fields, since they are names.
func (d *deciding) lists(ctx context.Context) error {
	var plans []*phonePlan
	for _, s := range d.subjects {
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
			d.planGroups(s, carrier, live.Groups, own.Joined)
		} else if want, ours := s.want.Fields[dirsync.FieldGroups]; ours {
			s.ask(carrier, dirsync.FieldGroups, want)
		}
		if d.Rules.givesPhones(s, s.carrier()) {
			plans = append(plans, d.newPhonePlan(s, s.carrier(), live.Phones, own.Phones))
		}
	}
	if err := d.planPhones(ctx, plans); err != nil {
		return err
	}
	for _, p := range plans {
		p.finish(d.Rules.Phones.Always)
	}
	return nil
}

func (d *deciding) planGroups(s *subject, carrier *dirsync.Op, held []dirsync.Membership, joined []string) {
	want := s.want.Fields[dirsync.FieldGroups]
	problem := s.problem
	joins, leaves := d.memberships(s, held, joined)
	told := s.problem != problem || s.later
	if s.next != nil && s.live != nil {
		s.next.Joined = stillIn(joined, held)
		s.next.Unread = d.groups.unread(s.next.Joined)
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

// memberships plans which groups a person joins and leaves. held are those that
// the user is in now.
func (d *deciding) memberships(s *subject, held []dirsync.Membership, joined []string) (joins, leaves []dirsync.Membership) {
	b := d.groups
	in := func(id string) bool {
		return slices.ContainsFunc(held, func(m dirsync.Membership) bool { return m.ID == id })
	}
	wanted := map[string]bool{}
	for _, name := range dirsync.Items(s.want.Fields[dirsync.FieldGroups]) {
		key := dirsync.FoldName(name)
		wanted[key] = true
		id, ok := b.open(key)
		switch {
		case !ok, id != "" && in(id):
		case id != "" && slices.Contains(joined, id) && d.Rules.ReportDrift(dirsync.FieldGroups):
			s.warn("%s: was taken out of the group %s in Duo; the configuration asks to report it only", s.username(), dirsync.Quote(name))
		case s.want.Mark != nil: // kept disabled, and given nothing meanwhile
			s.later = true
		case s.want.Unsure != nil:
			s.tellProblem("%s; not joined: %s", s.want.Unsure.Problem(), dirsync.Quote(name))
		default:
			joins = append(joins, dirsync.Membership{ID: id, Name: name})
		}
	}
	if s.want.Unsure != nil && s.want.Unsure.Groups { // whom can't be told to have left, stays
		return joins, nil
	}
	for _, m := range held {
		if key, ok := b.mirrored(m.ID); ok && !wanted[key] && slices.Contains(joined, m.ID) {
			leaves = append(leaves, m)
		}
	}
	if room := max(dirsync.MaxGroups-(len(held)-len(leaves)), 0); len(joins) > room {
		names := make([]string, 0, len(joins)-room)
		for _, m := range joins[room:] {
			names = append(names, m.Name)
		}
		s.tellProblem("Duo holds %d groups a user at most; not joined: %s", dirsync.MaxGroups, strings.Join(names, ", "))
		joins = joins[:room]
	}
	return joins, leaves
}

// groupNames gives the change of a person's groups.
func groupChange(held, joins, leaves []dirsync.Membership) dirsync.Change {
	before, after := make([]string, 0, len(held)), make([]string, 0, len(held)+len(joins))
	for _, m := range held {
		before = append(before, m.Name)
		if !slices.Contains(leaves, m) {
			after = append(after, m.Name)
		}
	}
	for _, m := range joins {
		after = append(after, m.Name)
	}
	return dirsync.Change{Field: dirsync.FieldGroups, Before: dirsync.ListOf(before), After: dirsync.ListOf(after)}
}

// stillIn leaves of the memberships that we made those that are there. One that
// somebody has ended in Duo, and perhaps made again, is not ours any more.
func stillIn(joined []string, held []dirsync.Membership) []string {
	return slices.DeleteFunc(slices.Clone(joined), func(id string) bool {
		return !slices.ContainsFunc(held, func(m dirsync.Membership) bool { return m.ID == id })
	})
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
