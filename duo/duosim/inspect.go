package duosim

import (
	"fmt"
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
	})
	slices.SortStableFunc(snapshot.Users, func(x, y User) int { return strings.Compare(x.Username, y.Username) })
	return snapshot
}

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
	var before []string
	if old := a.users.get(u.ID); old != nil {
		before = old.Phones
	}
	if fold(u.Username) == "" {
		return fmt.Errorf("duosim: user %s: no username", u.ID)
	}
	if bad := a.putUser(&u); bad != nil {
		return fmt.Errorf("duosim: user %s: a name is taken", u.Username)
	}
	for _, id := range before {
		dropFrom(&a.phones.get(id).Users, u.ID)
	}
	for _, id := range u.Phones {
		p := a.phones.get(id)
		p.Users = append(p.Users, u.ID)
	}
	return nil
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

// SetFaults replaces all faults, and with them their counts. An error leaves
// those that were there.
func (s *Server) SetFaults(faults Faults) error {
	rules := make([]*rule, len(faults.Rules))
	for i, f := range faults.Rules {
		r, err := ruleOf(f, faults.Seed+uint64(i), rules[:i])
		if err != nil {
			return err
		}
		rules[i] = r
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules, s.seed = rules, faults.Seed
	return nil
}

// AddFault adds a fault behind those that are there. Its name must be new.
func (s *Server) AddFault(f Fault) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := ruleOf(f, s.seed+uint64(len(s.rules)), s.rules)
	if err != nil {
		return err
	}
	s.rules = append(s.rules, r)
	return nil
}

// ClearFaults takes all faults away.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = nil
}

// FaultHits gives for each fault, by name, how many calls it has struck.
func (s *Server) FaultHits() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	hits := make(map[string]int, len(s.rules))
	for _, r := range s.rules {
		hits[r.Name] = r.hits
	}
	return hits
}

func ruleOf(f Fault, seed uint64, others []*rule) (*rule, error) {
	if err := f.check(); err != nil {
		return nil, fmt.Errorf("duosim: fault %q: %w", f.Name, err)
	}
	if slices.ContainsFunc(others, func(r *rule) bool { return r.Name == f.Name }) {
		return nil, fmt.Errorf("duosim: fault %q: the name is taken", f.Name)
	}
	return compile(f, seed)
}
