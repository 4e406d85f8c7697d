package daemon

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/robfig/cron/v3"

	"duosync/cmd/internal/config"
)

// schedule says when runs are due.
//
// A cron spec is matched against the clock on the wall of its time zone, as
// robfig/cron v3 does it. Where clocks go forward, a time in the gap does not
// come on that day: in Europe/Berlin, "30 2 * * *" leaves out the last Sunday of
// March. Where clocks go back, a time in the hour that comes twice is met twice:
// "30 2 * * *" runs at 02:30 summer time, and an hour later at 02:30 winter
// time. Specs that name no hour ("*/30 * * * *", @hourly) and @every go on
// evenly through both. A daily run that must come just once a day is best put
// outside those hours, or in UTC.
type schedule struct {
	spec   cron.Schedule
	zone   *time.Location
	jitter time.Duration
}

func newSchedule(c config.Schedule) (*schedule, error) {
	zone, err := time.LoadLocation(c.Timezone)
	if err != nil {
		return nil, fmt.Errorf("schedule.timezone: %w", err)
	}
	spec, err := parseSpec(c.Cron)
	if err != nil {
		return nil, fmt.Errorf("schedule.cron: %w", err)
	}
	return &schedule{spec: spec, zone: zone, jitter: c.Jitter}, nil
}

// parseSpec is cron.ParseStandard without its panics.
func parseSpec(text string) (spec cron.Schedule, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("it can't be read")
		}
	}()
	return cron.ParseStandard(text)
}

// next gives the time that follows base, when the run before was due. What has
// passed by now, while that run took its time, is left out: the next one is then
// counted from now.
func (s *schedule) next(base, now time.Time) time.Time {
	if base.After(now) { // the clock was set back
		base = now
	}
	at := s.spec.Next(base.In(s.zone))
	if !at.After(now) {
		at = s.spec.Next(now.In(s.zone))
	}
	return at
}

// jittered adds a random delay, from 0 to the jitter, which keeps many
// installations from calling Duo in the same second.
func (s *schedule) jittered(at time.Time) time.Time {
	if s.jitter <= 0 {
		return at
	}
	return at.Add(rand.N(s.jitter + 1))
}
