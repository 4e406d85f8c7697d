package duosim

import (
	"slices"
	"strings"
	"time"
)

// maxCalls bounds the record of a server that runs for long: of more calls than
// that the oldest are forgotten.
const maxCalls = 200_000

// Call is the record of one request.
type Call struct {
	Time   time.Time // of arrival, by Duo's clock
	Method string
	Path   string
	// Params are those of query and body together, arrays as JSON text.
	Params map[string]string
	Key    KeyKind // "" where no key was accepted or asked for
	// Integration is the integration key that was accepted.
	Integration string
	Status      int    // of HTTP; 0 where the connection was cut
	Code        int    // Duo's; 0 for success and where there was none
	Fault       string // name of the fault that struck, or ""
	Wrote       bool   // the account was changed
}

// Violation is a call that a client made before the time that a 429 had told it
// to wait for. What a rate limit told holds for the calls that it limits, what a
// fault told for all calls with that key.
type Violation struct {
	Call  Call
	Until time.Time     // the earliest time that was allowed
	Since time.Duration // from the 429 to the call; a tiny one may have been on its way already
}

// Calls gives the record of all requests since the start or ResetCalls, in the
// order in which they were carried out.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Violations gives the calls that came before their Retry-After had passed,
// since the start or ResetCalls.
func (s *Server) Violations() []Violation {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.violations)
}

// ResetCalls forgets calls and violations. Times that clients were told to wait
// stay in force.
func (s *Server) ResetCalls() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls, s.violations = nil, nil
}

func (s *Server) record(call Call) {
	if len(s.calls) >= maxCalls {
		s.calls = slices.Clone(s.calls[maxCalls/2:])
	}
	s.calls = append(s.calls, call)
}

// look gives the account at the present time, for the time of do.
func (s *Server) look(do func(*account)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.account.tick(s.options.Now())
	do(s.account)
}

// Users gives all users, those in the Trash too, sorted by username.
func (s *Server) Users() []User { return s.Snapshot().Users }

// User gives the user who holds a name, as username or alias.
func (s *Server) User(name string) (user User, found bool) {
	s.look(func(a *account) {
		if u := a.byName(name, true); u != nil {
			user, found = u.clone(), true
		}
	})
	return user, found
}

// Snapshot gives a copy of all that the account holds.
func (s *Server) Snapshot() Snapshot {
	var snapshot Snapshot
	s.look(func(a *account) {
		for _, u := range a.users.all(nil) {
			snapshot.Users = append(snapshot.Users, u.clone())
		}
		for _, g := range a.groups.all(nil) {
			snapshot.Groups = append(snapshot.Groups, *g)
		}
		for _, p := range a.phones.all(nil) {
			snapshot.Phones = append(snapshot.Phones, p.clone())
		}
		for _, t := range a.tokens.all(nil) {
			snapshot.Tokens = append(snapshot.Tokens, t.clone())
		}
		snapshot.Mails, snapshot.Messages = slices.Clone(a.mails), slices.Clone(a.messages)
	})
	slices.SortStableFunc(snapshot.Users, func(x, y User) int { return strings.Compare(x.Username, y.Username) })
	return snapshot
}
