package account

import "slices"

// drop takes an id out of a list and tells whether it was there.
func drop(ids *[]string, id string) bool {
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

// GivePhone gives a phone to a user; once more does no harm. It is false where
// either has too many of the other.
func (a *Account) GivePhone(u *User, p *Phone) (fits bool) {
	limits := a.Rules.Limits
	return a.link(end{&u.Phones, p.ID, limits.PhonesPerUser}, end{&p.Users, u.ID, limits.UsersPerPhone})
}

// TakePhone takes a phone from a user who has it. The phone stays.
func (a *Account) TakePhone(u *User, phone string) {
	if drop(&u.Phones, phone) {
		drop(&a.Phones.Get(phone).Users, u.ID)
		a.Changed()
	}
}

// GiveToken gives a token to a user, as GivePhone does a phone.
func (a *Account) GiveToken(u *User, t *Token) (fits bool) {
	limits := a.Rules.Limits
	return a.link(end{&u.Tokens, t.ID, limits.TokensPerUser}, end{&t.Users, u.ID, limits.UsersPerToken})
}

// end is one end of a link: whose list an id goes into, and how many it may hold.
type end struct {
	ids  *[]string
	id   string
	most int
}

// link writes each id into the other end's list.
func (a *Account) link(x, y end) (fits bool) {
	switch {
	case slices.Contains(*x.ids, x.id):
		return true
	case len(*x.ids) >= x.most, len(*y.ids) >= y.most:
		return false
	}
	*x.ids = append(*x.ids, x.id)
	*y.ids = append(*y.ids, y.id)
	a.Changed()
	return true
}
