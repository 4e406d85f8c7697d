package duosim

import (
	"slices"
	"strings"
)

// removeUser deletes a user for good. Phones and tokens stay, without the user.
func (a *account) removeUser(id string) {
	u := a.users.get(id)
	if u == nil {
		return
	}
	a.dropNames(id)
	for _, p := range pick(&a.phones, u.Phones) {
		dropFrom(&p.Users, id)
	}
	for _, t := range pick(&a.tokens, u.Tokens) {
		dropFrom(&t.Users, id)
	}
	delete(a.trashed, id)
	a.users.remove(id)
	a.changes++
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
	if !a.options.OwnNamesMove && moves(u, &next) {
		return nil, refuse(duplicate, "")
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
