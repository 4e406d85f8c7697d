package dirsync

import (
	"time"
)

// Baseline is what a complete run saw, for later runs to compare with. What was
// doubted or held keeps the figures of the run before.
type Baseline struct {
	At     time.Time `json:"at"`
	Server string    `json:"server"` // the LDAP URL that answered
	// InScope counts the persons in scope, of all directories; Sighted these and those
	// whom an exclusion left alone.
	InScope int `json:"in_scope"`
	Sighted int `json:"sighted,omitempty"`
	// Scope is the accepted fingerprint of what decides who is in, and Place that of
	// where people are looked for and by which id, see Directory. Those of a directory
	// with a name stand in its Reference, and so does Mapping.
	Scope string `json:"scope,omitempty"`
	Place string `json:"place,omitempty"`
	// Mapping is the digest of the mapping, see Directory, as it was at the last run of
	// which no guard held anything; "" in a state of an earlier version.
	Mapping string `json:"mapping,omitempty"`
	// Directories are the references of each directory, by its name; "" is that of
	// the section ldap. It is nil in a state of the first version.
	Directories map[string]Reference `json:"directories,omitempty"`
	// Held tells since when a guard holds, by its name and what it is about.
	Held map[string]time.Time `json:"held,omitempty"`
	// Attention is what needed a human, by the person's id, or by a group's key; nil in a
	// state of an earlier version.
	Attention map[string]Attention `json:"attention,omitzero"`

	// Bulk are the bulk calls that Duo refuses, for a day.
	Bulk []BulkRefusal `json:"bulk,omitempty"`

	// What a state of the first version has in the place of Directories: persons
	// with a value, by attribute; persons of each mirrored group, by the folded name
	// of the Duo group; and persons whom an excluded group left alone.
	Attributes map[string]int `json:"attributes,omitempty"`
	Groups     map[string]int `json:"groups,omitempty"`
	Excluded   int            `json:"excluded,omitempty"`
}

// Reference is what complete reads saw of one directory: each part of it as it was
// at the last read in which it was not doubted.
type Reference struct {
	// InScope, Sighted, Scope, Place and Mapping are for one of several directories what
	// those of a Baseline are.
	InScope int    `json:"in_scope,omitempty"`
	Sighted int    `json:"sighted,omitempty"`
	Scope   string `json:"scope,omitempty"`
	Place   string `json:"place,omitempty"`
	Mapping string `json:"mapping,omitempty"`

	Identity string `json:"identity"`
	Marker   Marker `json:"marker,omitempty"`
	// Furthest is the furthest that a server has come in any read.
	Furthest Marker `json:"furthest,omitempty"`
	// Bases counts the persons below each base DN, folded, in scope or not.
	Bases map[string]int `json:"bases,omitempty"`
	// Groups are the groups that decide something, or are nested in one, by
	// GroupEntry.Key.
	Groups map[string]GroupSeen `json:"groups,omitempty"`
	// Attributes are the attributes that a field is made of, by lower-cased name.
	Attributes map[string]AttributeSeen `json:"attributes,omitempty"`
}

// GroupSeen is what was seen of a group, see GroupEntry. Identity is that of the
// server that gave the stamp.
type GroupSeen struct {
	ID       SourceID   `json:"id,omitempty"`
	Name     string     `json:"name"`
	DN       string     `json:"dn"`
	Stamp    string     `json:"stamp,omitempty"`
	Identity string     `json:"identity,omitempty"`
	Members  int        `json:"members"`
	Persons  int        `json:"persons"`
	People   []SourceID `json:"people,omitempty"`
	Inside   []string   `json:"inside,omitempty"` // for a nested one
	// Own counts the persons who were in it by their own entries alone. OwnStamps are those
	// of these entries, by id, where the group has no more persons than the floor.
	Own       int                 `json:"own,omitempty"`
	OwnStamps map[SourceID]string `json:"own_stamps,omitempty"`
	// Blind: a later read was known not to see its members, or with Bare, not to see that
	// it has any. No stamp lifts that.
	Blind bool `json:"blind,omitempty"`
	Bare  bool `json:"bare,omitempty"`
}

// AttributeSeen is what was seen of an attribute: how many persons in scope have a
// value, and who where there are no more than MaxPeople. A value that the server
// sets and ends by itself (a lockout) does not count.
type AttributeSeen struct {
	Persons int                 `json:"persons"`
	Of      int                 `json:"of"` // persons in scope
	Bearers map[SourceID]Bearer `json:"bearers,omitempty"`
	// Bare: a later read was known not to see any value, see Bearer.Blind.
	Bare bool `json:"bare,omitempty"`
	// Status: the status was made of it; it may keep people out.
	Status bool `json:"status,omitempty"`
}

// Bearer is a person with a value. Stamp is the entry's, and Via are those of other
// entries from which the value may come, by DN: groups, roles. There are none where
// more than the floor have a value.
type Bearer struct {
	Stamp    string            `json:"stamp,omitempty"`
	Identity string            `json:"identity,omitempty"`
	Via      map[string]string `json:"via,omitempty"`
	// Blind: a later read was known not to see the value. No stamp lifts that.
	Blind bool `json:"blind,omitempty"`
}

// Entry gives the group as it was seen last, in the directory of that name.
func (g *GroupSeen) Entry(directory string) GroupEntry {
	return GroupEntry{Directory: directory, ID: g.ID, Name: g.Name, DN: g.DN}
}

// Of gives what was seen of a directory, by its name, and whether anything was. Of the
// section ldap what is accepted stands in the baseline itself. b may be nil.
func (b *Baseline) Of(directory string) (Reference, bool) {
	if b == nil {
		return Reference{}, false
	}
	ref, known := b.Directories[directory]
	if directory == "" {
		ref.InScope, ref.Sighted, ref.Scope, ref.Place, ref.Mapping = b.InScope, b.Sighted, b.Scope, b.Place, b.Mapping
		known = known || len(b.Directories) == 0
	}
	return ref, known
}
