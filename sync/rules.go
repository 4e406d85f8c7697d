package dirsync

import (
	"slices"
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
	// IncludeGroups narrows the scope to members of these groups; empty:
	// everyone. ExcludeGroups leaves the members of these alone. Names are
	// compared without case.
	IncludeGroups []string
	ExcludeGroups []string
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

// excluded reports whether a person is left alone.
func (r *Rules) excluded(p *Person, username string) bool {
	return r.Exclude(username, p.DN) || inAny(p.Groups, r.ExcludeGroups)
}

// selected reports whether a person, not excluded, is in scope.
func (r *Rules) selected(p *Person) bool {
	return len(r.IncludeGroups) == 0 || inAny(p.Groups, r.IncludeGroups)
}

func inAny(groups, of []string) bool {
	return slices.ContainsFunc(groups, func(name string) bool {
		return slices.ContainsFunc(of, func(other string) bool { return strings.EqualFold(name, other) })
	})
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
		step, due = r.Then, m.At.Add(r.Grace)
		if r.Action != Disable { // disabled on the way to the Trash, or to the end
			step, due = r.Action, m.At
		}
	default:
		return "", time.Time{}, false
	}
	if step == Delete && origin == Adopted {
		step = Trash // what we did not make we do not destroy
	}
	return step, due, step != Keep && step != ""
}
