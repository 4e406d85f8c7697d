package config

import (
	"errors"
	"strconv"
	"strings"
	"time"

	dirsync "duosync/sync"
)

// Rate is how often Duo is called: Auto finds out, otherwise at most Calls in
// each Per.
type Rate struct {
	Auto  bool          // The client finds out.
	Calls int           // 1 or more, unless Auto.
	Per   time.Duration // Above 0, unless Auto.
}

// String gives the rate as it is written in the configuration.
func (r Rate) String() string {
	if r.Auto {
		return "auto"
	}
	return strconv.Itoa(r.Calls) + "/" + durationText(r.Per)
}

// MarshalText gives the same text as [Rate.String].
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads auto, or a number of calls and a duration such as 50/1m.
func (r *Rate) UnmarshalText(text []byte) error {
	s := string(text)
	if s == "auto" {
		*r = Rate{Auto: true}
		return nil
	}
	before, after, ok := strings.Cut(s, "/")
	if !ok {
		return errRate()
	}
	calls, err := parseInt(before)
	if err != nil {
		return errRate()
	}
	per, err := time.ParseDuration(after)
	if err != nil {
		return errRate()
	}
	if calls < 1 || per <= 0 {
		return dirsync.WithHint(errors.New("must allow at least one call in a time above 0"), "such as 50/1m")
	}
	*r = Rate{Calls: calls, Per: per}
	return nil
}

func errRate() error {
	return dirsync.WithHint(errors.New("must be auto, or calls/duration"), "such as 50/1m")
}

// durationText is d as people write it: 1m, not 1m0s.
func durationText(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
