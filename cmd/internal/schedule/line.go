package schedule

import (
	"errors"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	dirsync "duosync/sync"
)

// UnreadableError is about a line that is no cron line at all.
type UnreadableError struct {
	Reason error // quotes the line
}

// Error implements error.
func (e *UnreadableError) Error() string { return "is not a cron spec: " + e.Reason.Error() }

// Parse reads a cron line: a standard one of five fields, @hourly and the like, or
// @every with a duration from one second on. It must come up at all in its time zone.
// Errors but for [UnreadableError] don't quote it.
func Parse(line string, zone *time.Location) (cron.Schedule, error) {
	const hint = "such as */30 * * * *, @hourly or @every 30m"
	if strings.HasPrefix(line, "TZ=") || strings.HasPrefix(line, "CRON_TZ=") {
		return nil, dirsync.WithHint(errors.New("must not hold a time zone"), "give it as schedule.timezone")
	}
	if every, ok := strings.CutPrefix(line, "@every "); ok {
		if d, err := time.ParseDuration(every); err == nil && d < time.Second {
			return nil, dirsync.WithHint(errors.New("must be @every 1s or longer"), hint)
		}
	}
	parsed, err := parseStandard(line)
	if err != nil {
		return nil, dirsync.WithHint(&UnreadableError{err}, hint)
	}
	if parsed.Next(time.Now().In(zone)).IsZero() {
		return nil, dirsync.WithHint(errors.New("names a time that never comes"), hint)
	}
	return parsed, nil
}

// parseStandard is cron.ParseStandard without its panics.
func parseStandard(line string) (parsed cron.Schedule, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("it can't be read")
		}
	}()
	return cron.ParseStandard(line)
}

// Zone finds a time zone by its IANA name.
func Zone(name string) (*time.Location, error) {
	if name == "" {
		return nil, errors.New("it is empty")
	}
	return time.LoadLocation(name)
}
