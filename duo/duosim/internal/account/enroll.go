package account

import (
	"errors"
	"fmt"
	"net/url"
	"time"
)

// codes are by what people enroll and activate their devices.
type codes struct {
	enrollments map[string]enrollment // by code
	activations map[string]time.Time  // phone id → until when its link works
}

// How long codes work where valid_secs is left out, in seconds.
const (
	MailValid       = 30 * 24 * 60 * 60
	ActivationValid = 24 * 60 * 60
)

// enrollment is a code by which a person can enroll a device.
type enrollment struct {
	user    string // id
	expires time.Time
	used    bool
}

// NewCode gives 16 hexadecimal digits, always the same ones in the same order
// and never the same twice.
func (a *Account) NewCode() string {
	return fmt.Sprintf("%016x", uint64(a.Next("enrollment"))*0x9E3779B97F4A7C15)
}

// Barcode gives the address of an image that shows a code.
func Barcode(code string) string {
	return "https://api.invalid/frame/qr?value=" + url.QueryEscape(code)
}

// AllowEnrollment makes a code good for the enrollment of a user, for some seconds.
func (a *Account) AllowEnrollment(code string, u *User, valid int) (expires time.Time) {
	expires = a.Seconds().Add(time.Duration(valid) * time.Second)
	a.codes.enrollments[code] = enrollment{user: u.ID, expires: expires}
	a.Changed()
	return expires
}

// MailEnrollment sends a user, at that address, a mail with a code that works for
// some seconds, and gives the code.
func (a *Account) MailEnrollment(u *User, to string, valid int) string {
	code := a.NewCode()
	expires := a.AllowEnrollment(code, u, valid)
	a.sent.mails = append(a.sent.mails, Mail{To: to, UserID: u.ID, Username: u.Username, Code: code, Sent: a.Seconds(), Expires: expires})
	return code
}

// EnrollmentStatus tells what became of a code of a user: success, waiting or
// invalid.
func (a *Account) EnrollmentStatus(user, code string) string {
	switch e, known := a.codes.enrollments[code]; {
	case !known || e.user != user || a.Users.Get(user) == nil:
		return "invalid"
	case e.used:
		return "success"
	case !a.now.Before(e.expires):
		return "invalid"
	}
	return "waiting"
}

// EnrollWith enrolls a device by a code, which then is used up.
func (a *Account) EnrollWith(code string, device Phone) (Phone, error) {
	e := a.codes.enrollments[code]
	if a.EnrollmentStatus(e.user, code) != "waiting" {
		return device, errors.New("duosim: the code does not work")
	}
	device, err := a.EnrollDevice(a.Users.Get(e.user), device)
	if err == nil {
		e.used = true
		a.codes.enrollments[code] = e
	}
	return device, err
}

// EnrollDevice gives a user a device with Duo Mobile on it. A number that Duo knows
// already is that phone.
func (a *Account) EnrollDevice(u *User, device Phone) (Phone, error) {
	if standing := a.Standing(u); standing != StatusActive && standing != StatusBypass {
		return Phone{}, fmt.Errorf("duosim: user %s: Duo lets nobody in who is %s", u.Username, standing)
	}
	if len(u.Phones) >= a.Rules.Limits.PhonesPerUser {
		return Phone{}, fmt.Errorf("duosim: user %s: too many phones", u.Username)
	}
	p := a.PhoneByNumber(device.Number, device.Extension)
	if p == nil {
		if device.Type == "" {
			device.Type = "mobile"
		}
		if device.Platform == "" {
			device.Platform = "apple ios"
		}
		device.ID, device.Users = "", nil
		stored, err := a.SetPhone(device)
		if err != nil {
			return Phone{}, err
		}
		p = a.Phones.Get(stored.ID)
	}
	if !a.GivePhone(u, p) {
		return Phone{}, fmt.Errorf("duosim: phone %s: too many users", p.ID)
	}
	p.Activated = true
	a.Changed()
	return p.Clone(), nil
}
