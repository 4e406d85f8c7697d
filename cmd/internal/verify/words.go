package verify

import (
	"fmt"
	"strings"

	"duosync/duo/api"
	dirsync "duosync/sync"
)

// introduce says who it is in Duo.
func (v *verifier) introduce() {
	a := v.account
	if a == nil {
		v.say("The Admin API did not look the user up, so this is what Duo says of the name alone (%v).", v.blind)
		return
	}
	status := a.Status
	if a.LockoutReason != "" {
		status += fmt.Sprintf(" (Duo's reason: %s)", dirsync.Quote(a.LockoutReason))
	}
	v.say("Duo user %s, status %s.", a.ID, status)
	if v.asked != a.ID && dirsync.FoldName(v.asked) != dirsync.FoldName(a.Username) {
		v.say("Found by the alias %s.", dirsync.Quote(v.asked))
	}
}

// prospects says what would become of a login.
func (v *verifier) prospects(p *api.Preauth) {
	switch p.Result {
	case api.PreauthAuth:
		v.conclude(Allow, "can authenticate")
		v.devices(p.Devices)
	case api.PreauthAllow:
		v.conclude(Allow, "can authenticate, without a second factor")
		v.bypassed()
	case api.PreauthEnroll:
		v.conclude(Enroll, "cannot authenticate yet: must enroll")
		v.notEnrolled()
	case api.PreauthDeny:
		v.denied()
		v.quote(p.Message)
	}
	v.trashed()
}

func (v *verifier) devices(devices []api.Device) {
	if len(devices) == 0 {
		v.say("Duo asks for a second factor. It lists no device, as for a security key.")
		return
	}
	names := make([]string, len(devices))
	for i, d := range devices {
		names[i] = d.Name
		if ways := waysOf(d.Capabilities); len(ways) > 0 {
			names[i] += fmt.Sprintf(" (%s)", strings.Join(ways, ", "))
		}
	}
	v.say("Duo asks for a second factor, by %s.", strings.Join(names, "; "))
}

// waysOf names what a device can be used for; one that is not known keeps Duo's word.
func waysOf(capabilities []string) []string {
	var ways []string
	for _, c := range capabilities {
		switch c {
		case "auto": // whichever suits
			continue
		case "mobile_otp":
			c = "passcode"
		case "phone":
			c = "call"
		case "sms":
			c = "SMS"
		}
		ways = append(ways, c)
	}
	return ways
}

func (v *verifier) bypassed() {
	switch {
	case v.account != nil && v.account.Status == dirsync.StatusBypass:
		v.say("The user's status is bypass: Duo asks for no second factor.")
	case v.account != nil && v.account.Status == dirsync.StatusActive:
		v.say("Duo asks for no second factor. The reason is not the user's own status, but a group with bypass, or a policy.%s", v.groups())
	default:
		v.say("Duo asks for no second factor: the user, a group or a policy has bypass.")
	}
}

func (v *verifier) notEnrolled() {
	switch {
	case v.account == nil:
		v.say("Duo says so of users without a device, and of names that no user has.")
	case v.account.Enrolled:
		v.say("Duo wants another device than those that the user has.")
	default:
		v.say("The user has no device in Duo yet.")
	}
}

func (v *verifier) denied() {
	v.conclude(Deny, "cannot authenticate: Duo denies it")
	if v.account == nil {
		return
	}
	switch v.account.Status {
	case dirsync.StatusDisabled:
		v.Title = "cannot authenticate: disabled in Duo"
	case dirsync.StatusLockedOut:
		v.Title = "cannot authenticate: locked out in Duo"
		v.say("That comes of too many failed logins, as a rule. An administrator can set the status to active in the Duo Admin Panel.")
	case dirsync.StatusActive, dirsync.StatusBypass:
		v.say("The reason is not the user's own status, but a disabled group, or a policy.%s", v.groups())
	}
}

// groups names the user's groups, whose status counts before the user's own.
func (v *verifier) groups() string {
	if len(v.account.Groups) == 0 {
		return ""
	}
	names := make([]string, len(v.account.Groups))
	for i, group := range v.account.Groups {
		names[i] = dirsync.Quote(group.Name)
	}
	return fmt.Sprintf(" The groups: %s.", strings.Join(names, ", "))
}

func (v *verifier) trashed() {
	if v.account == nil || v.account.Status != dirsync.StatusPendingDeletion {
		return
	}
	v.Title += " (in Duo's Trash)"
	text := "The user is in Duo's Trash and will be deleted for good."
	if v.Can() {
		text += " Until then Duo lets the user log in: disable users before they go there."
	}
	v.say("%s", text)
}

// unknown says what would become of a login by a name that no user has.
func (v *verifier) unknown(p *api.Preauth) {
	switch p.Result {
	case api.PreauthEnroll:
		v.Result = Enroll
		v.say("A login by this name would be asked to enroll (Duo's new user policy).")
	case api.PreauthAllow:
		v.conclude(Allow, "can authenticate, without being a user in Duo")
		v.say("A login by this name would be let in without a second factor: that is Duo's new user policy.")
	case api.PreauthAuth:
		v.conclude(Allow, "can authenticate")
		v.say("Yet Duo would ask a login by this name for a second factor: the user may have been made just now.")
	case api.PreauthDeny:
		v.say("A login by this name would be denied (Duo's new user policy).")
	}
}

// untried says that a login which was asked for was not made, and why where that is not
// plain.
func (v *verifier) untried(why string) {
	switch {
	case v.opts.Push:
		v.say("Nothing was pushed%s.", why)
	case v.opts.Passcode != "":
		v.say("The passcode was not tried%s.", why)
	}
}

// pushed says how a push was answered.
func (v *verifier) pushed(verdict *api.Verdict) {
	if verdict.Allowed {
		v.say("The push was approved.")
		return
	}
	title, words := "did not authenticate: the push was denied", "The push was denied."
	switch verdict.Status {
	case "timeout":
		title, words = "did not authenticate: nobody answered the push", "Nobody answered the push in time."
	case "fraud":
		title, words = "did not authenticate: the push was reported as fraud", "The push was reported as fraud; Duo tells the administrators."
	}
	v.conclude(Deny, title)
	v.say("%s", words)
	v.quote(verdict.Message)
}

// loggedIn says how a login with a passcode went.
func (v *verifier) loggedIn(verdict *api.Verdict) {
	if verdict.Allowed {
		v.conclude(Allow, "can authenticate")
		v.say("Duo accepted the passcode.")
		return
	}
	v.conclude(Deny, "did not authenticate: Duo refused the passcode")
	v.say("Duo refused the passcode.")
	v.quote(verdict.Message)
}

func (v *verifier) quote(message string) {
	if message != "" {
		v.say("Duo says: %q", message)
	}
}
