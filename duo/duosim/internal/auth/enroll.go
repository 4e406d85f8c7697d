package auth

import (
	"duosync/duo/duosim/internal/account"
	"duosync/duo/duosim/internal/admin"
	"duosync/duo/duosim/internal/protocol"
	"duosync/duo/duosim/internal/route"
)

// enroll creates a user, under a made up name where none is given, and
// answers a code for Duo Mobile. A name that somebody has is refused.
func enroll(a *account.Account, c *route.Call) (any, *protocol.Refusal) {
	name, bad := c.Args.Text("username")
	if bad != nil {
		return nil, bad
	}
	valid, bad := c.Args.Number("valid_secs", account.ActivationValid, 1)
	if bad != nil {
		return nil, bad
	}
	code := "duo://" + a.NewCode()
	if name == "" {
		name = "user-" + code[len(code)-8:]
	}
	if a.ByName(name, true) != nil {
		return nil, protocol.BadParameter("username")
	}
	if _, bad := admin.Create(a, protocol.Args{"username": name}, false); bad != nil {
		return nil, bad
	}
	u := a.ByName(name, true)
	expires := a.AllowEnrollment(code, u, valid)
	return map[string]any{
		"activation_barcode": account.Barcode(code), "activation_code": code, "activation_url": "https://m.invalid/activate/" + code[len("duo://"):],
		"expiration": expires.Unix(), "user_id": u.ID, "username": u.Username,
	}, nil
}

// enrollStatus tells what became of a code of enroll: success, waiting or
// invalid.
func enrollStatus(a *account.Account, c *route.Call) (any, *protocol.Refusal) {
	user, bad := c.Args.Text("user_id")
	if bad != nil || user == "" {
		return nil, protocol.BadParameter("user_id")
	}
	code, bad := c.Args.Text("activation_code")
	if bad != nil || code == "" {
		return nil, protocol.BadParameter("activation_code")
	}
	return a.EnrollmentStatus(user, code), nil
}
