package duosim

import "time"

// trashUsers sends users to the Trash. It takes no access away: Duo lets a user
// in the Trash authenticate until the purge. Ids that nobody has, and users of
// Duo's own sync, are passed over unless AllOrNothing is set.
func (a *account) trashUsers(c *call) (any, *refusal) {
	return a.each(c, func(u *User) {
		if u.Status != statusTrashed {
			u.StatusBefore, u.Status, u.Trashed = u.Status, statusTrashed, a.seconds()
		}
	})
}

// restoreUsers is the only way out of the Trash.
func (a *account) restoreUsers(c *call) (any, *refusal) {
	return a.each(c, func(u *User) {
		if u.Status != statusTrashed {
			return
		}
		u.Status = a.options.RestoreAs
		if u.Status == "" {
			u.Status = u.StatusBefore
		}
		u.StatusBefore, u.Trashed = "", time.Time{}
	})
}

// each changes the users of user_id_list.
func (a *account) each(c *call, change func(*User)) (any, *refusal) {
	ids, bad := c.args.texts("user_id_list", a.options.Limits.Trash)
	if bad != nil {
		return nil, bad
	}
	var users []*User
	for _, id := range ids {
		u := a.users.get(id)
		switch {
		case u != nil && !u.synced():
			users = append(users, u)
		case !a.options.AllOrNothing:
		case u == nil:
			return nil, refuse(badParameters, "user_id_list")
		default:
			return nil, refuseSynced()
		}
	}
	for _, u := range users {
		next := u.clone()
		change(&next)
		if bad := a.putUser(&next); bad != nil {
			return nil, bad
		}
	}
	return "", nil
}
