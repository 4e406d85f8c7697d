package schedule

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
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

// Parse reads a cron line: a standard one of five fields, in which Sunday is 0 or 7, @hourly and the like, or
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
		return nil, dirsync.WithHint(&UnreadableError{plainly(err)}, hint)
	}
	if parsed.Next(time.Now().In(zone)).IsZero() {
		return nil, dirsync.WithHint(errors.New("names a time that never comes"), hint)
	}
	return parsed, nil
}

var (
	noNumber   = regexp.MustCompile(`^failed to parse int from (.*?): strconv\..*$`)
	noDuration = regexp.MustCompile(`^failed to parse duration (.*?): time: .*$`)
)

// plainly puts what the library says with Go's own words into others.
func plainly(err error) error {
	text := noNumber.ReplaceAllString(err.Error(), `"$1" is no number and no name`)
	return errors.New(noDuration.ReplaceAllString(text, `"$1" has no duration with a unit`))
}

// parseStandard is cron.ParseStandard without its panics.
func parseStandard(line string) (parsed cron.Schedule, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("it can't be read")
		}
	}()
	return cron.ParseStandard(withSunday(line))
}

// weekdays are the names of days, in cron's order.
var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// withSunday gives a line in which no day of the week is 7, as crontab(5) calls Sunday, too:
// robfig/cron knows 0 alone.
func withSunday(line string) string {
	fields := strings.Fields(line)
	if len(fields) != 5 || !strings.Contains(fields[4], "7") {
		return line
	}
	items := strings.Split(fields[4], ",")
	for i, item := range items {
		days, step, stepped := strings.Cut(item, "/")
		from, to, isRange := strings.Cut(days, "-")
		by, err := strconv.Atoi(step)
		switch {
		case days == "7": // the last day that there is, whatever the step
			items[i] = "0"
		case !isRange || to != "7" || stepped && (err != nil || by < 1):
		default:
			items[i] = upToSunday(from, max(1, by), item)
		}
	}
	fields[4] = strings.Join(items, ",")
	return strings.Join(fields, " ")
}

// upToSunday gives the days from one on to 7; otherwise where that is none.
func upToSunday(from string, step int, otherwise string) string {
	first, err := strconv.Atoi(from)
	if err != nil {
		first = slices.Index(weekdays, strings.ToLower(from))
	}
	if first < 0 || first > 7 {
		return otherwise
	}
	var days []string
	for day := first; day <= 7; day += step {
		days = append(days, strconv.Itoa(day%7))
	}
	return strings.Join(days, ",")
}

// Zone finds a time zone by its IANA name.
func Zone(name string) (*time.Location, error) {
	if name == "" {
		return nil, errors.New("it is empty")
	}
	return time.LoadLocation(name)
}
