package duosim

import "slices"

// ping answers anyone, signed or not.
func (a *account) ping(*call) (any, *refusal) { return map[string]any{"time": a.now.Unix()}, nil }

// check answers whoever has Auth API keys.
func (a *account) check(*call) (any, *refusal) { return map[string]any{"time": a.now.Unix()}, nil }

// standing is the status by which a user logs in. A group's status overrides
// the user's, though it is not shown there; one in the Trash still counts as
// before.
func (a *account) standing(u *User) string {
	standing := u.Status
	if standing == statusTrashed {
		standing = u.StatusBefore
	}
	for _, status := range []string{statusDisabled, statusBypass} {
		if slices.ContainsFunc(pick(&a.groups, u.Groups), func(g *Group) bool { return g.Status == status }) {
			return status
		}
	}
	return standing
}

// preauth tells what a user could do: allow, auth, enroll or deny. A name that
// nobody has may enroll.
func (a *account) preauth(c *call) (any, *refusal) {
	u, bad := a.authUser(c.args)
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
	switch a.standing(u) {
	case statusBypass:
		return map[string]any{"result": "allow", "status_msg": "Account is in bypass mode"}, nil
	case statusActive:
	default:
		return map[string]any{"result": "deny", "status_msg": "Your account is disabled and cannot access this application."}, nil
	}
	if !u.enrolled() {
		return enroll, nil
	}
	devices := make([]any, 0, len(u.Phones)+len(u.Tokens))
	for _, p := range pick(&a.phones, u.Phones) {
		devices = append(devices, map[string]any{
			"device": p.ID, "type": "phone", "name": p.Name, "number": p.Number, "capabilities": p.capabilities(),
			"display_name": displayName(p),
		})
	}
	for _, t := range pick(&a.tokens, u.Tokens) {
		devices = append(devices, map[string]any{"device": t.ID, "type": "token", "name": t.Serial})
	}
	return map[string]any{"result": "auth", "status_msg": "Account is active", "devices": devices}, nil
}

// displayName is what people are shown of a phone: not the whole number.
func displayName(p *Phone) string {
	name := platforms()[p.Platform]
	if p.Number != "" {
		name += " (XXX-XXX-" + p.Number[len(p.Number)-4:] + ")"
	}
	return name
}

// authUser finds the user of username or user_id. An unknown id is refused, an
// unknown name gives nil.
func (a *account) authUser(from args) (*User, *refusal) {
	parameter := "username"
	if from.has("user_id") {
		parameter = "user_id"
	}
	value, bad := from.text(parameter)
	if bad != nil {
		return nil, bad
	}
	if value == "" || from.has("user_id") && from.has("username") {
		return nil, refuse(badParameters, parameter)
	}
	if parameter == "username" {
		return a.byName(value, true), nil
	}
	u := a.users.get(value)
	if u == nil {
		return nil, refuse(badParameters, "user_id")
	}
	return u, nil
}
