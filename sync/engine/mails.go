package engine

import (
	"cmp"
	dirsync "duosync/sync"
	"slices"
)

// fewMails leaves of the people who wait for nothing but their enrollment mail
// as many as this run may send; the others need no look. Where no mails are to be
// sent any more, they stop waiting.
func (d *deciding) fewMails() {
	most, n := d.Rules.EnrollMails, 0
	d.subjects = slices.DeleteFunc(d.subjects, func(s *subject) bool {
		if !d.onlyMail(s) {
			return false
		}
		if most == 0 {
			next := *s.link
			next.Mail = dirsync.MailNone
			s.next, s.quiet = &next, true
			return false
		}
		if s.link.Answered.Status != dirsync.StatusActive { // none is sent before that is another one, which shows
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
func (d *deciding) onlyMail(s *subject) bool {
	if s.link == nil || s.want == nil || s.link.Mail != dirsync.MailDue || d.fresh.recheck[s.id] || s.contested {
		return false
	}
	rest := *s.link
	rest.Mail = dirsync.MailNone
	b := rest.Brief()
	return !b.Pending && !b.Missing && !b.LetGo && s.want.Problem == "" && b.Asked == s.want.Fields.Hash() &&
		!slices.ContainsFunc(s.want.Groups(), d.groups.takesIn)
}

// planMails plans the enrollment mails: to people whom we created, who have a
// mail address and no device, up to the run's number, the longest waiting first.
func (d *deciding) planMails() {
	room := d.Rules.EnrollMails
	var created []*subject
	for _, s := range d.subjects {
		switch {
		case s.want == nil || !s.open:
		case s.link != nil && s.link.Mail == dirsync.MailDue && s.live != nil && s.next != nil:
			if room > 0 && s.planMail() {
				room--
			}
		case s.link == nil && d.Rules.EnrollMails > 0:
			created = append(created, s)
		}
	}
	slices.SortStableFunc(created, func(a, b *subject) int {
		return cmp.Compare(dirsync.FoldName(a.username()), dirsync.FoldName(b.username()))
	})
	for _, s := range created {
		op := s.carrier()
		if op == nil || op.Action != dirsync.Create || len(op.Phones) > 0 || s.want.Fields[dirsync.FieldEmail] == "" || cmp.Or(op.After()[dirsync.FieldStatus], dirsync.StatusActive) != dirsync.StatusActive {
			continue
		}
		op.Mail = true
		if room > 0 {
			s.add(mailTo(s.want.Fields[dirsync.FieldEmail]))
			s.ops[len(s.ops)-1].User = ""
			room--
		}
	}
}

// planMail plans the mail that is due to a user who is there, and reports whether
// it did.
func (s *subject) planMail() bool {
	live := s.live
	address := cmp.Or(s.want.Fields[dirsync.FieldEmail], live.Email)
	switch {
	case live.Enrolled, len(live.Phones) > 0: // has a device meanwhile
		s.next.Mail = dirsync.MailNone
		return false
	case address == "", live.Status != dirsync.StatusActive:
		return false
	}
	s.add(mailTo(address))
	return true
}

func mailTo(address string) dirsync.Op {
	return dirsync.Op{Action: dirsync.EnrollMail, Reason: "created, and without a device", Changes: []dirsync.Change{{Field: dirsync.FieldEmail, After: address}}}
}
