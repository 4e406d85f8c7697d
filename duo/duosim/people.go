package duosim

import (
	"fmt"

	"duosync/duo/duosim/internal/account"
)

// EnrollWith does what a person does with a code, that of an enrollment mail or
// of /auth/v2/enroll: it enrolls a device as EnrollDevice does. A code that is
// unknown, expired or used, or whose user is gone, is an error.
func (s *Server) EnrollWith(code string, device Phone) (Phone, error) {
	var err error
	s.with(func(a *account.Account) { device, err = a.EnrollWith(code, device) })
	return device, err
}

// EnrollDevice does what people do at their first login: a device of their own,
// with Duo Mobile on it, goes to the user, given by id, username or alias. What
// is left out of device is filled in; one without a number is a tablet. A number
// that Duo knows already is that phone, shared from then on. It returns the phone
// as stored. It is an error for a user whom Duo would not let in.
func (s *Server) EnrollDevice(user string, device Phone) (Phone, error) {
	var err error
	s.with(func(a *account.Account) {
		u := a.Users.Get(user)
		if u == nil {
			u = a.ByName(user, true)
		}
		if u == nil {
			err = fmt.Errorf("duosim: user %q: not there", user)
			return
		}
		device, err = a.EnrollDevice(u, device)
	})
	return device, err
}

// Activate does what a person does with the activation link of a phone, from
// activation_url or a text message: Duo Mobile runs on it from then on. Without
// such a link, or after its time, it is an error.
func (s *Server) Activate(phone string) (err error) {
	s.with(func(a *account.Account) { err = a.Activate(phone) })
	return err
}
