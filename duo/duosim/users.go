package duosim

import (
	"slices"
	"strconv"
	"strings"
)

// putUser stores a user under its id, if its names are free: unique, without
// case, among the usernames and aliases of everyone, the Trash included.
func (a *account) putUser(u *User) *refusal {
	if bad := a.freeNames(u); bad != nil {
		return bad
	}
	a.dropNames(u.ID)
	for _, name := range u.folded() {
		a.names[name] = u.ID
	}
	delete(a.trashed, u.ID)
	if u.Status == statusTrashed {
		a.trashed[u.ID] = true
	}
	a.users.put(u.ID, u)
	a.changes++
	return nil
}

// freeNames refuses a name that somebody else holds, or that the user has twice.
func (a *account) freeNames(u *User) *refusal {
	names := u.folded()
	for i, name := range names {
		if holder, taken := a.names[name]; taken && holder != u.ID || slices.Contains(names[:i], name) {
			return refuse(duplicate, "")
		}
	}
	return nil
}

func (a *account) dropNames(id string) {
	if u := a.users.get(id); u != nil {
		for _, name := range u.folded() {
			delete(a.names, name)
		}
	}
}

// removeUser deletes a user for good. The phones stay, without the user.
func (a *account) removeUser(id string) {
	u := a.users.get(id)
	if u == nil {
		return
	}
	a.dropNames(id)
	for _, phone := range u.Phones {
		dropFrom(&a.phones.get(phone).Users, id)
	}
	delete(a.trashed, id)
	a.users.remove(id)
	a.changes++
}

// dropFrom takes an id out of a list and tells whether it was there.
func dropFrom(ids *[]string, id string) bool {
	i := slices.Index(*ids, id)
	if i < 0 {
		return false
	}
	*ids = slices.Delete(*ids, i, i+1)
	if len(*ids) == 0 {
		*ids = nil // as if there had never been one
	}
	return true
}

// byName finds the user who holds a name; aliases count where they are wanted.
func (a *account) byName(name string, aliases bool) *User {
	u := a.users.get(a.names[fold(name)])
	if u == nil || !aliases && fold(u.Username) != fold(name) {
		return nil
	}
	return u
}

func (a *account) listUsers(c *call) (any, *refusal) {
	filters := slices.DeleteFunc([]string{"username", "email", "username_list", "user_id_list"},
		func(name string) bool { return !c.args.has(name) })
	if len(filters) > 1 {
		return nil, refuse(badParameters, filters[1])
	}
	if len(filters) == 1 && strings.HasSuffix(filters[0], "_list") {
		return a.usersIn(filters[0], c)
	}
	users := a.users.all(nil)
	if len(filters) == 1 {
		value, bad := c.args.text(filters[0])
		if bad != nil {
			return nil, bad
		}
		if filters[0] == "username" {
			users = slices.DeleteFunc([]*User{a.byName(value, true)}, func(u *User) bool { return u == nil })
		} else {
			users = a.users.all(func(u *User) bool { return strings.EqualFold(u.Email, value) })
		}
	}
	users = ordered(a, users)
	return paged(c, a.options.Limits.UsersPage, users, a.renderUser)
}

// usersIn answers username_list and user_id_list: each user once, unknown ones
// left out, limit and offset ignored.
func (a *account) usersIn(list string, c *call) (any, *refusal) {
	values, bad := c.args.texts(list, a.options.Limits.IDList)
	if bad != nil {
		return nil, bad
	}
	wanted := make(map[*User]bool)
	for _, value := range values {
		if list == "username_list" {
			wanted[a.byName(value, a.options.ListFindsAliases)] = true
		} else {
			wanted[a.users.get(value)] = true
		}
	}
	delete(wanted, nil)
	users := make([]*User, 0, len(wanted))
	for u := range wanted {
		users = append(users, u)
	}
	slices.SortFunc(users, func(x, y *User) int { return strings.Compare(x.ID, y.ID) })
	return whole(ordered(a, users), a.renderUser), nil
}

func (a *account) getUser(c *call) (any, *refusal) {
	u, bad := find(&a.users, c, "user")
	if bad != nil {
		return nil, bad
	}
	return a.renderUser(u), nil
}

func (a *account) createUser(c *call) (any, *refusal) { return a.create(c.args, true) }

func (a *account) create(from args, withAliases bool) (any, *refusal) {
	u := &User{Status: statusActive, Created: a.seconds()}
	if !from.has("username") {
		return nil, refuse(badParameters, "username")
	}
	if bad := a.edit(u, from, withAliases); bad != nil {
		return nil, bad
	}
	if bad := a.freeNames(u); bad != nil {
		return nil, bad
	}
	u.ID = a.newID("DU")
	if bad := a.putUser(u); bad != nil {
		return nil, bad
	}
	return a.renderUser(u), nil
}

func (a *account) modifyUser(c *call) (any, *refusal) {
	u, bad := a.ownUser(c)
	if bad != nil {
		return nil, bad
	}
	next := u.clone()
	if bad := a.edit(&next, c.args, true); bad != nil {
		return nil, bad
	}
	if bad := a.putUser(&next); bad != nil {
		return nil, bad
	}
	return a.renderUser(&next), nil
}

// ownUser finds the user that the path names, if it may be changed: not one of
// Duo's own directory sync. What Duo answers then is not documented.
func (a *account) ownUser(c *call) (*User, *refusal) {
	u, bad := find(&a.users, c, "user")
	if bad == nil && u.synced() {
		return nil, refuseSynced()
	}
	return u, bad
}

func refuseSynced() *refusal { return refuse(badParameters, "Managed by directory sync") }

// deleteUser is idempotent, immediate and permanent; it does not go by the Trash.
func (a *account) deleteUser(c *call) (any, *refusal) {
	if u := a.users.get(c.vars["user"]); u != nil && u.synced() {
		return nil, refuseSynced()
	}
	a.removeUser(c.vars["user"])
	return "", nil
}

// enrolled is Duo's is_enrolled.
func (u *User) enrolled() bool { return u.Enrolled || len(u.Phones) > 0 }

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
	user := map[string]any{
		"user_id": u.ID, "username": u.Username, "realname": u.Realname, "email": u.Email, "notes": u.Notes,
		"firstname": name(u.Firstname), "lastname": name(u.Lastname), "status": u.Status,
		"created": seconds(u.Created), "last_login": seconds(u.LastLogin), "last_directory_sync": seconds(u.LastDirectorySync),
		"is_enrolled": u.enrolled(), "enable_auto_prompt": !u.NoAutoPrompt, "lockout_reason": orNull(u.LockoutReason),
		"aliases": aliases, "groups": groups, "phones": phones,
		"tokens": []any{}, "u2ftokens": []any{}, "webauthncredentials": []any{}, "desktop_authenticators": []any{},
		"undocumented_property": map[string]any{"a client": "must not mind"},
	}
	for n := 1; n <= 4; n++ {
		user["alias"+strconv.Itoa(n)] = orNull(u.alias(n))
	}
	if u.ExternalID != "" {
		user["external_id"] = u.ExternalID
	}
	return user
}
