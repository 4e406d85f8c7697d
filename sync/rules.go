package dirsync

import (
	"fmt"
	"math/big"
	"strings"
	"time"
)

// Rules is what the configuration asks of a run.
type Rules struct {
	// Mapping gives the LDAP attribute (lower case) of each Duo field that is
	// ours. The status does not stand here.
	Mapping map[string]string
	// Status: the status is ours, decoded from StatusAttributes.
	Status           bool
	StatusAttributes []string
	// CountLockouts makes a temporary lockout count as disabled.
	CountLockouts bool
	// LowerUsername puts usernames into lower case.
	LowerUsername bool

	// Exclude reports whether a person is left alone, by mapped username
	// (folded) or DN.
	Exclude func(username, dn string) bool
	// Protect holds the folded Duo usernames that are never touched.
	Protect map[string]bool

	// Existing says what becomes of a Duo user of a wanted name that is not
	// ours.
	Existing Existing

	OnMissing    Removal
	OnOutOfScope Removal

	Limits Limits

	// RefreshEvery is how often all of Duo is read; 0: in each run.
	RefreshEvery time.Duration
	// ReportDrift reports whether drift of a field is told only, not mended.
	ReportDrift func(field string) bool
	// MaxDuration ends a run at the next border between operations; 0: never.
	MaxDuration time.Duration
	// Servers are the configured LDAP URLs. Removals wait one more complete
	// read when another of them answers than last time.
	Servers []string
}

// Existing is a policy for Duo users of a wanted name that are not ours.
type Existing string

// Report tells of a conflict. AdoptIfEmailMatches adopts where both e-mail
// addresses are there and equal without case.
const (
	ExistingReport              Existing = "report"
	ExistingAdopt               Existing = "adopt"
	ExistingAdoptIfEmailMatches Existing = "adopt_if_email_matches"
)

// Keep is the removal action that leaves the Duo user as it is.
const Keep Action = "keep"

// Removal says what becomes of a user whose person is missing.
type Removal struct {
	Action Action        // Disable, Trash, Delete or Keep
	After  time.Duration // since the first complete read without the person
	Then   Action        // Trash, Delete or Keep; after a Disable
	Grace  time.Duration // from the disabling to Then
}

// next returns the step that follows for a missing link and when it is due.
// ok is false when nothing follows.
func (r Removal) next(m *Missing, origin Origin) (step Action, due time.Time, ok bool) {
	switch m.Step {
	case "":
		step, due = r.Action, m.Since.Add(r.After)
	case Disable:
		if r.Action != Disable {
			return "", time.Time{}, false
		}
		step, due = r.Then, m.At.Add(r.Grace)
	default:
		return "", time.Time{}, false
	}
	if step == Delete && origin == Adopted {
		step = Trash // what we did not make we do not destroy
	}
	return step, due, step != Keep && step != ""
}

// Limit is a count, a percentage, or off.
type Limit struct {
	Text    string   // as configured: "5%", "10", "off"
	Off     bool     //
	Count   int      // when Percent is nil
	Percent *big.Rat // of a total, 0 to 100
}

// ParseLimit reads a limit: a whole number, a percentage such as "5%" or
// "2.5%", or "off".
func ParseLimit(text string) (Limit, error) {
	limit := Limit{Text: text}
	if text == "off" {
		limit.Off = true
		return limit, nil
	}
	if number, isPercent := strings.CutSuffix(text, "%"); isPercent {
		ratio, ok := new(big.Rat).SetString(strings.TrimSpace(number))
		if !ok || ratio.Sign() < 0 || ratio.Cmp(big.NewRat(100, 1)) > 0 || strings.ContainsAny(number, "/eE_") {
			return Limit{}, fmt.Errorf("%q is not a percentage from 0%% to 100%%", text)
		}
		limit.Percent = ratio
		return limit, nil
	}
	count := 0
	if _, err := fmt.Sscanf(text, "%d", &count); err != nil || fmt.Sprint(count) != text || count < 0 {
		return Limit{}, fmt.Errorf("%q is neither a count, a percentage such as 5%%, nor off", text)
	}
	limit.Count = count
	return limit, nil
}

// Above reports whether n is more than the limit allows of total.
func (l Limit) Above(n, total int) bool {
	switch {
	case l.Off:
		return false
	case l.Percent != nil:
		// n/total > p/100, in whole numbers.
		return big.NewRat(int64(n)*100, 1).Cmp(new(big.Rat).Mul(l.Percent, big.NewRat(int64(total), 1))) > 0
	}
	return n > l.Count
}

// Below reports whether n is less than the limit demands of total.
func (l Limit) Below(n, total int) bool {
	switch {
	case l.Off:
		return false
	case l.Percent != nil:
		return big.NewRat(int64(n)*100, 1).Cmp(new(big.Rat).Mul(l.Percent, big.NewRat(int64(total), 1))) < 0
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
	MinSource    Limit
	MinAttribute Limit
	Floor        int
}
