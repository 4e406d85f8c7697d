package duosim

import (
	"errors"
	"fmt"
)

// Mails gives all enrollment mails since the start, in the order in which they
// were sent.
func (s *Server) Mails() []Mail { return s.Snapshot().Mails }

// Messages gives all text messages since the start, in the order in which they
// were sent.
func (s *Server) Messages() []Message { return s.Snapshot().Messages }

// EnrollWith does what a person does with a code, that of an enrollment mail or
// of /auth/v2/enroll: it enrolls a device as EnrollDevice does. A code that is
// unknown, expired or used, or whose user is gone, is an error.
func (s *Server) EnrollWith(code string, device Phone) (Phone, error) {
	var err error
	s.look(func(a *account) {
		e, known := a.enrollments[code]
		u := a.users.get(e.user)
		if !known || e.used || !a.now.Before(e.expires) || u == nil {
			err = errors.New("duosim: the code does not work")
			return
		}
		if device, err = a.enrollDevice(u, device); err == nil {
			e.used = true
			a.enrollments[code] = e
		}
	})
	return device, err
}

// EnrollDevice does what people do at their first login: a device of their own,
// with Duo Mobile on it, goes to the user, given by id, username or alias. What
// is left out of device is filled in; one without a number is a tablet. A number
// that Duo knows already is that phone, shared from then on. It returns the phone
// as stored. It is an error for a user whom Duo would not let in.
func (s *Server) EnrollDevice(user string, device Phone) (Phone, error) {
	var err error
	s.look(func(a *account) {
		u := a.users.get(user)
		if u == nil {
			u = a.byName(user, true)
		}
		if u == nil {
			err = fmt.Errorf("duosim: user %q: not there", user)
			return
		}
		device, err = a.enrollDevice(u, device)
	})
	return device, err
}

// Activate does what a person does with the activation link of a phone, from
// activation_url or a text message: Duo Mobile runs on it from then on. Without
// such a link, or after its time, it is an error.
func (s *Server) Activate(phone string) error {
	var err error
	s.look(func(a *account) { err = a.activate(phone) })
	return err
}

func (a *account) enrollDevice(u *User, device Phone) (Phone, error) {
	if standing := a.standing(u); standing != statusActive && standing != statusBypass {
		return Phone{}, fmt.Errorf("duosim: user %s: Duo lets nobody in who is %s", u.Username, standing)
	}
	if len(u.Phones) >= a.options.Limits.PhonesPerUser {
		return Phone{}, fmt.Errorf("duosim: user %s: too many phones", u.Username)
	}
	p := a.phones.get(a.numbers[device.key()])
	if p == nil {
		if device.Type == "" {
			device.Type = "mobile"
		}
		if device.Platform == "" {
			device.Platform = "apple ios"
		}
		device.ID, device.Users = "", nil
		stored, err := a.setPhone(device)
		if err != nil {
			return Phone{}, err
		}
		p = a.phones.get(stored.ID)
	}
	if _, bad := a.pair(u, p); bad != nil {
		return Phone{}, fmt.Errorf("duosim: phone %s: too many users", p.ID)
	}
	p.Activated = true
	a.changes++
	return p.clone(), nil
}
