// Package schedule says when runs are due: by a cron line in a time zone, and a random
// delay.
package schedule

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/robfig/cron/v3"
)

// Schedule says when runs are due.
//
// A cron line is matched against the clock on the wall of its time zone, as
// robfig/cron v3 does it. Where clocks go forward, a time in the gap does not
// come on that day: in Europe/Berlin, "30 2 * * *" leaves out the last Sunday of
// March. Where clocks go back, a time in the hour that comes twice is met twice:
// "30 2 * * *" runs at 02:30 summer time, and an hour later at 02:30 winter
// time. Lines that name no hour ("*/30 * * * *", @hourly) and @every go on
// evenly through both. A daily run that must come just once a day is best put
// outside those hours, or in UTC.
type Schedule struct {
	line   cron.Schedule
	zone   *time.Location
	jitter time.Duration
}

// New makes the schedule of a cron line, as [Parse] reads it, in a time zone, as [Zone]
// finds it. Each run is delayed by up to jitter.
func New(line, zone string, jitter time.Duration) (*Schedule, error) {
	where, err := Zone(zone)
	if err != nil {
		return nil, fmt.Errorf("schedule.timezone: %w", err)
	}
	parsed, err := Parse(line, where)
	if err != nil {
		return nil, fmt.Errorf("schedule.cron: %w", err)
	}
	return &Schedule{line: parsed, zone: where, jitter: jitter}, nil
}

// Next gives the time that follows base, when the run before was due. What has
// passed by now, while that run took its time, is left out: the next one is then
// counted from now.
func (s *Schedule) Next(base, now time.Time) time.Time {
	if base.After(now) { // the clock was set back
		base = now
	}
	at := s.line.Next(base.In(s.zone))
	if !at.After(now) {
		at = s.line.Next(now.In(s.zone))
	}
	return at
}

// Longest gives the longest time between two runs in a row that the cron line leaves in the week,
// or the next two runs, from a moment on: that of a night or a weekend, where there is none. A line
// that has more than 11,000 runs in a week is taken to be even.
func (s *Schedule) Longest(from time.Time) (longest time.Duration) {
	const most = 11_000 // one a minute
	before, end := s.line.Next(from.In(s.zone)), from.AddDate(0, 0, 7)
	for range most {
		at := s.line.Next(before)
		if at.IsZero() {
			return longest
		}
		longest = max(longest, at.Sub(before))
		if at.After(end) {
			return longest
		}
		before = at
	}
	return longest
}

// Jittered adds a random delay, from 0 to the jitter, which keeps many
// installations from calling Duo in the same second.
func (s *Schedule) Jittered(at time.Time) time.Time {
	if s.jitter <= 0 {
		return at
	}
	return at.Add(rand.N(s.jitter + 1))
}
