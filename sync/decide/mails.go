package decide

import (
	"cmp"
	"strings"

	dirsync "duosync/sync"
)

// PlanMail plans the mail that is due to a user who is there, and reports whether
// it did.
func (s *Subject) PlanMail() bool {
	live := s.Live
	address := cmp.Or(s.Want.Fields[dirsync.FieldEmail], live.Email)
	switch {
	case live.Enrolled, len(live.Phones) > 0: // has a device meanwhile
		s.Next.Mail = dirsync.MailNone
		return false
	case address == "", live.Status != dirsync.StatusActive, !s.willHave(address):
		return false
	}
	s.Add(MailTo(address))
	return true
}

// willHave reports whether the user has a mail address, or will when the plan is done.
func (s *Subject) willHave(address string) bool {
	for i := range s.Ops {
		if c := s.Ops[i].Change(dirsync.FieldEmail); c != nil {
			return HasAddress(c.After, address)
		}
	}
	return HasAddress(s.Live.Email, address)
}

// HasAddress reports whether the address that Duo has is the one that a mail is to go to. Duo
// keeps no outer blanks.
func HasAddress(has, address string) bool {
	return strings.EqualFold(strings.TrimSpace(has), strings.TrimSpace(address))
}

// MailTo is the operation that sends an enrollment mail.
func MailTo(address string) dirsync.Op {
	return dirsync.Op{Action: dirsync.EnrollMail, Reason: "created, and without a device", Changes: []dirsync.Change{{Field: dirsync.FieldEmail, After: address}}}
}
