package decide

import (
	"cmp"

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
	case address == "", live.Status != dirsync.StatusActive:
		return false
	}
	s.Add(MailTo(address))
	return true
}

// MailTo is the operation that sends an enrollment mail.
func MailTo(address string) dirsync.Op {
	return dirsync.Op{Action: dirsync.EnrollMail, Reason: "created, and without a device", Changes: []dirsync.Change{{Field: dirsync.FieldEmail, After: address}}}
}
