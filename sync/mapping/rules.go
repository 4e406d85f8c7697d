package mapping

import (
	"slices"

	dirsync "duosync/sync"
)

// Rules say who is in scope, and what the directory wants of Duo for each person.
type Rules struct {
	// Directories are those of the configuration, in order of precedence; none stands for
	// one without a name.
	Directories dirsync.Directories
	// Own are the rules of each of several directories, by its name; nil: these hold for
	// every person. They differ in what is mapped, and how a status shows.
	Own map[string]*Rules
	// Directory is the one of several whose rules these alone are; "" for none. OwnMapping: the
	// mapping is written for it alone, and so are the groups that its expressions ask for.
	Directory  string
	OwnMapping bool

	// Mapping gives the expression for each Duo field with a single value that is
	// ours. The status does not stand here.
	Mapping map[string]dirsync.Expression
	// Aliases give the aliases; none: aliases are not ours.
	Aliases []dirsync.Expression
	// Status: the status is ours. It is StatusFrom's, or where that is nil the
	// person's Standing, decoded from StatusAttributes.
	Status           bool
	StatusFrom       dirsync.Expression
	StatusAttributes []string
	// Lapses reports whether the values of an attribute (lower-cased name) are ones
	// that the server sets and ends by itself, such as a lockout; nil: none are.
	Lapses func(attribute string, values []string) bool
	// Via names, for attributes whose values may come from other entries, the
	// attribute that holds the DNs of these: groups, roles. Both in lower case.
	Via map[string]string
	// MemberOf is an attribute by which people themselves say which groups they are in;
	// "": none counts.
	MemberOf string
	// Primary are attributes of people that name the number of a group they are in, as
	// directories write them.
	Primary []string
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
	Number dirsync.Expression
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

// In gives the rules for the people of a directory.
func (r *Rules) In(directory string) *Rules {
	if own := r.Own[directory]; own != nil {
		return own
	}
	return r
}

// Each gives the rules of each directory, in order of precedence.
func (r *Rules) Each() []*Rules {
	if len(r.Own) == 0 {
		return []*Rules{r}
	}
	var all []*Rules
	for _, name := range r.Directories.Names() {
		all = append(all, r.In(name))
	}
	return all
}

// Mirrors reports whether a group of a directory is mirrored.
func (r *Rules) Mirrors(directory, group string) bool {
	return r.Groups.Mirror != nil && slices.ContainsFunc(r.Directories.Spelled(directory, group), r.Groups.Mirror)
}

// MirrorOf gives the name of the Duo group that mirrors a group of a directory. ownName
// tells that it was given to the group of that directory alone, or that there is no other
// directory.
func (r *Rules) MirrorOf(directory, group string) (name string, ownName bool) {
	if r.Groups.Rename == nil {
		return group, !r.Directories.Named()
	}
	for _, text := range r.Directories.Spelled(directory, group) {
		if name := r.Groups.Rename(text); name != text {
			return name, text != group || !r.Directories.Named()
		}
	}
	return group, !r.Directories.Named()
}

// groupsOf gives the groups of a person, in all ways in which the configuration can name
// them.
func (r *Rules) groupsOf(p *dirsync.Person) []string {
	if !r.Directories.Named() || len(p.Groups) == 0 {
		return p.Groups
	}
	var all []string
	for _, group := range p.Groups {
		all = append(all, r.Directories.Spelled(p.Directory, group)...)
	}
	return all
}

// seenBy gives a person as expressions see them: with their groups in all ways in which
// these can be named.
func (r *Rules) seenBy(p *dirsync.Person) *dirsync.Person {
	if !r.Directories.Named() || len(p.Groups) == 0 {
		return p
	}
	seen := *p
	seen.Groups = r.groupsOf(p)
	return &seen
}

// Expressions lists all expressions of the rules: those of the fields in the order
// of FieldNames, the status included, then aliases and phones.
func (r *Rules) Expressions() []dirsync.Expression {
	var all []dirsync.Expression
	for _, field := range dirsync.FieldNames {
		if e := r.Mapping[field]; e != nil {
			all = append(all, e)
		}
	}
	if r.StatusFrom != nil {
		all = append(all, r.StatusFrom)
	}
	all = append(all, r.Aliases...)
	for _, from := range r.Phones.From {
		all = append(all, from.Number)
	}
	return all
}
