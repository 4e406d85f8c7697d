package faults

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"duosync/duo/duosim/internal/protocol"
)

// RateLimit lets so many calls of one key through in any window of that length.
// A call above it is answered with 429/42901 and does not count.
type RateLimit struct {
	Calls  int
	Window time.Duration
	// Path is a glob or "re:" pattern as in faults; "" means all calls together.
	Path string
	// RetryAfter makes the 429 tell when to come back, in whole seconds.
	RetryAfter bool
}

// limiter is a rate limit at work.
type limiter struct {
	RateLimit
	path   *regexp.Regexp
	passed map[string][]time.Time // calls, by integration key, in the window, oldest first
}

// Throttle is the rate limits at work, and what clients were told to wait for.
type Throttle struct {
	limiters []*limiter
	waits    []wait
}

// wait is what a 429 told a client.
type wait struct {
	key          string         // the integration key
	path         *regexp.Regexp // the paths that it holds for; nil: all
	since, until time.Time
}

// NewThrottle puts rate limits to work; none of them where one is wrong.
func NewThrottle(limits []RateLimit) (*Throttle, error) {
	t := &Throttle{limiters: make([]*limiter, len(limits))}
	for i, limit := range limits {
		path, err := pathPattern(limit.Path)
		if err != nil {
			return new(Throttle), fmt.Errorf("duosim: rate limit: path: %w", err)
		}
		if limit.Calls < 1 || limit.Window <= 0 {
			return new(Throttle), fmt.Errorf("duosim: rate limit of %d calls in %v: both must be above zero", limit.Calls, limit.Window)
		}
		t.limiters[i] = &limiter{RateLimit: limit, path: path, passed: make(map[string][]time.Time)}
	}
	return t, nil
}

// full tells whether a call would be one too many, and how long it must wait.
func (l *limiter) full(key string, now time.Time) (time.Duration, bool) {
	passed := slices.DeleteFunc(l.passed[key], func(at time.Time) bool { return !now.Before(at.Add(l.Window)) })
	l.passed[key] = passed
	if len(passed) < l.Calls {
		return 0, false
	}
	return max(passed[0].Add(l.Window).Sub(now), time.Nanosecond), true
}

// Pass counts a call of an integration key against the limits, or gives the 429 that
// it gets.
func (t *Throttle) Pass(key, path string, now time.Time) (answer protocol.Reply, full bool) {
	var counting []*limiter
	for _, l := range t.limiters {
		if !l.path.MatchString(path) {
			continue
		}
		if pause, full := l.full(key, now); full {
			answer := protocol.TooManyRequests().Reply()
			if l.RetryAfter {
				answer.RetryAfter = pause
				t.remember(key, l.path, answer, now)
			}
			return answer, true
		}
		counting = append(counting, l)
	}
	for _, l := range counting {
		l.passed[key] = append(l.passed[key], now)
	}
	return protocol.Reply{}, false
}

// Tell remembers how long a fault's reply, if it says so, lets a key wait with all
// calls.
func (t *Throttle) Tell(key string, answer protocol.Reply, now time.Time) {
	if answer.RetryAfter > 0 {
		t.remember(key, nil, answer, now)
	}
}

func (t *Throttle) remember(key string, path *regexp.Regexp, answer protocol.Reply, now time.Time) {
	until := now.Add(time.Duration(protocol.WholeSeconds(answer.RetryAfter)) * time.Second)
	t.waits = append(t.waits, wait{key: key, path: path, since: now, until: until})
}

// Early gives the longest wait that a call does not keep to: since when, and until
// when; both are zero where there is none.
func (t *Throttle) Early(key, path string, now time.Time) (since, until time.Time) {
	t.waits = slices.DeleteFunc(t.waits, func(w wait) bool { return !now.Before(w.until) })
	for _, w := range t.waits {
		if w.key == key && (w.path == nil || w.path.MatchString(path)) && w.until.After(until) {
			since, until = w.since, w.until
		}
	}
	return since, until
}
