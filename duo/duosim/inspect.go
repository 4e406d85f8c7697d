package duosim

import (
	"slices"

	"duosync/duo/duosim/internal/account"
)

// Users gives all users, those in the Trash too, sorted by username.
func (s *Server) Users() []User { return s.Snapshot().Users }

// User gives the user who holds a name, as username or alias.
func (s *Server) User(name string) (user User, found bool) {
	s.with(func(a *account.Account) {
		if u := a.ByName(name, true); u != nil {
			user, found = u.Clone(), true
		}
	})
	return user, found
}

// Snapshot gives a copy of all that the account holds.
func (s *Server) Snapshot() (snapshot Snapshot) {
	s.with(func(a *account.Account) { snapshot = a.Snapshot() })
	return snapshot
}

// Mails gives all enrollment mails since the start, in the order in which they
// were sent.
func (s *Server) Mails() []Mail { return s.Snapshot().Mails }

// Messages gives all text messages since the start, in the order in which they
// were sent.
func (s *Server) Messages() []Message { return s.Snapshot().Messages }

// Calls gives the record of all requests since the start or ResetCalls, in the
// order in which they were carried out.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls.calls)
}

// Violations gives the calls that came before their Retry-After had passed,
// since the start or ResetCalls.
func (s *Server) Violations() []Violation {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls.violations)
}

// ResetCalls forgets calls and violations. Times that clients were told to wait
// stay in force.
func (s *Server) ResetCalls() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = record{}
}
