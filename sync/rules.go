package dirsync

import (
	"slices"
	"time"
)

// Rules is what the configuration asks of a run.
type Rules struct {
	// Mapping gives the expression for each Duo field with a single value that is
	// ours. The status does not stand here.
	Mapping map[string]Expression
	// Aliases give the aliases; none: aliases are not ours.
	Aliases []Expression
	// Status: the status is ours. It is StatusFrom's, or where that is nil the
	// person's Standing, decoded from StatusAttributes.
	Status           bool
	StatusFrom       Expression
	StatusAttributes []string
	// AllowBypass lets StatusFrom give bypass.
	AllowBypass bool
	// CountLockouts makes a temporary lockout count as disabled.
	CountLockouts bool
	// LowerUsername puts usernames into lower case.
	LowerUsername bool

	// Phones give the phones; none: phones are not ours.
	Phones PhoneRules
	// Groups says which groups are mirrored.
	Groups GroupRules
	// EnrollMails is how many enrollment mails a run may send; 0: none is sent to
	// anybody.
	EnrollMails int

	// Scope is a digest of all that decides who is in and by which name, exclusions
	// apart: bases, filter, groups and how they resolve, the id attribute, the
	// mapping of the username. Place digests of these what tells where people are
	// looked for and by which id: the suffixes and the id attribute.
	Scope string
	Place string
	// Directory is the name of the directory, "" for that of the section ldap.
	Directory string
	// Lapses reports whether the values of an attribute (lower-cased name) are ones
	// that the server sets and ends by itself, such as a lockout; nil: none are.
	Lapses func(attribute string, values []string) bool
	// Via names, for attributes whose values may come from other entries, the
	// attribute that holds the DNs of these: groups, roles. Both in lower case.
	Via map[string]string
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

// PhoneRules says which phones people get.
type PhoneRules struct {
	From []PhoneFrom
	// Region completes numbers without a country code; two letters, such as US.
	Region string
	// Always keeps phones in step; else they are given to a new user only.
	Always bool
	// Share gives a person a phone that another one has, too. Else that is a
	// conflict.
	Share bool
}

// PhoneFrom makes phones of the values of an expression.
type PhoneFrom struct {
	Number Expression
	Type   string // mobile or landline
}

// GroupRules says which groups of the directory are mirrored in Duo.
type GroupRules struct {
	// Mirror reports whether a group of the directory is mirrored; nil: none is.
	Mirror func(name string) bool
	// Names are the groups that Mirror takes by their name; one that is not there
	// is worth a warning.
	Names []string
	// Rename gives the Duo group's name; nil: the same.
	Rename func(name string) string
	// Adopt makes an existing Duo group of that name ours, and else it is a
	// conflict. A group with the status bypass, or one of Duo's own directory
	// sync, never becomes ours.
	Adopt bool
	// DeleteUnmirrored deletes groups that we made and that are mirrored no more;
	// else they stay as they are.
	DeleteUnmirrored bool
}

// name gives the name of the Duo group that mirrors a group.
func (g *GroupRules) name(group string) string {
	if g.Rename == nil {
		return group
	}
	return g.Rename(group)
}

// excluded reports whether a person is left alone.
func (r *Rules) excluded(p *Person, username string) bool {
	return r.Exclude(username, p.DN) || inAny(p.Groups, r.ExcludeGroups)
}

// namedGroup is a group that the configuration names, and the key that does.
type namedGroup struct{ name, key string }

// namedGroups lists the groups that must be there.
func (r *Rules) namedGroups() []namedGroup {
	var all []namedGroup
	for _, name := range r.IncludeGroups {
		all = append(all, namedGroup{name, "sync.scope.include_groups"})
	}
	for _, name := range r.ExcludeGroups {
		all = append(all, namedGroup{name, "sync.scope.exclude_groups"})
	}
	for _, e := range r.Expressions() {
		for _, name := range e.Groups() {
			all = append(all, namedGroup{name, "in_group() in sync.mapping"})
		}
	}
	return all
}

// scopeGroups lists the groups by whose names it is decided who is in, and how.
func (r *Rules) scopeGroups() []string {
	names := slices.Concat(r.IncludeGroups, r.ExcludeGroups)
	for _, e := range r.Expressions() {
		names = append(names, e.Groups()...)
	}
	return names
}

// selected reports whether a person, not excluded, is in scope.
func (r *Rules) selected(p *Person) bool {
	return len(r.IncludeGroups) == 0 || inAny(p.Groups, r.IncludeGroups)
}

func inAny(groups, of []string) bool {
	return slices.ContainsFunc(groups, func(name string) bool {
		return slices.ContainsFunc(of, func(other string) bool { return SameGroup(name, other) })
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
