package admin

import (
	"duosync/duo/duosim/internal/account"
	"duosync/duo/duosim/internal/protocol"
	"duosync/duo/duosim/internal/route"
)

// These make a handler of one that is about what the path names: 404/40401 where
// nothing is named so.

func aboutUser(handle about[account.User]) route.Handler {
	return aboutNamed("user", func(a *account.Account) *account.Table[account.User] { return &a.Users }, handle)
}

func aboutGroup(handle about[account.Group]) route.Handler {
	return aboutNamed("group", func(a *account.Account) *account.Table[account.Group] { return &a.Groups }, handle)
}

func aboutPhone(handle about[account.Phone]) route.Handler {
	return aboutNamed("phone", func(a *account.Account) *account.Table[account.Phone] { return &a.Phones }, handle)
}

func aboutToken(handle about[account.Token]) route.Handler {
	return aboutNamed("token", func(a *account.Account) *account.Table[account.Token] { return &a.Tokens }, handle)
}

// aboutOwnUser is about a user who may be changed: not one of Duo's own directory
// sync. What Duo answers then is not documented.
func aboutOwnUser(handle about[account.User]) route.Handler {
	return aboutUser(func(a *account.Account, c *route.Call, u *account.User) (any, *protocol.Refusal) {
		if u.Synced() {
			return nil, refuseSynced()
		}
		return handle(a, c, u)
	})
}

func refuseSynced() *protocol.Refusal { return protocol.BadParameter("Managed by directory sync") }

// about is a handler that is given what the path names.
type about[T any] func(*account.Account, *route.Call, *T) (any, *protocol.Refusal)

func aboutNamed[T any](name string, table func(*account.Account) *account.Table[T], handle about[T]) route.Handler {
	return func(a *account.Account, c *route.Call) (any, *protocol.Refusal) {
		object := table(a).Get(c.Vars[name])
		if object == nil {
			return nil, protocol.NotFound()
		}
		return handle(a, c, object)
	}
}
