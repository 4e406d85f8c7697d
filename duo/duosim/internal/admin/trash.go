package admin

import (
	"time"

	"duosync/duo/duosim/internal/account"
	"duosync/duo/duosim/internal/protocol"
	"duosync/duo/duosim/internal/route"
)

// trashUsers sends users to the Trash. It takes no access away: Duo lets a user
// in the Trash authenticate until the purge. Ids that nobody has, and users of
// Duo's own sync, are passed over unless AllOrNothing is set.
func trashUsers(a *account.Account, c *route.Call) (any, *protocol.Refusal) {
	return each(a, c, func(u *account.User) {
		if u.Status != account.StatusTrashed {
			u.StatusBefore, u.Status, u.Trashed = u.Status, account.StatusTrashed, a.Seconds()
		}
	})
}

// restoreUsers is the only way out of the Trash.
func restoreUsers(a *account.Account, c *route.Call) (any, *protocol.Refusal) {
	return each(a, c, func(u *account.User) {
		if u.Status != account.StatusTrashed {
			return
		}
		u.Status = a.Rules.RestoreAs
		if u.Status == "" {
			u.Status = u.StatusBefore
		}
		u.StatusBefore, u.Trashed = "", time.Time{}
	})
}

// each changes the users of user_id_list.
func each(a *account.Account, c *route.Call, change func(*account.User)) (any, *protocol.Refusal) {
	ids, bad := c.Args.Texts("user_id_list", a.Rules.Limits.Trash)
	if bad != nil {
		return nil, bad
	}
	var users []*account.User
	for _, id := range ids {
		u := a.Users.Get(id)
		switch {
		case u != nil && !u.Synced():
			users = append(users, u)
		case !a.Rules.AllOrNothing:
		case u == nil:
			return nil, protocol.BadParameter("user_id_list")
		default:
			return nil, refuseSynced()
		}
	}
	for _, u := range users {
		next := u.Clone()
		change(&next)
		if !a.PutUser(&next) {
			return nil, protocol.Duplicate()
		}
	}
	return "", nil
}
