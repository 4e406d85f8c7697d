package account

import "slices"

// PutGroup stores a group, under a new id where it has none. Whether its name is
// free is the caller's to ask.
func (a *Account) PutGroup(g *Group) {
	if g.ID == "" {
		g.ID = a.NewID("DG")
	}
	stored := *g
	a.Groups.Put(g.ID, &stored)
	a.Changed()
}

// GroupNamed tells whether a group other than that with the id has the name. Names
// are the same without case, and without blanks around.
func (a *Account) GroupNamed(name, id string) bool {
	return len(a.Groups.All(func(g *Group) bool { return g.ID != id && Fold(g.Name) == Fold(name) })) > 0
}

// RemoveGroup deletes a group; its members stay.
func (a *Account) RemoveGroup(id string) {
	for _, u := range a.Users.All(func(u *User) bool { return slices.Contains(u.Groups, id) }) {
		drop(&u.Groups, id)
	}
	a.Groups.Remove(id)
	a.Changed()
}

// Join puts a user into a group; once more does no harm. It is false where the user
// is in too many.
func (a *Account) Join(u *User, group string) (fits bool) {
	switch {
	case slices.Contains(u.Groups, group):
		return true
	case len(u.Groups) >= a.Rules.Limits.GroupsPerUser:
		return false
	}
	u.Groups = append(u.Groups, group)
	a.Changed()
	return true
}

// Leave takes a user out of a group, where the user is in it.
func (a *Account) Leave(u *User, group string) {
	if drop(&u.Groups, group) {
		a.Changed()
	}
}
