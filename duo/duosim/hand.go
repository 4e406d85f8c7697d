package duosim

import (
	"fmt"
	"strings"
	"time"
)

// AddUser puts a user into the account past all rules but those that hold it
// together: names must be free, groups and phones known. An empty ID, Status or
// Created is filled in. It returns the user as stored.
func (s *Server) AddUser(u User) (User, error) {
	var err error
	s.look(func(a *account) {
		u = u.clone()
		if u.ID == "" {
			u.ID = a.newID("DU")
		}
		if u.Created.IsZero() {
			u.Created = a.seconds()
		}
		if a.users.get(u.ID) != nil {
			err = fmt.Errorf("duosim: user %s: there already", u.ID)
			return
		}
		err = a.setUser(u)
		u = u.clone()
	})
	return u, err
}

// SetUser replaces the user with u's ID by u: what somebody did in the panel, or
// Duo itself (a lockout, a directory sync).
func (s *Server) SetUser(u User) error {
	var err error
	s.look(func(a *account) {
		if a.users.get(u.ID) == nil {
			err = fmt.Errorf("duosim: user %q: not there", u.ID)
			return
		}
		err = a.setUser(u.clone())
	})
	return err
}

// RemoveUser deletes a user for good, as somebody could in the panel. It tells
// whether there was one.
func (s *Server) RemoveUser(id string) (found bool) {
	s.look(func(a *account) {
		found = a.users.get(id) != nil
		a.removeUser(id)
	})
	return found
}

func (a *account) setUser(u User) error {
	u.trimAliases()
	if u.Status == "" {
		u.Status = statusActive
	}
	if u.Status == statusTrashed && u.Trashed.IsZero() {
		u.Trashed = a.seconds()
	}
	if u.Status == statusTrashed && u.StatusBefore == "" {
		u.StatusBefore = statusActive
	}
	for _, id := range u.Groups {
		if a.groups.get(id) == nil {
			return fmt.Errorf("duosim: user %s: no group %q", u.Username, id)
		}
	}
	for _, id := range u.Phones {
		if a.phones.get(id) == nil {
			return fmt.Errorf("duosim: user %s: no phone %q", u.Username, id)
		}
	}
	for _, id := range u.Tokens {
		if a.tokens.get(id) == nil {
			return fmt.Errorf("duosim: user %s: no token %q", u.Username, id)
		}
	}
	var before User
	if old := a.users.get(u.ID); old != nil {
		before = *old
	}
	if fold(u.Username) == "" {
		return fmt.Errorf("duosim: user %s: no username", u.ID)
	}
	if len(u.Aliases) > aliasCount {
		return fmt.Errorf("duosim: user %s: more than %d aliases", u.Username, aliasCount)
	}
	if bad := a.putUser(&u); bad != nil {
		return fmt.Errorf("duosim: user %s: a name is taken", u.Username)
	}
	for _, p := range pick(&a.phones, before.Phones) {
		dropFrom(&p.Users, u.ID)
	}
	for _, p := range pick(&a.phones, u.Phones) {
		p.Users = append(p.Users, u.ID)
	}
	for _, t := range pick(&a.tokens, before.Tokens) {
		dropFrom(&t.Users, u.ID)
	}
	for _, t := range pick(&a.tokens, u.Tokens) {
		t.Users = append(t.Users, u.ID)
	}
	return nil
}

// AgeTrash lets time pass for those who are in the Trash only, and purges those
// who have been there for PendingDeletionDays by then. It is for clients that go
// by the real clock, which no signature lets anybody move.
func (s *Server) AgeTrash(d time.Duration) {
	s.look(func(a *account) {
		for id := range a.trashed {
			u := a.users.get(id)
			u.Trashed = u.Trashed.Add(-d)
		}
		a.tick(a.now)
	})
}

// AddGroup puts a group into the account, or replaces the one with its ID. An
// empty ID or Status is filled in. It returns the group as stored.
func (s *Server) AddGroup(g Group) (Group, error) {
	var err error
	s.look(func(a *account) {
		if strings.TrimSpace(g.Name) == "" || a.groupNamed(g.Name, g.ID) {
			err = fmt.Errorf("duosim: group %q: the name is empty or taken", g.Name)
			return
		}
		if g.ID == "" {
			g.ID = a.newID("DG")
		}
		if g.Status == "" {
			g.Status = statusActive
		}
		stored := g
		a.groups.put(g.ID, &stored)
		a.changes++
	})
	return g, err
}

// AddPhone puts a phone into the account, or replaces the one with its ID, and
// associates it with its Users. An empty ID, Type or Platform is filled in; the
// number must be in the form with +. It returns the phone as stored.
func (s *Server) AddPhone(p Phone) (Phone, error) {
	var err error
	s.look(func(a *account) {
		p, err = a.setPhone(p.clone())
	})
	return p, err
}

func (a *account) setPhone(p Phone) (Phone, error) {
	if number, ok := canonicalNumber(p.Number); !ok || number != p.Number {
		return Phone{}, fmt.Errorf("duosim: phone %q: the number is not in the form +12025550100", p.Number)
	}
	if platforms()[p.Platform] == "" {
		p.Platform = "unknown"
	}
	if p.Type == "" {
		p.Type = "unknown"
	}
	for _, id := range p.Users {
		if a.users.get(id) == nil {
			return Phone{}, fmt.Errorf("duosim: phone %s: no user %q", p.Number, id)
		}
	}
	if p.ID == "" {
		p.ID = a.newID("DP")
	}
	var before []string
	if old := a.phones.get(p.ID); old != nil {
		before = old.Users
	}
	if bad := a.putPhone(&p); bad != nil {
		return Phone{}, fmt.Errorf("duosim: phone %s: the number is taken", p.Number)
	}
	for _, u := range pick(&a.users, before) {
		dropFrom(&u.Phones, p.ID)
	}
	for _, u := range pick(&a.users, p.Users) {
		u.Phones = append(u.Phones, p.ID)
	}
	return p.clone(), nil
}

// AddToken puts a hardware token into the account and associates it with its
// Users. An empty ID or Type (h6) is filled in. It returns the token as stored.
func (s *Server) AddToken(t Token) (Token, error) {
	var err error
	s.look(func(a *account) {
		t = t.clone()
		if t.Type == "" {
			t.Type = "h6"
		}
		if t.ID == "" {
			t.ID = a.newID("DH")
		}
		if t.Serial == "" || a.tokenOf(t.Type, t.Serial) != nil || a.tokens.get(t.ID) != nil {
			err = fmt.Errorf("duosim: token %s %q: the serial number is empty, or it is there already", t.Type, t.Serial)
			return
		}
		for _, id := range t.Users {
			if a.users.get(id) == nil {
				err = fmt.Errorf("duosim: token %s %q: no user %q", t.Type, t.Serial, id)
				return
			}
		}
		for _, u := range pick(&a.users, t.Users) {
			u.Tokens = append(u.Tokens, t.ID)
		}
		stored := t.clone()
		a.tokens.put(t.ID, &stored)
		a.changes++
	})
	return t, err
}
