package duosim

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
)

// rule is a fault at work.
type rule struct {
	Fault
	path   *regexp.Regexp
	params map[string]*regexp.Regexp
	random *rand.Rand
	seen   int // calls that it matched
	hits   int // calls that it struck
}

func compile(f Fault, seed uint64) (*rule, error) {
	r := &rule{Fault: f, params: make(map[string]*regexp.Regexp), random: rand.New(rand.NewPCG(seed, 0))}
	var err error
	if r.path, err = pathPattern(f.Path); err != nil {
		return nil, fmt.Errorf("path: %w", err)
	}
	for name, text := range f.Params {
		if r.params[name], err = pattern(text, ".*"); err != nil {
			return nil, fmt.Errorf("params: %s: %w", name, err)
		}
	}
	return r, nil
}

// matches tells whether the rule is for such a call.
func (r *rule) matches(method, path string, params map[string]string, page int) bool {
	if r.Method != "" && r.Method != method || !r.path.MatchString(path) || r.Page != 0 && r.Page != page {
		return false
	}
	for name, wanted := range r.params {
		if value, there := params[name]; !there || !wanted.MatchString(value) {
			return false
		}
	}
	return true
}

// strikes counts a matching call and tells whether it is one to strike.
func (r *rule) strikes() bool {
	r.seen++
	switch {
	case r.Nth > 0 && r.seen != r.Nth,
		r.Every > 0 && r.seen%r.Every != 0,
		r.seen <= r.After,
		r.Times > 0 && r.hits >= r.Times,
		r.Probability > 0 && r.random.Float64() >= r.Probability:
		return false
	}
	return true
}

// struck finds the rule that strikes a call, or nil.
func struck(rules []*rule, method, path string, params map[string]string, page int) *rule {
	var first *rule
	for _, r := range rules {
		if r.matches(method, path, params, page) && r.strikes() && first == nil {
			first = r
		}
	}
	if first != nil {
		first.hits++
	}
	return first
}

// struckPart finds the rule that strikes a part of a bulk call. A rule that says
// neither path nor params is about whole calls.
func struckPart(rules []*rule, method, path string, params map[string]string) *rule {
	meant := slices.DeleteFunc(slices.Clone(rules), func(r *rule) bool {
		return !r.Effect.inBulk() || r.Path == "" && len(r.Params) == 0
	})
	return struck(meant, method, path, params, 0)
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
