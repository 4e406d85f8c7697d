package dirsync

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Names of the guards. Those of limits are the keys of sync.limits.
const (
	GuardMaxRemove      = "max_remove"
	GuardMaxUpdate      = "max_update"
	GuardMaxEnable      = "max_enable"
	GuardMaxCreate      = "max_create"
	GuardMaxRecreate    = "max_recreate"
	GuardMaxGroupLoss   = "max_group_loss"
	GuardMaxGroupDelete = "max_group_delete"
	GuardMinSource      = "min_source"
	GuardMinAttribute   = "min_attribute"
	GuardMinGroup       = "min_group"
	GuardScopeChanged   = "scope_changed"
	GuardStatusChanged  = "status_changed"
	GuardStateLost      = "state_lost"
	GuardIDsChanged     = "ids_changed"
	GuardAudit          = "audit"
)

// Limit is a count, a percent or off. Exactly one of them is meant: Off, else
// Percent where it is set, else Count.
type Limit struct {
	Off     bool  // There is no limit.
	Count   int   // Persons, 0 or more.
	Percent Ratio // From 0% to 100%; the zero Ratio where the limit is no percent.
}

// Ratio is an exact share: 5% is 5/100, 2.5% is 25/1000. Its zero value is no
// ratio, while 0% is 0/100.
type Ratio struct{ Num, Den int64 }

// Percent returns the limit of so many whole percents.
func Percent(n int64) Limit { return Limit{Percent: Ratio{n, 100}} }

// IsPercent reports whether the limit is a percent.
func (l Limit) IsPercent() bool { return !l.Off && l.Percent.Den != 0 }

// String gives the limit as it is written in the configuration.
func (l Limit) String() string {
	switch {
	case l.Off:
		return "off"
	case !l.IsPercent():
		return strconv.Itoa(l.Count)
	}
	text := strconv.FormatInt(l.Percent.Num, 10)
	decimals := len(strconv.FormatInt(l.Percent.Den, 10)) - len("100")
	if decimals > 0 {
		text = fmt.Sprintf("%0*s", decimals+1, text)
		text = text[:len(text)-decimals] + "." + text[len(text)-decimals:]
	}
	return text + "%"
}

// MarshalText gives the same text as [Limit.String].
func (l Limit) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Up to six decimals, so that a Ratio's numbers stay far from overflow.
var (
	limitPercent = regexp.MustCompile(`^(0|[1-9][0-9]{0,5})(?:\.([0-9]{1,6}))?%$`)
	limitDecimal = regexp.MustCompile(`^[0-9]+\.[0-9]+$`)
)

// UnmarshalText reads a whole number such as 20, a percent between 0% and 100%
// such as 5% or 2.5%, or off.
func (l *Limit) UnmarshalText(text []byte) error {
	s := string(text)
	if s == "off" {
		*l = Limit{Off: true}
		return nil
	}
	if m := limitPercent.FindStringSubmatch(s); m != nil {
		num, err := strconv.ParseInt(m[1]+m[2], 10, 64)
		if err != nil {
			return errors.New("is not a percent")
		}
		den, err := strconv.ParseInt("100"+strings.Repeat("0", len(m[2])), 10, 64)
		if err != nil {
			return errors.New("is not a percent")
		}
		if num > den {
			return errors.New("must be between 0% and 100%")
		}
		*l = Limit{Percent: Ratio{num, den}}
		return nil
	}
	n, err := strconv.Atoi(s)
	switch {
	case limitDecimal.MatchString(s):
		return WithHint(errors.New("must be a whole number, a percent or off"), "a percent needs its sign, such as 2.5%")
	case err != nil || strconv.Itoa(n) != s:
		return WithHint(errors.New("must be a count, a percent or off"), "such as 20, 5% or off")
	case n < 0:
		return errors.New("must not be negative")
	}
	*l = Limit{Count: n}
	return nil
}

// Above reports whether n is more than the limit allows of total.
func (l Limit) Above(n, total int) bool {
	switch {
	case l.Off:
		return false
	case l.IsPercent():
		return int64(n)*l.Percent.Den > int64(total)*l.Percent.Num
	}
	return n > l.Count
}

// Below reports whether n is less than the limit demands of total.
func (l Limit) Below(n, total int) bool {
	switch {
	case l.Off:
		return false
	case l.IsPercent():
		return int64(n)*l.Percent.Den < int64(total)*l.Percent.Num
	}
	return n < l.Count
}

// Limits are the guards' figures. A guard holds when its limit is passed and
// more than Floor objects are affected.
type Limits struct {
	MaxRemove    Limit
	MaxUpdate    Limit
	MaxEnable    Limit
	MaxCreate    Limit
	MaxRecreate  Limit
	MaxGroupLoss Limit
	// MaxGroupDelete is of the mirrored groups that are ours. It knows no floor, but
	// one may always go.
	MaxGroupDelete Limit
	MinSource      Limit
	MinAttribute   Limit
	Floor          int
}
