package duosim

import "strconv"

// enrolled is Duo's is_enrolled.
func (u *User) enrolled() bool { return u.Enrolled || len(u.Phones)+len(u.Tokens) > 0 }

// renderUser gives a user as Duo's JSON. Names that were never set come as null
// for every other user and as "" for the rest: Duo does both.
func (a *account) renderUser(u *User) map[string]any {
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
	groups := make([]any, 0, len(u.Groups))
	for _, id := range u.Groups {
		groups = append(groups, renderGroup(a.groups.get(id)))
	}
	phones := make([]any, 0, len(u.Phones))
	for _, id := range u.Phones {
		phones = append(phones, renderPhone(a.phones.get(id)))
	}
	tokens := make([]any, 0, len(u.Tokens))
	for _, id := range u.Tokens {
		tokens = append(tokens, renderToken(a.tokens.get(id)))
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
		"is_enrolled": u.enrolled(), "enable_auto_prompt": !u.NoAutoPrompt, "lockout_reason": orNull(u.LockoutReason),
		"aliases": aliases, "groups": groups, "phones": phones,
		"tokens": tokens, "u2ftokens": []any{}, "webauthncredentials": credentials, "desktop_authenticators": []any{},
		"undocumented_property": map[string]any{"a client": "must not mind"},
	}
	addAliases(user, u)
	if u.ExternalID != "" {
		user["external_id"] = u.ExternalID
	}
	return user
}

// addAliases writes the aliases that have keys of their own.
func addAliases(into map[string]any, u *User) {
	for n := 1; n <= singleAliases; n++ {
		into["alias"+strconv.Itoa(n)] = orNull(u.alias(n))
	}
}

// renderOwner gives a user as one stands within a phone or a token.
func renderOwner(u *User) map[string]any {
	owner := map[string]any{
		"user_id": u.ID, "username": u.Username, "realname": u.Realname, "email": u.Email, "status": u.Status, "notes": u.Notes,
		"created": seconds(u.Created), "last_login": seconds(u.LastLogin), "is_enrolled": u.enrolled(),
	}
	addAliases(owner, u)
	return owner
}
