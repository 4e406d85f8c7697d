package duosim

import (
	"fmt"
	"time"
)

// Mail is an enrollment mail that Duo has sent.
type Mail struct {
	To            string // as the call had it; it need not be the user's own address
	UserID        string
	Username      string // at that time
	Code          string // see EnrollWith
	Sent, Expires time.Time
}

// How long codes work where valid_secs is left out, in seconds.
const (
	mailValid       = 30 * 24 * 60 * 60
	activationValid = 24 * 60 * 60
)

// enrollment is a code by which a person can enroll a device.
type enrollment struct {
	user    string // id
	expires time.Time
	used    bool
}

// newCode gives 16 hexadecimal digits, always the same ones in the same order
// and never the same twice.
func (a *account) newCode() string {
	a.given["enrollment"]++
	return fmt.Sprintf("%016x", uint64(a.given["enrollment"])*0x9E3779B97F4A7C15)
}

// enrollUser mails an enrollment link and answers its code. The name may be an
// alias. A user that is not there is created with that address; one that is
// there keeps its own. The mail goes out whoever the user is: enrolled already,
// disabled, in the Trash. Duo's documents are silent on that, and a mail too many
// is what a client must not cause.
func (a *account) enrollUser(c *call) (any, *refusal) {
	name, bad := c.args.text("username")
	if bad != nil || fold(name) == "" {
		return nil, refuse(badParameters, "username")
	}
	to, bad := c.args.text("email")
	if bad != nil || !fits(to, a.options.Limits.Email) || !isAddress(to) {
		return nil, refuse(badParameters, "email")
	}
	valid, bad := c.args.number("valid_secs", mailValid, 1)
	if bad != nil {
		return nil, bad
	}
	if a.byName(name, true) == nil {
		if _, bad := a.create(args{"username": name, "email": to}, false); bad != nil {
			return nil, bad
		}
	}
	u := a.byName(name, true)
	code := a.newCode()
	expires := a.allow(code, u, valid)
	a.mails = append(a.mails, Mail{To: to, UserID: u.ID, Username: u.Username, Code: code, Sent: a.seconds(), Expires: expires})
	return code, nil
}

// allow makes a code good for the enrollment of a user, for some seconds.
func (a *account) allow(code string, u *User, valid int) (expires time.Time) {
	expires = a.seconds().Add(time.Duration(valid) * time.Second)
	a.enrollments[code] = enrollment{user: u.ID, expires: expires}
	a.changes++
	return expires
}

// authEnroll creates a user, under a made up name where none is given, and
// answers a code for Duo Mobile. A name that somebody has is refused.
func (a *account) authEnroll(c *call) (any, *refusal) {
	name, bad := c.args.text("username")
	if bad != nil {
		return nil, bad
	}
	valid, bad := c.args.number("valid_secs", activationValid, 1)
	if bad != nil {
		return nil, bad
	}
	code := "duo://" + a.newCode()
	if name == "" {
		name = "user-" + code[len(code)-8:]
	}
	if a.byName(name, true) != nil {
		return nil, refuse(badParameters, "username")
	}
	if _, bad := a.create(args{"username": name}, false); bad != nil {
		return nil, bad
	}
	u := a.byName(name, true)
	expires := a.allow(code, u, valid)
	return map[string]any{
		"activation_barcode": barcode(code), "activation_code": code, "activation_url": "https://m.invalid/activate/" + code[len("duo://"):],
		"expiration": expires.Unix(), "user_id": u.ID, "username": u.Username,
	}, nil
}

// barcode gives the address of an image that shows a code.
func barcode(code string) string { return "https://api.invalid/frame/qr?value=" + escape(code) }

// authEnrollStatus tells what became of a code of authEnroll: success, waiting or
// invalid.
func (a *account) authEnrollStatus(c *call) (any, *refusal) {
	user, bad := c.args.text("user_id")
	if bad != nil || user == "" {
		return nil, refuse(badParameters, "user_id")
	}
	code, bad := c.args.text("activation_code")
	if bad != nil || code == "" {
		return nil, refuse(badParameters, "activation_code")
	}
	switch e, known := a.enrollments[code]; {
	case !known || e.user != user || a.users.get(user) == nil:
		return "invalid", nil
	case e.used:
		return "success", nil
	case !a.now.Before(e.expires):
		return "invalid", nil
	}
	return "waiting", nil
}
