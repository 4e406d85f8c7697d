package account

import (
	"slices"
	"strings"
)

// Fold gives the form in which two names are the same to Duo.
func Fold(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// places gives the user's names, folded, by place: the username, then alias1 to
// alias8. A free place is "".
func (u *User) places() [1 + AliasCount]string {
	places := [1 + AliasCount]string{Fold(u.Username)}
	for i, alias := range u.Aliases {
		places[1+i] = Fold(alias)
	}
	return places
}

// folded gives all names of the user in the form in which they are unique.
func (u *User) folded() []string {
	places := u.places()
	return slices.DeleteFunc(places[:], func(name string) bool { return name == "" })
}

// Moves tells whether a change takes a name from one place of a user to another,
// as where the username and an alias change places.
func Moves(before, after *User) bool {
	was := before.places()
	for place, name := range after.places() {
		if from := slices.Index(was[:], name); name != "" && from >= 0 && from != place {
			return true
		}
	}
	return false
}

// PutUser stores a user under its id, if its names are free: unique, without
// case, among the usernames and aliases of everyone, the Trash included.
func (a *Account) PutUser(u *User) (free bool) {
	if !a.NamesFree(u) {
		return false
	}
	a.dropNames(u.ID)
	for _, name := range u.folded() {
		a.held.names[name] = u.ID
	}
	delete(a.held.trashed, u.ID)
	if u.Status == StatusTrashed {
		a.held.trashed[u.ID] = true
	}
	a.Users.Put(u.ID, u)
	a.Changed()
	return true
}

// NamesFree tells whether nobody else holds a name of the user, and none is there
// twice.
func (a *Account) NamesFree(u *User) bool {
	names := u.folded()
	for i, name := range names {
		if holder, taken := a.held.names[name]; taken && holder != u.ID || slices.Contains(names[:i], name) {
			return false
		}
	}
	return true
}

func (a *Account) dropNames(id string) {
	if u := a.Users.Get(id); u != nil {
		for _, name := range u.folded() {
			delete(a.held.names, name)
		}
	}
}

// ByName finds the user who holds a name; aliases count where they are wanted.
func (a *Account) ByName(name string, aliases bool) *User {
	u := a.Users.Get(a.held.names[Fold(name)])
	if u == nil || !aliases && Fold(u.Username) != Fold(name) {
		return nil
	}
	return u
}

// RemoveUser deletes a user for good. Phones and tokens stay, without the user.
func (a *Account) RemoveUser(id string) {
	u := a.Users.Get(id)
	if u == nil {
		return
	}
	a.dropNames(id)
	for _, p := range a.Phones.Pick(u.Phones) {
		drop(&p.Users, id)
	}
	for _, t := range a.Tokens.Pick(u.Tokens) {
		drop(&t.Users, id)
	}
	delete(a.held.trashed, id)
	a.Users.Remove(id)
	a.Changed()
}

// Standing is the status by which a user logs in. A group's status overrides
// the user's, though it is not shown there; one in the Trash still counts as
// before.
func (a *Account) Standing(u *User) string {
	standing := u.Status
	if standing == StatusTrashed {
		standing = u.StatusBefore
	}
	for _, status := range []string{StatusDisabled, StatusBypass} {
		if slices.ContainsFunc(a.Groups.Pick(u.Groups), func(g *Group) bool { return g.Status == status }) {
			return status
		}
	}
	return standing
}
