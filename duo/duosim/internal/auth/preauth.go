package auth

import (
	"duosync/duo/duosim/internal/account"
	"duosync/duo/duosim/internal/protocol"
	"duosync/duo/duosim/internal/route"
)

// preauth tells what a user could do: allow, auth, enroll or deny. A name that
// nobody has may enroll.
func preauth(a *account.Account, c *route.Call) (any, *protocol.Refusal) {
	u, bad := authUser(a, c.Args)
	if bad != nil {
		return nil, bad
	}
	enroll := map[string]any{
		"result": "enroll", "status_msg": "Enroll an authentication device to proceed",
		"enroll_portal_url": "https://enroll.invalid/portal?code=simulated",
	}
	if u == nil {
		return enroll, nil
	}
	switch a.Standing(u) {
	case account.StatusBypass:
		return map[string]any{"result": "allow", "status_msg": "Account is in bypass mode"}, nil
	case account.StatusActive:
	default:
		return map[string]any{"result": "deny", "status_msg": "Your account is disabled and cannot access this application."}, nil
	}
	if !u.IsEnrolled() {
		return enroll, nil
	}
	devices := make([]any, 0, len(u.Phones)+len(u.Tokens))
	for _, p := range a.Phones.Pick(u.Phones) {
		devices = append(devices, map[string]any{
			"device": p.ID, "type": "phone", "name": p.Name, "number": p.Number, "capabilities": p.Capabilities(),
			"display_name": displayName(p),
		})
	}
	for _, t := range a.Tokens.Pick(u.Tokens) {
		devices = append(devices, map[string]any{"device": t.ID, "type": "token", "name": t.Serial})
	}
	return map[string]any{"result": "auth", "status_msg": "Account is active", "devices": devices}, nil
}

// displayName is what people are shown of a phone: not the whole number.
func displayName(p *account.Phone) string {
	name := account.Platforms()[p.Platform]
	if p.Number != "" {
		name += " (XXX-XXX-" + p.Number[len(p.Number)-4:] + ")"
	}
	return name
}

// authUser finds the user of username or user_id. An unknown id is refused, an
// unknown name gives nil.
func authUser(a *account.Account, from protocol.Args) (*account.User, *protocol.Refusal) {
	parameter := "username"
	if from.Has("user_id") {
		parameter = "user_id"
	}
	value, bad := from.Text(parameter)
	if bad != nil {
		return nil, bad
	}
	if value == "" || from.Has("user_id") && from.Has("username") {
		return nil, protocol.BadParameter(parameter)
	}
	if parameter == "username" {
		return a.ByName(value, true), nil
	}
	u := a.Users.Get(value)
	if u == nil {
		return nil, protocol.BadParameter("user_id")
	}
	return u, nil
}
