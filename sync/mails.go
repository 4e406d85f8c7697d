package dirsync

import (
	"cmp"
	"slices"
)

// fewMails leaves of the people who wait for nothing but their enrollment mail
// as many as this run may send; the others need no look. Where no mails are to be
// sent any more, they stop waiting.
func (r *runner) fewMails() {
	most, n := r.engine.Rules.EnrollMails, 0
	r.subjects = slices.DeleteFunc(r.subjects, func(s *subject) bool {
		if !r.onlyMail(s) {
			return false
		}
		if most == 0 {
			next := *s.link
			next.Mail = MailNone
			s.next, s.quiet = &next, true
			return false
		}
		if s.link.Answered.Status != StatusActive { // none is sent before that is another one, which shows
			r.census.unchanged++
			return true
		}
		n++
		if n > most {
			r.census.unchanged++
		}
		return n > most
	})
}

// onlyMail reports whether a person was kept only because a mail is due.
func (r *runner) onlyMail(s *subject) bool {
	if s.link == nil || s.want == nil || s.link.Mail != MailDue || r.look[s.id] || s.contested {
		return false
	}
	rest := *s.link
	rest.Mail = MailNone
	b := rest.Brief()
	return !b.Pending && !b.Missing && !b.LetGo && s.want.problem == "" && b.Asked == s.want.fields.Hash() &&
		!slices.ContainsFunc(s.want.groups(), r.groups.takesIn)
}

// planMails plans the enrollment mails: to people whom we created, who have a
// mail address and no device, up to the run's number, the longest waiting first.
func (r *runner) planMails() {
	room := r.engine.Rules.EnrollMails
	var created []*subject
	for _, s := range r.subjects {
		switch {
		case s.want == nil || !s.open:
		case s.link != nil && s.link.Mail == MailDue && s.live != nil && s.next != nil:
			if room > 0 && s.planMail() {
				room--
			}
		case s.link == nil && r.engine.Rules.EnrollMails > 0:
			created = append(created, s)
		}
	}
	slices.SortStableFunc(created, func(a, b *subject) int { return cmp.Compare(FoldName(a.username()), FoldName(b.username())) })
	for _, s := range created {
		op := s.carrier()
		if op == nil || op.Action != Create || len(op.Phones) > 0 || s.want.fields[FieldEmail] == "" || cmp.Or(op.After()[FieldStatus], StatusActive) != StatusActive {
			continue
		}
		op.Mail = true
		if room > 0 {
			s.add(mailTo(s.want.fields[FieldEmail]))
			s.ops[len(s.ops)-1].User = ""
			room--
		}
	}
}

// planMail plans the mail that is due to a user who is there, and reports whether
// it did.
func (s *subject) planMail() bool {
	live := s.live
	address := cmp.Or(s.want.fields[FieldEmail], live.Email)
	switch {
	case live.Enrolled, len(live.Phones) > 0: // has a device meanwhile
		s.next.Mail = MailNone
		return false
	case address == "", live.Status != StatusActive:
		return false
	}
	s.add(mailTo(address))
	return true
}

func mailTo(address string) Op {
	return Op{Action: EnrollMail, Reason: "created, and without a device", Changes: []Change{{Field: FieldEmail, After: address}}}
}
