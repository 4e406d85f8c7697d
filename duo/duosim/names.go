package duosim

import (
	"slices"
	"strings"
)

// fold gives the form in which two names are the same to Duo.
func fold(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// places gives the user's names, folded, by place: the username, then alias1 to
// alias8. A free place is "".
func (u *User) places() [1 + aliasCount]string {
	places := [1 + aliasCount]string{fold(u.Username)}
	for i, alias := range u.Aliases {
		places[1+i] = fold(alias)
	}
	return places
}

// folded gives all names of the user in the form in which they are unique.
func (u *User) folded() []string {
	places := u.places()
	return slices.DeleteFunc(places[:], func(name string) bool { return name == "" })
}

// moves tells whether a change takes a name from one place of a user to another,
// as where the username and an alias change places.
func moves(before, after *User) bool {
	was := before.places()
	for place, name := range after.places() {
		if held := slices.Index(was[:], name); name != "" && held >= 0 && held != place {
			return true
		}
	}
	return false
}

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

// byName finds the user who holds a name; aliases count where they are wanted.
func (a *account) byName(name string, aliases bool) *User {
	u := a.users.get(a.names[fold(name)])
	if u == nil || !aliases && fold(u.Username) != fold(name) {
		return nil
	}
	return u
}
