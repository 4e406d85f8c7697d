package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	dirsync "duosync/sync"
	"duosync/sync/decide"
	"duosync/sync/guard"
)

// lists plans the groups and phones of everybody who is open to it: aliases
// are planned with the other fields, since they are names.
func (d *deciding) lists(ctx context.Context) error {
	var plans []*phonePlan
	for _, s := range d.subjects {
		if s.Former != nil && !s.Sends() { // not made anew: the phones are not forgotten
			s.Link, s.Next = s.Was, s.Was
			s.Add(decide.Orphans(s))
			continue
		}
		carrier := s.Carrier()
		if !s.Open || s.Live == nil && carrier == nil {
			continue
		}
		var live dirsync.Account // of a user who is still to be made: nothing
		switch {
		case carrier != nil && carrier.Action == dirsync.Adopt:
			live = *s.Holder
		case s.Live != nil:
			live = *s.Live
		}
		if carrier != nil { // until it is clear what becomes of them
			carrier.Unask(dirsync.FieldGroups, dirsync.FieldPhones)
		}
		own := s.Belongings(carrier)
		if s.Want.Fields[dirsync.FieldGroups] != "" || len(own.Joined) > 0 || s.Link != nil && len(s.Link.Unread) > 0 {
			d.planGroups(s, carrier, live.Groups, own.Joined)
		} else if want, ours := s.Want.Fields[dirsync.FieldGroups]; ours {
			s.Ask(carrier, dirsync.FieldGroups, want)
		}
		if d.Rules.GivesPhones(s, s.Carrier()) {
			plans = append(plans, d.newPhonePlan(s, s.Carrier(), live.Phones, own.Phones))
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

func (d *deciding) planGroups(s *decide.Subject, carrier *dirsync.Op, held []dirsync.Membership, joined []string) {
	want := s.Want.Fields[dirsync.FieldGroups]
	problem := s.Problem
	joins, leaves := d.memberships(s, held, joined)
	told := s.Problem != problem || s.Later
	if s.Next != nil && s.Live != nil {
		s.Next.Joined = decide.StillIn(joined, held)
		s.Next.Unread = d.groups.unread(s.Next.Joined)
	}
	if len(joins)+len(leaves) == 0 {
		if !told {
			s.Ask(carrier, dirsync.FieldGroups, want)
		} else if s.Link != nil && s.Next.Asked != nil {
			decide.KeepAsked(s, dirsync.FieldGroups)
		}
		return
	}
	op := s.TakeUp()
	op.Joins, op.Leaves = joins, leaves
	op.Changes = append(op.Changes, groupChange(held, joins, leaves))
	if told {
		decide.KeepAsked(s, dirsync.FieldGroups)
		return
	}
	if !slices.ContainsFunc(joins, func(m dirsync.Membership) bool { return !slices.Contains(joined, m.ID) }) { // else they are new
		s.DriftReason(op, dirsync.FieldGroups, want)
	}
	op.Ask(dirsync.FieldGroups, want)
	decide.KeepAsked(s, dirsync.FieldGroups)
}

// memberships plans which groups a person joins and leaves. held are those that
// the user is in now.
func (d *deciding) memberships(s *decide.Subject, held []dirsync.Membership, joined []string) (joins, leaves []dirsync.Membership) {
	b := d.groups
	in := func(id string) bool {
		return slices.ContainsFunc(held, func(m dirsync.Membership) bool { return m.ID == id })
	}
	wanted := map[string]bool{}
	for _, name := range dirsync.Items(s.Want.Fields[dirsync.FieldGroups]) {
		key := dirsync.FoldName(name)
		wanted[key] = true
		id, ok := b.open(key)
		switch {
		case !ok, id != "" && in(id):
		case s.IsWithdrawn(dirsync.FieldGroups, name):
		case s.Want.Mark != nil: // kept disabled, and given nothing meanwhile
			s.Later = true
		case s.Want.Unsure != nil:
			s.TellProblem("%s; not joined: %s", s.Want.Unsure.Problem(), dirsync.Quote(name))
		default:
			joins = append(joins, dirsync.Membership{ID: id, Name: name})
		}
	}
	if s.Want.Unsure != nil && s.Want.Unsure.Groups { // whom can't be told to have left, stays
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
		s.TellProblem("Duo holds %d groups a user at most; not joined: %s", dirsync.MaxGroups, strings.Join(names, ", "))
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

// fewMails leaves of the people who wait for nothing but their enrollment mail
// as many as this run may send; the others need no look. Where no mails are to be
// sent any more, they stop waiting.
func (d *deciding) fewMails() {
	most, n := d.Rules.EnrollMails, 0
	d.subjects = slices.DeleteFunc(d.subjects, func(s *decide.Subject) bool {
		if !d.onlyMail(s) {
			return false
		}
		if most == 0 {
			next := *s.Link
			next.Mail = dirsync.MailNone
			s.Next, s.Quiet = &next, true
			return false
		}
		if s.Link.Answered.Status != dirsync.StatusActive { // none is sent before that is another one, which shows
			d.census.unchanged++
			return true
		}
		n++
		if n > most {
			d.census.unchanged++
		}
		return n > most
	})
}

// onlyMail reports whether a person was kept only because a mail is due.
func (d *deciding) onlyMail(s *decide.Subject) bool {
	if s.Link == nil || s.Want == nil || s.Link.Mail != dirsync.MailDue || d.fresh.recheck[s.ID] || s.Contested {
		return false
	}
	rest := *s.Link
	rest.Mail = dirsync.MailNone
	if !slices.ContainsFunc(rest.Unread, d.groups.readAgain) {
		rest.Unread = nil // that waits by itself
	}
	b := rest.Brief()
	return !b.Pending && !b.Missing && !b.LetGo && !s.Want.Troubled() && b.Asked == s.Want.Fields.Hash() &&
		!slices.ContainsFunc(s.Want.Groups(), d.groups.takesIn)
}

// sharesMail reports whether another person has the same mail address, and tells it where
// an enrollment mail is due: whoever reads it could enroll for the other.
func (d *deciding) sharesMail(s *decide.Subject) bool {
	address := s.Want.Fields[dirsync.FieldEmail]
	n := d.census.names.mails[hashMail(address)]
	if address == "" || n < 2 {
		return false
	}
	s.TellProblem("no enrollment mail is sent: %d people have the address %s", n, dirsync.Quote(address))
	return true
}

// hashMail gives one hash to all addresses that may be one mailbox: however their letters
// are written or composed (NFKC, case folding), and with any of the full stops that mail
// systems take for a dot (IDNA, RFC 3490 3.1).
func hashMail(address string) uint64 {
	folded := norm.NFKC.String(cases.Fold().String(norm.NFKC.String(dirsync.Visible(strings.TrimSpace(address)))))
	return hashName(strings.ReplaceAll(folded, "\u3002", "."))
}

// planMails plans the enrollment mails: to people whom we created, who have a
// mail address and no device, up to the run's number, the longest waiting first.
func (d *deciding) planMails() {
	room := d.Rules.EnrollMails
	var created []*decide.Subject
	for _, s := range d.subjects {
		switch {
		case s.Want == nil || !s.Open:
		case s.Link != nil && s.Link.Mail == dirsync.MailDue && s.Live != nil && s.Next != nil:
			if !d.sharesMail(s) && room > 0 && s.PlanMail() {
				room--
			}
		case s.Link == nil && d.Rules.EnrollMails > 0:
			created = append(created, s)
		}
	}
	slices.SortStableFunc(created, func(a, b *decide.Subject) int {
		return cmp.Compare(dirsync.FoldName(a.Username()), dirsync.FoldName(b.Username()))
	})
	for _, s := range created {
		op := s.Carrier()
		if op == nil || op.Action != dirsync.Create || s.GetsPhones() || s.Want.Fields[dirsync.FieldEmail] == "" || cmp.Or(op.After()[dirsync.FieldStatus], dirsync.StatusActive) != dirsync.StatusActive {
			continue
		}
		op.Mail = true
		if !d.sharesMail(s) && room > 0 {
			s.Add(decide.MailTo(s.Want.Fields[dirsync.FieldEmail]))
			mail := s.Ops[len(s.Ops)-1]
			mail.User, mail.Follows = "", true
			room--
		}
	}
}

// putOff keeps back, after a switch, what gives something that the last read did not
// offer.
func (d *deciding) putOff(ctx context.Context) error {
	for _, s := range d.subjects {
		if !d.census.switchedOf(s.ID) || s.Link == nil || s.Want == nil || s.Next == nil || s.Want.Mark != nil {
			continue
		}
		if d.opts.Only != "" {
			again, err := d.offeredAgain(ctx, s)
			if err != nil {
				return err
			}
			if again {
				continue
			}
		}
		s.PutOff(s.Link.Offered)
	}
	return nil
}

// offeredAgain looks for one person once more on the same connection, which counts as
// the second read.
func (d *deciding) offeredAgain(ctx context.Context, s *decide.Subject) (bool, error) {
	found, err := d.Source.Lookup(ctx, []dirsync.SourceID{s.ID})
	if err != nil {
		return false, fmt.Errorf("looking again for %s: %w", s.Username(), err)
	}
	where := found[s.ID]
	if where.Person == nil || !d.Rules.Selected(where.Person) {
		return false, nil
	}
	want := d.Rules.Desire(where.Person)
	want.Prefer(s.Link.Asked)
	return want.Fields.Hash() == s.Want.Fields.Hash(), nil
}

// unwrittenSince is said of an operation that was about to be sent.
const unwrittenSince = "the audit file, which is required, can't be written since"

// given reports whether an operation of the plan gives, or changes otherwise.
func (a *application) given(o *dirsync.Op) bool {
	return guard.Gives(o, func(group string) string { return a.groups.live[group].Status })
}

// audited gives those of a wave that may be sent: once the audit file, which is required, can't
// be written, none that gives, in this run. What takes goes on.
func (a *application) audited(ctx context.Context, wave []*dirsync.Op) []*dirsync.Op {
	if slices.ContainsFunc(wave, a.given) && a.unwritten == nil {
		a.unwritten = a.unaudited(ctx, len(wave))
	}
	return slices.DeleteFunc(slices.Clone(wave), a.unaudit)
}

// stillAudited gives those of a call that may be sent, in the same way.
func (a *application) stillAudited(ops []*dirsync.Op) []*dirsync.Op {
	a.lookAgain(ops)
	return slices.DeleteFunc(slices.Clone(ops), func(o *dirsync.Op) bool {
		held := a.unaudit(o)
		if held && a.byOp[o] != nil {
			a.ahead.Passed(a.byOp[o])
		}
		return held
	})
}

// lookAgain looks whether the audit file can take what a call gives.
func (a *application) lookAgain(ops []*dirsync.Op) {
	if a.unwritten == nil && a.Audit != nil && a.Audit.Still != nil && slices.ContainsFunc(ops, a.given) {
		a.unwritten = a.Audit.Still(len(ops))
	}
}

// unaudit holds an operation that gives while the audit file can't be written, and reports
// whether it does.
func (a *application) unaudit(o *dirsync.Op) bool {
	if a.unwritten == nil || !a.given(o) {
		return false
	}
	listed := a.byOp[o]
	if listed == nil { // another try at an operation, the first of which is told
		return true
	}
	at := slices.IndexFunc(a.report.Guards, func(g dirsync.Guard) bool { return g.Name == dirsync.GuardAudit })
	if at < 0 {
		at, a.report.Guards = len(a.report.Guards), append(a.report.Guards, guard.Unaudited(a.unwritten))
	}
	g := &a.report.Guards[at]
	listed.Result, listed.Error, a.failed, a.retry[a.people.Find(o.Source)] = dirsync.ResultHeld, "", true, true
	g.Affected, g.Total, g.Ops = g.Affected+1, g.Total+1, append(g.Ops, o)
	return true
}
