package duosim

import (
	"fmt"
	"regexp"
	"slices"
	"time"
)

// limiter is a rate limit at work.
type limiter struct {
	RateLimit
	path   *regexp.Regexp
	passed map[string][]time.Time // calls, by integration key, in the window, oldest first
}

// wait is what a 429 told a client.
type wait struct {
	key          string         // the integration key
	path         *regexp.Regexp // the paths that it holds for; nil: all
	since, until time.Time
}

func newLimiters(limits []RateLimit) ([]*limiter, error) {
	limiters := make([]*limiter, len(limits))
	for i, limit := range limits {
		path, err := pathPattern(limit.Path)
		if err != nil {
			return nil, fmt.Errorf("duosim: rate limit: path: %w", err)
		}
		if limit.Calls < 1 || limit.Window <= 0 {
			return nil, fmt.Errorf("duosim: rate limit of %d calls in %v: both must be above zero", limit.Calls, limit.Window)
		}
		limiters[i] = &limiter{RateLimit: limit, path: path, passed: make(map[string][]time.Time)}
	}
	return limiters, nil
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

// throttle counts a call against the limits, or gives the 429 that it gets.
func (s *Server) throttle(key string, path string, now time.Time) (reply, bool) {
	var counting []*limiter
	for _, l := range s.limiters {
		if !l.path.MatchString(path) {
			continue
		}
		if pause, full := l.full(key, now); full {
			answer := refuse(tooManyRequests, "").reply()
			if l.RetryAfter {
				answer.retryAfter = pause
				s.told(key, l, answer, now)
			}
			return answer, true
		}
		counting = append(counting, l)
	}
	for _, l := range counting {
		l.passed[key] = append(l.passed[key], now)
	}
	return reply{}, false
}

// told remembers how long a reply told a client to wait; l is nil for a fault.
func (s *Server) told(key string, l *limiter, answer reply, now time.Time) {
	w := wait{key: key, since: now, until: now.Add(time.Duration(wholeSeconds(answer.retryAfter)) * time.Second)}
	if l != nil {
		w.path = l.path
	}
	s.waits = append(s.waits, w)
}

// early gives the longest wait that a call did not keep to.
func (s *Server) early(key string, path string, now time.Time) (wait, bool) {
	s.waits = slices.DeleteFunc(s.waits, func(w wait) bool { return !now.Before(w.until) })
	var longest wait
	for _, w := range s.waits {
		if w.key == key && (w.path == nil || w.path.MatchString(path)) && w.until.After(longest.until) {
			longest = w
		}
	}
	return longest, !longest.until.IsZero()
}
