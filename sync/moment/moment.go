// Package moment reads points in time as directories write them, and lengths of time as
// people do.
package moment

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	dirsync "duosync/sync"
)

// Form is a way to write a point in time.
type Form string

// The forms.
const (
	// Any tells the form by the value: Generalized, RFC 3339, or a number. Numbers are
	// told apart by their size, which leaves no doubt for times between 1973 and 2300:
	// Seconds, Milliseconds, Ticks. One whose digits are a date can't be read.
	Any Form = ""
	// Generalized is LDAP's GeneralizedTime (RFC 4517, 3.3.13): 20260331120000Z, also
	// without seconds or minutes, with a fraction, with an offset.
	Generalized Form = "generalized"
	// Kerberos is Generalized where the beginning of 1970 means never, which is how MIT
	// Kerberos writes an expiration of 0 (krbPrincipalExpiration).
	Kerberos Form = "kerberos"
	// Ticks are units of 100 ns since 1601 in UTC, of which 0 and 9223372036854775807
	// mean never (MS-ADTS, accountExpires).
	Ticks Form = "ticks"
	// Days are those since 1970 in UTC. -1 means never, and so does an empty value. What
	// 0 means, shadow(5) leaves open: it can't be read.
	Days Form = "days"
	// Seconds and Milliseconds are those since 1970. 0 and less can't be read: some write
	// it for never.
	Seconds      Form = "seconds"
	Milliseconds Form = "milliseconds"
)

// Forms lists the forms that have a name.
func Forms() []Form { return []Form{Generalized, Kerberos, Ticks, Days, Seconds, Milliseconds} }

// FormOf tells in which form an attribute holds times, in any case and with options; Any
// where that is not known.
func FormOf(attribute string) Form {
	name, _, _ := strings.Cut(attribute, ";")
	switch strings.ToLower(name) {
	case "accountexpires": // MS-ADA1
		return Ticks
	case "krbprincipalexpiration":
		return Kerberos
	case "pwdstarttime", "pwdendtime", "pwdaccountlockedtime": // draft-behera-ldap-password-policy-10, 5.3
		return Generalized
	case "accountunlocktime", // 389
		"loginexpirationtime",            // eDirectory
		"krb5validend",                   // Heimdal, and so Univention
		"ds-pwp-account-expiration-time": // OpenDJ
		return Generalized
	case "shadowexpire": // RFC 2307, shadow(5)
		return Days
	case "sambakickofftime":
		return Seconds
	case "unlocktime": // WSO2
		return Milliseconds
	}
	return Any
}

// Never is later than any time that can be written.
func Never() time.Time { return time.Date(10000, time.January, 1, 0, 0, 0, 0, time.UTC) }

// IsNever reports whether a time is Never, or later.
func IsNever(t time.Time) bool { return !t.Before(Never()) }

// Read reads a value that is a point in time, or Never, in UTC. Blanks around it count for
// nothing, and an empty value means never. What would be a time that nobody can mean is an
// error: one before 1800, by a number one after 2300 that is not the end of all times, and
// digits of which it can't be told whether they are a count or a date.
func Read(value string, form Form) (time.Time, error) {
	text := strings.TrimSpace(value)
	if text == "" {
		return Never(), nil
	}
	at, err := read(text, form)
	switch {
	case err != nil:
		return time.Time{}, fmt.Errorf("%s is no time: %w", dirsync.Quote(value), err)
	case IsNever(at):
		return Never(), nil
	}
	return at.UTC(), nil
}

func read(text string, form Form) (time.Time, error) {
	switch form {
	case Any:
		return readAny(text)
	case Generalized:
		return readGeneralized(text)
	case Kerberos:
		at, err := readGeneralized(text)
		if err == nil && at.Unix() == 0 {
			at = Never()
		}
		return at, err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, errors.New("a whole number is expected")
	}
	return readNumber(n, form)
}

// readNumber reads a number in one of the forms that are numbers.
func readNumber(n int64, form Form) (time.Time, error) {
	if isDate(n) && (form != Seconds || n < leastSeconds) { // any ten digits are seconds
		return time.Time{}, errDate
	}
	switch form {
	case Ticks:
		return readTicks(n)
	case Days:
		return readDays(n)
	case Seconds, Milliseconds:
		return readUnix(n, form)
	}
	return time.Time{}, fmt.Errorf("there is no form %s", dirsync.Quote(string(form)))
}

const (
	ticksPerSecond = 10_000_000
	secondsTo1970  = 11_644_473_600 // since 1601
	secondsPerDay  = 24 * 60 * 60
)

func readTicks(n int64) (time.Time, error) {
	switch {
	case n == 0 || n == math.MaxInt64:
		return Never(), nil
	case n < 0:
		return time.Time{}, errors.New("it is below 0")
	}
	at := time.Unix(n/ticksPerSecond-secondsTo1970, n%ticksPerSecond*100)
	if IsNever(at) {
		return Never(), nil
	}
	return counted(at)
}

func readDays(n int64) (time.Time, error) {
	switch {
	case n == -1:
		return Never(), nil
	case n == 0:
		return time.Time{}, errors.New("0 can mean never, or 1970")
	case n < 0:
		return time.Time{}, errors.New("it is below -1")
	case n > Never().Unix()/secondsPerDay:
		return time.Time{}, errYear
	}
	return counted(time.Unix(n*secondsPerDay, 0))
}

func readUnix(n int64, form Form) (time.Time, error) {
	switch {
	case n <= 0:
		return time.Time{}, errors.New("0 and less can mean never, or a time long ago")
	case n == math.MaxInt64: // Java's and Samba's word for never
		return Never(), nil
	case form == Milliseconds && n >= leastSeconds && n < leastMillis:
		return time.Time{}, errors.New("milliseconds are expected, and these are seconds")
	case form == Milliseconds:
		return counted(time.UnixMilli(n))
	case n >= Never().Unix():
		return time.Time{}, errYear
	}
	return counted(time.Unix(n, 0))
}

// The years within which a time is believed. What lies before is what programs write for no
// time at all, such as the first days of the years 1 and 1601; a count that leads beyond
// counts something else.
const (
	firstYear = 1800
	lastYear  = 2300
)

var (
	errYear = fmt.Errorf("it would be a time before %d or after %d", firstYear, lastYear)
	errDate = errors.New("its digits are a date without a time zone; a form such as 20260331120000Z is expected")
)

// counted refuses a time that a number counts up to where nobody can mean it. The last day
// of the year 9999, in any time zone, is how programs write never.
func counted(at time.Time) (time.Time, error) {
	switch {
	case !at.Before(Never().Add(-2*24*time.Hour)) && !IsNever(at):
		return Never(), nil
	case at.UTC().Year() < firstYear || at.UTC().Year() > lastYear:
		return time.Time{}, errYear
	}
	return at, nil
}

// isDate reports whether the digits of a number are a date of our times, and perhaps a time
// of day: LDAP's own form without the zone, which RFC 4517 does not allow to be left out.
func isDate(n int64) bool {
	const clock = "20060102150405"
	text := strconv.FormatInt(n, 10)
	length := min(len(text), len(clock))
	if length < len("20060102") || length%2 != 0 {
		return false
	}
	at, err := time.Parse(clock[:length], text[:length])
	return err == nil && at.Year() >= 1900 && at.Year() < lastYear
}

// The sizes by which numbers are told apart. Seconds from 1973 on have 9 to 11 digits,
// milliseconds of the same years 12 to 14, and ticks of 1632 and later 17 and more.
const (
	leastSeconds = 100_000_000
	leastMillis  = 100_000_000_000
	mostMillis   = 100_000_000_000_000
	leastTicks   = 10_000_000_000_000_000
)

// The last day of the year 9999 in seconds, which as milliseconds is one of 1978.
const (
	lastDay    = 253_402_214_400
	afterwards = 253_402_300_800
)

func readAny(text string) (time.Time, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil:
	case isDate(n):
		return time.Time{}, errDate
	case n >= leastTicks:
		return readNumber(n, Ticks)
	case n >= lastDay && n <= afterwards:
		return time.Time{}, errors.New("it can be the end of the year 9999 in seconds, or a time in 1978 in milliseconds")
	case n >= leastMillis && n < mostMillis:
		return readNumber(n, Milliseconds)
	case n >= leastSeconds && n < leastMillis:
		return readNumber(n, Seconds)
	default:
		return time.Time{}, errors.New("of such a number it is not known what it counts, and since when")
	}
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return inRange(at)
	}
	return readGeneralized(text)
}

// generalized is RFC 4517, 3.3.13: the parts from the hour on, a fraction of the last of
// them, and the zone.
var generalized = regexp.MustCompile(`^(\d{4})(\d\d)(\d\d)(\d\d)(?:(\d\d)(\d\d)?)?(?:[.,](\d+))?(?:Z|([+-])(\d\d)(\d\d)?)$`)

func readGeneralized(text string) (time.Time, error) {
	parts := generalized.FindStringSubmatch(text)
	if parts == nil {
		return time.Time{}, errors.New("a form such as 20260331120000Z is expected")
	}
	number := func(i int) int { n, _ := strconv.Atoi(parts[i]); return n } // digits, or nothing
	year, month, day := number(1), number(2), number(3)
	hour, minute, second := number(4), number(5), number(6)
	zone := time.Duration(number(9))*time.Hour + time.Duration(number(10))*time.Minute
	date := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if date.Day() != day || int(date.Month()) != month || hour > 23 || minute > 59 || second > 60 || number(9) > 23 || number(10) > 59 {
		return time.Time{}, errors.New("there is no such day or hour")
	}
	at := date.Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second)
	unit := time.Second
	switch {
	case parts[5] == "":
		unit = time.Hour
	case parts[6] == "":
		unit = time.Minute
	}
	at = at.Add(fraction(parts[7], unit))
	if parts[6] == "" && year > lastYear {
		return time.Time{}, errors.New("it can be a year of two digits")
	}
	if parts[8] == "+" {
		zone = -zone
	}
	return inRange(at.Add(zone))
}

// fraction gives the part of a unit that digits after the point stand for, to a
// nanosecond at best.
func fraction(digits string, unit time.Duration) time.Duration {
	share, err := strconv.ParseFloat("0."+digits[:min(len(digits), 9)], 64)
	if err != nil {
		return 0 // there are none
	}
	return time.Duration(math.Round(share * float64(unit)))
}

// inRange refuses what has no year of four digits in UTC, or one that stands for no time.
func inRange(at time.Time) (time.Time, error) {
	switch year := at.UTC().Year(); {
	case year > 9999:
		return time.Time{}, errors.New("there is no such year")
	case year < firstYear:
		return time.Time{}, errYear
	}
	return at, nil
}

// Earliest gives the earliest of an attribute's values, which a directory keeps in no
// order: whoever's time is over by one of them is out. Without a value it is Never. Unread
// is the first, in the order of texts, of those that can't be read, with the reason; at is
// that of the others then.
func Earliest(values []string, form Form) (at time.Time, unread string, err error) {
	at = Never()
	for _, value := range values {
		t, bad := Read(value, form)
		switch {
		case bad == nil && t.Before(at):
			at = t
		case bad != nil && (err == nil || value < unread):
			unread, err = value, bad
		}
	}
	return at, unread, err
}

// mostDays keeps a length of time within what Go can count, which is 292 years.
const mostDays = 100_000

var days = regexp.MustCompile(`^([+-]?)(\d+)d(.*)$`)

// ParseDuration reads a length of time: days, as in 30d, Go's durations, as in 1h30m, or
// both, as in 1d12h. A day has 24 hours.
func ParseDuration(text string) (time.Duration, error) {
	text = strings.TrimSpace(text)
	parts := days.FindStringSubmatch(text)
	if parts == nil {
		d, err := time.ParseDuration(text)
		if err != nil {
			return 0, fmt.Errorf("%s is no length of time, such as 30d, 12h or 90m", dirsync.Quote(text))
		}
		return d, nil
	}
	n, err := strconv.Atoi(parts[2])
	rest := time.Duration(0)
	if err == nil && parts[3] != "" {
		rest, err = time.ParseDuration(parts[3])
	}
	if err != nil || n > mostDays || rest < 0 || rest > mostDays*24*time.Hour-time.Duration(n)*24*time.Hour {
		return 0, fmt.Errorf("%s is no length of time, such as 30d, 12h or 90m, of up to %d days", dirsync.Quote(text), mostDays)
	}
	d := time.Duration(n)*24*time.Hour + rest
	if parts[1] == "-" {
		d = -d
	}
	return d, nil
}
