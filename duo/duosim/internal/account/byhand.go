package account

import (
	"fmt"
	"strings"
)

// AddUser puts a user into the account past all rules but those that hold it
// together, and gives it as stored. What is empty is filled in.
func (a *Account) AddUser(u User) (User, error) {
	u = u.Clone()
	if u.ID == "" {
		u.ID = a.NewID("DU")
	}
	if u.Created.IsZero() {
		u.Created = a.Seconds()
	}
	if a.Users.Get(u.ID) != nil {
		return u, fmt.Errorf("duosim: user %s: there already", u.ID)
	}
	err := a.setUser(u)
	return u.Clone(), err
}

// SetUser replaces the user with u's ID by u.
func (a *Account) SetUser(u User) error {
	if a.Users.Get(u.ID) == nil {
		return fmt.Errorf("duosim: user %q: not there", u.ID)
	}
	return a.setUser(u.Clone())
}

func (a *Account) setUser(u User) error {
	u.trimAliases()
	if u.Status == "" {
		u.Status = StatusActive
	}
	if u.Status == StatusTrashed && u.Trashed.IsZero() {
		u.Trashed = a.Seconds()
	}
	if u.Status == StatusTrashed && u.StatusBefore == "" {
		u.StatusBefore = StatusActive
	}
	if err := a.known(&u); err != nil {
		return err
	}
	var before User
	if old := a.Users.Get(u.ID); old != nil {
		before = *old
	}
	if Fold(u.Username) == "" {
		return fmt.Errorf("duosim: user %s: no username", u.ID)
	}
	if len(u.Aliases) > AliasCount {
		return fmt.Errorf("duosim: user %s: more than %d aliases", u.Username, AliasCount)
	}
	if !a.PutUser(&u) {
		return fmt.Errorf("duosim: user %s: a name is taken", u.Username)
	}
	for _, p := range a.Phones.Pick(before.Phones) {
		drop(&p.Users, u.ID)
	}
	for _, p := range a.Phones.Pick(u.Phones) {
		p.Users = append(p.Users, u.ID)
	}
	for _, t := range a.Tokens.Pick(before.Tokens) {
		drop(&t.Users, u.ID)
	}
	for _, t := range a.Tokens.Pick(u.Tokens) {
		t.Users = append(t.Users, u.ID)
	}
	return nil
}

// known says which of a user's groups, phones and tokens is not there, or nil.
func (a *Account) known(u *User) error {
	if id, ok := a.Groups.missing(u.Groups); ok {
		return fmt.Errorf("duosim: user %s: no group %q", u.Username, id)
	}
	if id, ok := a.Phones.missing(u.Phones); ok {
		return fmt.Errorf("duosim: user %s: no phone %q", u.Username, id)
	}
	if id, ok := a.Tokens.missing(u.Tokens); ok {
		return fmt.Errorf("duosim: user %s: no token %q", u.Username, id)
	}
	return nil
}

// SetGroup puts a group into the account, or replaces the one with its ID.
func (a *Account) SetGroup(g Group) (Group, error) {
	if strings.TrimSpace(g.Name) == "" || a.GroupNamed(g.Name, g.ID) {
		return g, fmt.Errorf("duosim: group %q: the name is empty or taken", g.Name)
	}
	if g.Status == "" {
		g.Status = StatusActive
	}
	a.PutGroup(&g)
	return g, nil
}

// SetPhone puts a phone into the account, or replaces the one with its ID, and
// gives it to its Users.
func (a *Account) SetPhone(p Phone) (Phone, error) {
	if number, ok := CanonicalNumber(p.Number); !ok || number != p.Number {
		return Phone{}, fmt.Errorf("duosim: phone %q: the number is not in the form +12025550100", p.Number)
	}
	if Platforms()[p.Platform] == "" {
		p.Platform = "unknown"
	}
	if p.Type == "" {
		p.Type = "unknown"
	}
	if id, ok := a.Users.missing(p.Users); ok {
		return Phone{}, fmt.Errorf("duosim: phone %s: no user %q", p.Number, id)
	}
	if p.ID == "" {
		p.ID = a.NewID("DP")
	}
	var before []string
	if old := a.Phones.Get(p.ID); old != nil {
		before = old.Users
	}
	if !a.PutPhone(&p) {
		return Phone{}, fmt.Errorf("duosim: phone %s: the number is taken", p.Number)
	}
	for _, u := range a.Users.Pick(before) {
		drop(&u.Phones, p.ID)
	}
	for _, u := range a.Users.Pick(p.Users) {
		u.Phones = append(u.Phones, p.ID)
	}
	return p.Clone(), nil
}

// AddToken puts a hardware token into the account and gives it to its Users.
func (a *Account) AddToken(t Token) (Token, error) {
	t = t.Clone()
	if t.Type == "" {
		t.Type = "h6"
	}
	if t.ID == "" {
		t.ID = a.NewID("DH")
	}
	if t.Serial == "" || a.TokenOf(t.Type, t.Serial) != nil || a.Tokens.Get(t.ID) != nil {
		return t, fmt.Errorf("duosim: token %s %q: the serial number is empty, or it is there already", t.Type, t.Serial)
	}
	if id, ok := a.Users.missing(t.Users); ok {
		return t, fmt.Errorf("duosim: token %s %q: no user %q", t.Type, t.Serial, id)
	}
	for _, u := range a.Users.Pick(t.Users) {
		u.Tokens = append(u.Tokens, t.ID)
	}
	stored := t.Clone()
	a.Tokens.Put(t.ID, &stored)
	a.Changed()
	return t, nil
}

// TokenOf gives the token of a type with a serial number, or nil.
func (a *Account) TokenOf(kind, serial string) *Token {
	for _, t := range a.Tokens.order {
		if t.Type == kind && t.Serial == serial {
			return t
		}
	}
	return nil
}
