package faults

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"

	"duosync/duo/duosim/internal/protocol"
)

// check says all that is wrong with a rule.
func (f *Fault) check() error {
	var problems []error
	must := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	only := func(set bool, field string, with ...Effect) {
		must(!set || slices.Contains(with, f.Effect), "%s goes with %v only", field, with)
	}
	must(f.Name != "", "a fault needs a name, for the count of its hits")
	must(slices.Contains(effects(), f.Effect), "effect %q is none of %v", f.Effect, effects())
	must(slices.Contains([]string{"", "GET", "POST", "PUT", "PATCH", "DELETE"}, f.Method), "method %q is none that is used: GET, POST, PUT, PATCH, DELETE", f.Method)
	must(f.Nth >= 0 && f.Every >= 0 && f.After >= 0 && f.Times >= 0 && f.Page >= 0, "nth, every, after, times and page can't be negative")
	must(f.Nth == 0 || f.Every == 0 && f.After == 0 && f.Times == 0 && f.Probability == 0,
		"nth strikes one call only: leave out every, after, times and probability")
	must(f.Probability >= 0 && f.Probability <= 1, "probability is from 0 to 1")
	must(f.Delay >= 0 && f.RetryAfter >= 0, "delay and retry_after can't be negative")
	must(f.Effect != Slow || f.Delay > 0, "slow needs a delay, such as 2s")
	must(f.Effect != FailPage || f.Page > 0, "fail_page needs a page, from 1")
	must(f.Effect != Refuse || f.Code != 0, "refuse needs a code, such as 40002")
	must(f.Code == 0 || f.Code >= 40000 && f.Code <= 59999, "code has five digits, from 40000 to 59999")
	must(f.Status == 0 || f.Status >= 400 && f.Status <= 599, "status is from 400 to 599")
	must(slices.Contains([]string{"", "json", "html", "empty"}, f.Reply), "reply is json, html or empty")
	only(f.RetryAfter != 0, "retry_after", Status429)
	only(f.Reply != "", "reply", Status429)
	only(f.Page != 0, "page", FailPage)
	only(f.Status != 0, "status", EmptyCode, NoCode)
	only(f.Code != 0, "code", Refuse, Fail200)
	only(f.Message != "", "message", Refuse, Fail200, EmptyCode, NoCode)
	only(f.Detail != "", "detail", Refuse, Fail200, EmptyCode, NoCode)
	_, err := compile(*f, 0)
	return errors.Join(append(problems, err)...)
}

// rule is a fault at work.
type rule struct {
	Fault
	path   *regexp.Regexp
	params map[string]*regexp.Regexp
	random *rand.Rand
	seen   int // calls that it matched
	hits   int // calls that it struck
	// heard is the right answer to the last call that it matched, of an effect that
	// echoes; nil: there was none. Of an endless list it is the first page.
	heard *protocol.Reply
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
		r.Probability > 0 && r.random.Float64() >= r.Probability,
		r.Effect.echoes() && r.heard == nil:
		return false
	}
	return true
}

// Set is faults at work, in their order.
type Set struct {
	rules []*rule
	seed  uint64 // of the probabilities
}

// NewSet puts faults to work; none of them where one is wrong.
func NewSet(faults Faults) (*Set, error) {
	s := &Set{seed: faults.Seed}
	for _, f := range faults.Rules {
		if err := s.Add(f); err != nil {
			return new(Set), err
		}
	}
	return s, nil
}

// Add adds a fault behind those that are there. Its name must be new.
func (s *Set) Add(f Fault) error {
	if err := f.check(); err != nil {
		return fmt.Errorf("duosim: fault %q: %w", f.Name, err)
	}
	if slices.ContainsFunc(s.rules, func(r *rule) bool { return r.Name == f.Name }) {
		return fmt.Errorf("duosim: fault %q: the name is taken", f.Name)
	}
	r, err := compile(f, s.seed+uint64(len(s.rules)))
	if err == nil {
		s.rules = append(s.rules, r)
	}
	return err
}

// Clear takes all faults away. The seed stays.
func (s *Set) Clear() { s.rules = nil }

// Hits gives for each fault, by name, how many calls it has struck.
func (s *Set) Hits() map[string]int {
	hits := make(map[string]int, len(s.rules))
	for _, r := range s.rules {
		hits[r.Name] = r.hits
	}
	return hits
}

// Strike finds the fault that strikes a call, or nil. page is that of a list, from
// 1; 0 for other calls.
func (s *Set) Strike(method, path string, params map[string]string, page int) *Hit {
	if r := strike(s.rules, method, path, params, page); r != nil {
		return &Hit{Fault: &r.Fault, rule: r}
	}
	return nil
}

// Hear tells of the right answer to a call that nothing has struck.
func (s *Set) Hear(method, path string, params map[string]string, page int, right protocol.Reply) {
	for _, r := range s.rules {
		if r.Effect.echoes() && r.matches(method, path, params, page) {
			r.heard = &right
		}
	}
}

// StrikePart tells the name of the fault that strikes a part of a bulk call, and
// what the part is answered with; nil where none does. A rule that says neither path
// nor params is about whole calls.
func (s *Set) StrikePart(method, path string, params map[string]string) (name string, bad *protocol.Refusal) {
	meant := slices.DeleteFunc(slices.Clone(s.rules), func(r *rule) bool {
		return !r.Effect.inBulk() || r.Path == "" && len(r.Params) == 0
	})
	fault := strike(meant, method, path, params, 0)
	if fault == nil {
		return "", nil
	}
	return fault.Name, fault.refuses()
}

// strike counts a call with every rule that it matches; the first that strikes has
// it.
func strike(rules []*rule, method, path string, params map[string]string, page int) *rule {
	var first *rule
	for _, r := range rules {
		if r.matches(method, path, params, page) && r.strikes() && first == nil {
			first = r
		}
	}
	if first == nil {
		return nil
	}
	first.hits++
	return first
}
