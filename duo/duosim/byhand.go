package duosim

import (
	"time"

	"duosync/duo/duosim/internal/account"
)

// AddUser puts a user into the account past all rules but those that hold it
// together: names must be free, groups and phones known. An empty ID, Status or
// Created is filled in. It returns the user as stored.
func (s *Server) AddUser(u User) (User, error) {
	var err error
	s.with(func(a *account.Account) { u, err = a.AddUser(u) })
	return u, err
}

// SetUser replaces the user with u's ID by u: what somebody did in the panel, or
// Duo itself (a lockout, a directory sync).
func (s *Server) SetUser(u User) (err error) {
	s.with(func(a *account.Account) { err = a.SetUser(u) })
	return err
}

// RemoveUser deletes a user for good, as somebody could in the panel. It tells
// whether there was one.
func (s *Server) RemoveUser(id string) (found bool) {
	s.with(func(a *account.Account) {
		found = a.Users.Get(id) != nil
		a.RemoveUser(id)
	})
	return found
}

// AgeTrash lets time pass for those who are in the Trash only, and purges those
// who have been there for PendingDeletionDays by then. It is for clients that go
// by the real clock, which no signature lets anybody move.
func (s *Server) AgeTrash(d time.Duration) {
	s.with(func(a *account.Account) { a.AgeTrash(d) })
}

// AddGroup puts a group into the account, or replaces the one with its ID. An
// empty ID or Status is filled in. It returns the group as stored.
func (s *Server) AddGroup(g Group) (Group, error) {
	var err error
	s.with(func(a *account.Account) { g, err = a.SetGroup(g) })
	return g, err
}

// AddPhone puts a phone into the account, or replaces the one with its ID, and
// associates it with its Users. An empty ID, Type or Platform is filled in; the
// number must be in the form with +. It returns the phone as stored.
func (s *Server) AddPhone(p Phone) (Phone, error) {
	var err error
	s.with(func(a *account.Account) { p, err = a.SetPhone(p.Clone()) })
	return p, err
}

// AddToken puts a hardware token into the account and associates it with its
// Users. An empty ID or Type (h6) is filled in. It returns the token as stored.
func (s *Server) AddToken(t Token) (Token, error) {
	var err error
	s.with(func(a *account.Account) { t, err = a.AddToken(t) })
	return t, err
}
