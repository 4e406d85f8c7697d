package admin

import (
	"slices"
	"strings"

	"duosync/duo/duosim/internal/account"
	"duosync/duo/duosim/internal/protocol"
	"duosync/duo/duosim/internal/route"
)

func listUsers(a *account.Account, c *route.Call) (any, *protocol.Refusal) {
	filters := slices.DeleteFunc([]string{"username", "email", "username_list", "user_id_list"},
		func(name string) bool { return !c.Args.Has(name) })
	if len(filters) > 1 {
		return nil, protocol.BadParameter(filters[1])
	}
	if len(filters) == 1 && strings.HasSuffix(filters[0], "_list") {
		return usersIn(a, filters[0], c)
	}
	users := a.Users.All(nil)
	if len(filters) == 1 {
		value, bad := c.Args.Text(filters[0])
		if bad != nil {
			return nil, bad
		}
		if filters[0] == "username" {
			users = slices.DeleteFunc([]*account.User{a.ByName(value, true)}, func(u *account.User) bool { return u == nil })
		} else {
			users = a.Users.All(func(u *account.User) bool { return strings.EqualFold(u.Email, value) })
		}
	}
	return route.Paged(a, c, a.Rules.Limits.UsersPage, users, func(u *account.User) map[string]any { return renderUser(a, u) })
}

// usersIn answers username_list and user_id_list: each user once, unknown ones
// left out, limit and offset ignored.
func usersIn(a *account.Account, list string, c *route.Call) (any, *protocol.Refusal) {
	values, bad := c.Args.Texts(list, a.Rules.Limits.IDList)
	if bad != nil {
		return nil, bad
	}
	wanted := make(map[*account.User]bool)
	for _, value := range values {
		if list == "username_list" {
			wanted[a.ByName(value, a.Rules.ListFindsAliases)] = true
		} else {
			wanted[a.Users.Get(value)] = true
		}
	}
	delete(wanted, nil)
	users := make([]*account.User, 0, len(wanted))
	for u := range wanted {
		users = append(users, u)
	}
	slices.SortFunc(users, func(x, y *account.User) int { return strings.Compare(x.ID, y.ID) })
	return route.Whole(account.Ordered(a, users), func(u *account.User) map[string]any { return renderUser(a, u) }), nil
}

func getUser(a *account.Account, _ *route.Call, u *account.User) (any, *protocol.Refusal) {
	return renderUser(a, u), nil
}

func createUser(a *account.Account, c *route.Call) (any, *protocol.Refusal) {
	return Create(a, c.Args, true)
}

// Create makes a user of a call's parameters and answers it.
func Create(a *account.Account, from protocol.Args, withAliases bool) (any, *protocol.Refusal) {
	u := &account.User{Status: account.StatusActive, Created: a.Seconds()}
	if !from.Has("username") {
		return nil, protocol.BadParameter("username")
	}
	if bad := edit(a, u, from, withAliases); bad != nil {
		return nil, bad
	}
	if !a.NamesFree(u) {
		return nil, protocol.Duplicate()
	}
	u.ID = a.NewID("DU")
	a.PutUser(u)
	return renderUser(a, u), nil
}

func modifyUser(a *account.Account, c *route.Call, u *account.User) (any, *protocol.Refusal) {
	next := u.Clone()
	if bad := edit(a, &next, c.Args, true); bad != nil {
		return nil, bad
	}
	if !a.Rules.OwnNamesMove && account.Moves(u, &next) {
		return nil, protocol.Duplicate()
	}
	if !a.PutUser(&next) {
		return nil, protocol.Duplicate()
	}
	return renderUser(a, &next), nil
}

// deleteUser is idempotent, immediate and permanent; it does not go by the Trash.
func deleteUser(a *account.Account, c *route.Call) (any, *protocol.Refusal) {
	if u := a.Users.Get(c.Vars["user"]); u != nil && u.Synced() {
		return nil, refuseSynced()
	}
	a.RemoveUser(c.Vars["user"])
	return "", nil
}
