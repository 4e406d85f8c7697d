package dirsync

import (
	"regexp"
	"slices"
	"strings"
)

// Several directories can be read into one account. Each has a name, and the ids of its
// people and groups bear it: name/id. The one directory of the section ldap has the name
// "", and its ids are as the directory has them.

// directoryName is how a directory may be called.
var directoryName = regexp.MustCompile(`^[a-z0-9-]+$`)

// ValidDirectory reports whether a text can be the name of one of several directories.
func ValidDirectory(name string) bool { return directoryName.MatchString(name) }

// IDIn gives the id of an entry of a directory, by the directory's name and the id that it
// has there; "" stays "".
func IDIn(directory string, id SourceID) SourceID {
	if directory == "" || id == "" {
		return id
	}
	return SourceID(directory + "/" + string(id))
}

// Split gives the parts of an id of one of several directories. An id without a name is
// all of the second.
func (id SourceID) Split() (directory string, within SourceID) {
	name, rest, named := strings.Cut(string(id), "/")
	if !named {
		return "", id
	}
	return name, SourceID(rest)
}

// Directory is what the configuration says of one directory, mapping apart.
type Directory struct {
	Name string // "" for that of the section ldap
	// Scope is a digest of all that decides who is in and by which name, exclusions
	// apart: bases, filter, groups and how they resolve, the id attribute, the mapping of
	// the username. Place digests of these what tells where people are looked for and by
	// which id: the suffixes and the id attribute.
	Scope, Place string
	// Narrower is a scope of which this one only has more people, "" for none: where it is the
	// accepted one, nobody is missing for this one.
	Narrower string
	// Former are scopes that an earlier version made of the same configuration, for it had
	// other defaults, and for each what to tell where one of them is the accepted one.
	Former map[string]string
	// Digest is that of what makes Duo's fields of attributes: the mapping, and how values
	// are normalized.
	Digest string
	// Servers are the configured LDAP URLs.
	Servers []string
}

// Directories are those of a configuration, in order of precedence. None at all stands
// for one without a name.
type Directories []Directory

// Named reports whether these are directories with names.
func (d Directories) Named() bool { return len(d) > 0 && d[0].Name != "" }

// Of gives the name of the directory that an id is from. It need not be one of these: it
// may have been taken out.
func (d Directories) Of(id SourceID) string {
	if !d.Named() {
		return ""
	}
	name, _ := id.Split()
	return name
}

// Get gives the directory of a name.
func (d Directories) Get(name string) (Directory, bool) {
	if len(d) == 0 && name == "" {
		return Directory{}, true
	}
	i := slices.IndexFunc(d, func(one Directory) bool { return one.Name == name })
	if i < 0 {
		return Directory{}, false
	}
	return d[i], true
}

// Names lists the names, in order of precedence; one at least.
func (d Directories) Names() []string {
	if len(d) == 0 {
		return []string{""}
	}
	names := make([]string, len(d))
	for i := range d {
		names[i] = d[i].Name
	}
	return names
}

// Rank is a directory's place in the order of precedence; one that was taken out comes
// last.
func (d Directories) Rank(name string) int {
	if i := slices.Index(d.Names(), name); i >= 0 {
		return i
	}
	return len(d)
}

// Spelled gives the ways in which the configuration can name a group of a directory: by its
// name, unless that reads as a group of one of the directories, and by name/group.
func (d Directories) Spelled(directory, group string) []string {
	if !d.Named() {
		return []string{group}
	}
	qualified := directory + "/" + group
	if first, _, cut := strings.Cut(group, "/"); cut {
		if _, taken := d.Get(foldedName(first)); taken {
			return []string{qualified}
		}
	}
	return []string{qualified, group}
}

// Reference cuts the name of a group, as the configuration has it, into the directory that
// it names, "" where it names none, and the name there.
func (d Directories) Reference(name string) (directory, group string) {
	first, rest, cut := strings.Cut(name, "/")
	if _, known := d.Get(foldedName(first)); !cut || !known || !d.Named() {
		return "", name
	}
	return foldedName(first), rest
}

// foldedName is a directory's name as people may write it before a group's, which have no
// case.
func foldedName(text string) string { return strings.ToLower(strings.TrimSpace(text)) }

// Shadowed is a person of a directory whose username, or alias, a person of an earlier
// directory has.
type Shadowed struct {
	Username  string
	Directory string
	Source    SourceID
	By        SourceID // the person of the earlier directory
	Locked    *bool    // in the directory; nil: it can't be told
}
