package admin

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"duosync/duo/duosim/internal/account"
	"duosync/duo/duosim/internal/route"
)

// renderUser gives a user as Duo's JSON. Names that were never set come as null
// for every other user and as "" for the rest: Duo does both.
func renderUser(a *account.Account, u *account.User) map[string]any {
	name := orNull
	if len(u.ID) > 0 && u.ID[len(u.ID)-1]%2 == 0 {
		name = func(text string) any { return text }
	}
	aliases := make(map[string]string)
	for i, alias := range u.Aliases {
		if alias != "" {
			aliases["alias"+strconv.Itoa(i+1)] = alias
		}
	}
	credentials := []any{}
	if u.Enrolled {
		credentials = append(credentials, map[string]any{
			"credential_name": "Touch ID", "date_added": seconds(u.Created), "label": "Touch ID", "webauthnkey": "W" + u.ID[1:],
		})
	}
	user := map[string]any{
		"user_id": u.ID, "username": u.Username, "realname": u.Realname, "email": u.Email, "notes": u.Notes,
		"firstname": name(u.Firstname), "lastname": name(u.Lastname), "status": u.Status,
		"created": seconds(u.Created), "last_login": seconds(u.LastLogin), "last_directory_sync": seconds(u.LastDirectorySync),
		"is_enrolled": u.IsEnrolled(), "enable_auto_prompt": !u.NoAutoPrompt, "lockout_reason": orNull(u.LockoutReason),
		"aliases": aliases, "groups": route.Rendered(a.Groups.Pick(u.Groups), renderGroup),
		"phones": route.Rendered(a.Phones.Pick(u.Phones), renderPhone), "tokens": route.Rendered(a.Tokens.Pick(u.Tokens), renderToken),
		"u2ftokens": []any{}, "webauthncredentials": credentials, "desktop_authenticators": []any{},
		"undocumented_property": map[string]any{"a client": "must not mind"},
	}
	addAliases(user, u)
	if u.ExternalID != "" {
		user["external_id"] = u.ExternalID
	}
	return user
}

// addAliases writes the aliases that have keys of their own.
func addAliases(into map[string]any, u *account.User) {
	for n := 1; n <= account.SingleAliases; n++ {
		into["alias"+strconv.Itoa(n)] = orNull(u.Alias(n))
	}
}

// renderOwner gives a user as one stands within a phone or a token.
func renderOwner(u *account.User) map[string]any {
	owner := map[string]any{
		"user_id": u.ID, "username": u.Username, "realname": u.Realname, "email": u.Email, "status": u.Status, "notes": u.Notes,
		"created": seconds(u.Created), "last_login": seconds(u.LastLogin), "is_enrolled": u.IsEnrolled(),
	}
	addAliases(owner, u)
	return owner
}

// renderGroup gives a group as Duo's JSON: the status with a capital, and the
// directory within the name of a synced one.
func renderGroup(g *account.Group) map[string]any {
	name := g.Name
	if g.SyncedFrom != "" {
		name = fmt.Sprintf("%s (from %q)", g.Name, g.SyncedFrom)
	}
	return map[string]any{
		"group_id": g.ID, "name": name, "desc": g.Desc, "status": capital(g.Status),
		"push_enabled": true, "sms_enabled": true, "voice_enabled": true, "mobile_otp_enabled": true, "u2f_enabled": false,
		"undocumented_property": 1,
	}
}

// capital gives a text with its first letter, an ASCII one, as a capital.
func capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// renderPhone gives a phone as it stands within a user.
func renderPhone(p *account.Phone) map[string]any {
	return map[string]any{
		"phone_id": p.ID, "number": p.Number, "extension": p.Extension, "name": p.Name,
		"type": capital(p.Type), "platform": account.Platforms()[p.Platform], "activated": p.Activated, "capabilities": p.Capabilities(),
		"predelay": orNull(p.Predelay), "postdelay": orNull(p.Postdelay), "sms_passcodes_sent": p.PasscodesSent,
		"last_seen": "", "model": "Unknown", "encrypted": "", "fingerprint": "", "screenlock": "", "tampered": "",
		"undocumented_property": nil,
	}
}

// renderPhoneWhole gives a phone as the phones' own endpoints do: with users.
func renderPhoneWhole(a *account.Account, p *account.Phone) map[string]any {
	phone := renderPhone(p)
	phone["users"] = route.Rendered(account.Ordered(a, a.Users.Pick(p.Users)), renderOwner)
	return phone
}

// renderToken gives a token as it stands within a user.
func renderToken(t *account.Token) map[string]any {
	return map[string]any{"token_id": t.ID, "type": t.Type, "serial": t.Serial, "totp_step": nil}
}

// renderTokenWhole gives a token as the tokens' own endpoints do: with users.
func renderTokenWhole(a *account.Account, t *account.Token) map[string]any {
	token := renderToken(t)
	token["users"] = route.Rendered(account.Ordered(a, a.Users.Pick(t.Users)), renderOwner)
	return token
}

// seconds gives a time as Duo's JSON has it: seconds, or null.
func seconds(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.Unix()
}

// orNull gives null for an empty text.
func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}
