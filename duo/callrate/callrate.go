// Package callrate is how often Duo may be called, as duo.rate of the configuration
// writes it.
package callrate

import (
	"errors"
	"strconv"
	"strings"
	"time"

	dirsync "duosync/sync"
)

// Rate is at most Calls in each Per, evenly spread. The zero Rate is automatic: the
// client finds out.
type Rate struct {
	Calls int
	Per   time.Duration
}

// Auto reports whether the client finds out.
func (r Rate) Auto() bool { return r.Calls <= 0 || r.Per <= 0 }

// PerSecond gives the calls in a second; 0 where that is automatic.
func (r Rate) PerSecond() float64 {
	if r.Auto() {
		return 0
	}
	return float64(r.Calls) / r.Per.Seconds()
}

// String gives the rate as it is written in the configuration.
func (r Rate) String() string {
	if r.Auto() {
		return "auto"
	}
	per := r.Per.String() // 1m, not 1m0s
	if short, whole := strings.CutSuffix(per, "m0s"); whole {
		per = short + "m"
	}
	if short, whole := strings.CutSuffix(per, "h0m"); whole {
		per = short + "h"
	}
	return strconv.Itoa(r.Calls) + "/" + per
}

// MarshalText gives the same text as [Rate.String].
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads auto, or a number of calls and a duration such as 50/1m.
func (r *Rate) UnmarshalText(text []byte) error {
	const example = "such as 50/1m"
	if string(text) == "auto" {
		*r = Rate{}
		return nil
	}
	count, duration, _ := strings.Cut(string(text), "/")
	calls, err := strconv.Atoi(count)
	per, wrong := time.ParseDuration(duration)
	if err != nil || strconv.Itoa(calls) != count || wrong != nil {
		return dirsync.WithHint(errors.New("must be auto, or calls/duration"), example)
	}
	if calls < 1 || per <= 0 {
		return dirsync.WithHint(errors.New("must allow at least one call in a time above 0"), example)
	}
	*r = Rate{Calls: calls, Per: per}
	return nil
}
