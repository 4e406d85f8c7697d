package auth

import (
	"fmt"
	"slices"
	"time"

	"duosync/duo/duosim/internal/account"
	"duosync/duo/duosim/internal/protocol"
	"duosync/duo/duosim/internal/route"
)

// authenticate performs a login and answers how it went, or with async the id by
// which loginStatus tells.
func authenticate(a *account.Account, c *route.Call) (any, *protocol.Refusal) {
	async, bad := c.Args.Flag("async", false)
	if bad != nil {
		return nil, bad
	}
	answer, bad := logIn(a, c)
	if bad != nil || !async {
		return answer, bad
	}
	id := fmt.Sprintf("00000000-0000-4000-8000-%012d", a.Next("login"))
	a.Logins[id] = account.Login{Verdict: answer, Begun: a.Now()}
	return map[string]any{"txid": id}, nil
}

// pushTime is how long a push waits for its answer.
const pushTime = time.Minute

// loginStatus tells of a login that was begun with async: first that a push is on
// its way, then the answer, or that none came in time.
func loginStatus(a *account.Account, c *route.Call) (any, *protocol.Refusal) {
	id, bad := c.Args.Text("txid")
	if bad != nil {
		return nil, bad
	}
	l, known := a.Logins[id]
	if !known {
		return nil, protocol.BadParameter("txid")
	}
	inTime := a.Now().Before(l.Begun.Add(pushTime))
	if !l.Asked || inTime && l.Verdict["status"] == "timeout" {
		l.Asked = true
		a.Logins[id] = l
		return verdict("waiting", "pushed", "Pushed a login request to your device..."), nil
	}
	return l.Verdict, nil
}

// logIn carries a login out. A passcode is a bypass code, a push is answered at
// once as the options say, a telephone call always with yes.
func logIn(a *account.Account, c *route.Call) (map[string]any, *protocol.Refusal) {
	u, bad := authUser(a, c.Args)
	if bad != nil {
		return nil, bad
	}
	if u == nil {
		return nil, protocol.BadParameter("username")
	}
	factor, bad := c.Args.Text("factor")
	if bad != nil {
		return nil, bad
	}
	if factor == "passcode" {
		return byPasscode(a, u, c.Args)
	}
	if !slices.Contains([]string{"auto", "push", "phone", "sms"}, factor) {
		return nil, protocol.BadParameter("factor")
	}
	device, bad := c.Args.Text("device")
	if bad != nil || device == "" {
		return nil, protocol.BadParameter("device")
	}
	if answer := withoutFactor(a, u); answer != nil {
		return answer, nil
	}
	p, able := phoneFor(a, u, device, factor)
	if p == nil {
		return nil, protocol.BadParameter("no capable device")
	}
	switch able {
	case "push":
		return pushed(a.Rules.PushAnswer), nil
	case "sms":
		a.SendText(p, account.Passcodes, "SMS passcodes")
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
	case account.PushApprove:
		return verdict("allow", "allow", "Success. Logging you in...")
	case account.PushWaiting:
		return verdict("deny", "timeout", "Login timed out.")
	case account.PushFraud:
		return verdict("deny", "fraud", "Login request denied. Reported as fraudulent.")
	}
	return verdict("deny", "deny", "Login request denied.")
}

// withoutFactor gives the answer to a login of somebody whom no factor matters
// for, or nil.
func withoutFactor(a *account.Account, u *account.User) map[string]any {
	switch a.Standing(u) {
	case account.StatusActive:
		return nil
	case account.StatusBypass:
		return verdict("allow", "bypass", "Account is in bypass mode")
	}
	return verdict("deny", "deny", "Your account is disabled and cannot access this application.")
}

func byPasscode(a *account.Account, u *account.User, from protocol.Args) (map[string]any, *protocol.Refusal) {
	passcode, bad := from.Text("passcode")
	if bad != nil || passcode == "" {
		return nil, protocol.BadParameter("passcode")
	}
	if answer := withoutFactor(a, u); answer != nil {
		return answer, nil
	}
	if !a.Spend(u, passcode) {
		return verdict("deny", "deny", "Incorrect passcode. Please try again."), nil
	}
	return verdict("allow", "allow", "Success. Logging you in..."), nil
}

// phoneFor finds the first phone of the user that is good for a factor, of all or
// of the one that is asked for, and what it is used for: auto is a push where
// that can be, else a call.
func phoneFor(a *account.Account, u *account.User, id, factor string) (p *account.Phone, able string) {
	factors := []string{factor}
	if factor == "auto" {
		factors = []string{"push", "phone"}
	}
	for _, able := range factors {
		for _, p := range a.Phones.Pick(u.Phones) {
			if (id == "auto" || id == p.ID) && slices.Contains(p.Capabilities(), able) {
				return p, able
			}
		}
	}
	return nil, ""
}
