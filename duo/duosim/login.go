package duosim

import (
	"fmt"
	"slices"
	"time"
)

// authenticate performs a login and answers how it went, or with async the id by
// which authStatus tells.
func (a *account) authenticate(c *call) (any, *refusal) {
	async, bad := c.args.flag("async", false)
	if bad != nil {
		return nil, bad
	}
	answer, bad := a.logIn(c)
	if bad != nil || !async {
		return answer, bad
	}
	a.given["login"]++
	id := fmt.Sprintf("00000000-0000-4000-8000-%012d", a.given["login"])
	a.logins[id] = login{verdict: answer, begun: a.now}
	return map[string]any{"txid": id}, nil
}

// login is one that was begun with async.
type login struct {
	verdict map[string]any
	begun   time.Time
	asked   bool // for its status
}

// pushTime is how long a push waits for its answer.
const pushTime = time.Minute

// authStatus tells of a login that was begun with async: first that a push is on
// its way, then the answer, or that none came in time.
func (a *account) authStatus(c *call) (any, *refusal) {
	id, bad := c.args.text("txid")
	if bad != nil {
		return nil, bad
	}
	l, known := a.logins[id]
	if !known {
		return nil, refuse(badParameters, "txid")
	}
	inTime := a.now.Before(l.begun.Add(pushTime))
	if !l.asked || inTime && l.verdict["status"] == "timeout" {
		l.asked = true
		a.logins[id] = l
		return verdict("waiting", "pushed", "Pushed a login request to your device..."), nil
	}
	return l.verdict, nil
}

// What people can do with a push; see Options.
const (
	PushApprove = "approve"
	PushDeny    = "deny"
	PushFraud   = "fraud"
	PushWaiting = "waiting" // nothing
)

func (o *Options) pushAnswer() string {
	if o.PushAnswer == "" {
		return PushApprove
	}
	return o.PushAnswer
}

// logIn carries a login out. A passcode is a bypass code, a push is answered at
// once as the options say, a telephone call always with yes.
func (a *account) logIn(c *call) (map[string]any, *refusal) {
	u, bad := a.authUser(c.args)
	if bad != nil {
		return nil, bad
	}
	if u == nil {
		return nil, refuse(badParameters, "username")
	}
	factor, bad := c.args.text("factor")
	if bad != nil {
		return nil, bad
	}
	if factor == "passcode" {
		return a.byPasscode(u, c.args)
	}
	if !slices.Contains([]string{"auto", "push", "phone", "sms"}, factor) {
		return nil, refuse(badParameters, "factor")
	}
	device, bad := c.args.text("device")
	if bad != nil || device == "" {
		return nil, refuse(badParameters, "device")
	}
	if answer := a.withoutFactor(u); answer != nil {
		return answer, nil
	}
	p, able := a.device(u, device, factor)
	if p == nil {
		return nil, refuse(badParameters, "no capable device")
	}
	switch able {
	case "push":
		return pushed(a.options.pushAnswer()), nil
	case "sms":
		a.text(p, Passcodes, "SMS passcodes")
		p.PasscodesSent = true
		return verdict("deny", "sent", "New SMS passcodes sent"), nil
	}
	return verdict("allow", "allow", "Success. Logging you in..."), nil
}

// verdict is the answer to a login.
func verdict(result, status, text string) map[string]any {
	return map[string]any{"result": result, "status": status, "status_msg": text}
}

func pushed(answer string) map[string]any {
	switch answer {
	case PushApprove:
		return verdict("allow", "allow", "Success. Logging you in...")
	case PushWaiting:
		return verdict("deny", "timeout", "Login timed out.")
	case PushFraud:
		return verdict("deny", "fraud", "Login request denied. Reported as fraudulent.")
	}
	return verdict("deny", "deny", "Login request denied.")
}

// withoutFactor gives the answer to a login of somebody whom no factor matters
// for, or nil.
func (a *account) withoutFactor(u *User) map[string]any {
	switch a.standing(u) {
	case statusActive:
		return nil
	case statusBypass:
		return verdict("allow", "bypass", "Account is in bypass mode")
	}
	return verdict("deny", "deny", "Your account is disabled and cannot access this application.")
}

func (a *account) byPasscode(u *User, from args) (map[string]any, *refusal) {
	passcode, bad := from.text("passcode")
	if bad != nil || passcode == "" {
		return nil, refuse(badParameters, "passcode")
	}
	if answer := a.withoutFactor(u); answer != nil {
		return answer, nil
	}
	if !a.spend(u, passcode) {
		return verdict("deny", "deny", "Incorrect passcode. Please try again."), nil
	}
	return verdict("allow", "allow", "Success. Logging you in..."), nil
}

// device finds the first phone of the user that is good for a factor, of all or
// of the one that is asked for, and what it is used for: auto is a push where
// that can be, else a call.
func (a *account) device(u *User, id, factor string) (p *Phone, able string) {
	factors := []string{factor}
	if factor == "auto" {
		factors = []string{"push", "phone"}
	}
	for _, able := range factors {
		for _, p := range pick(&a.phones, u.Phones) {
			if (id == "auto" || id == p.ID) && slices.Contains(p.capabilities(), able) {
				return p, able
			}
		}
	}
	return nil, ""
}
