// Package membership reads the groups of a directory, one inside another too, and tells
// which people are in them, comparing DNs as the server does.
package membership

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"duosync/ldapsrc/conn"
	"duosync/ldapsrc/decode"
	"duosync/ldapsrc/dn"
	dirsync "duosync/sync"
)

// Groups selects groups. Those of a person are told in Person.Groups.
//
// A group inside a group counts wherever it is in the directory's tree (the naming
// contexts that hold the users' bases), if Filter matches it; only those below Bases are
// told by name. A member that is neither a person who was read nor a group is nobody,
// and ReadInfo.Warnings tells of those that do not exist.
type Groups struct {
	Bases []string
	// Filter in the syntax of RFC 4515.
	Filter string
	// NameAttribute holds a group's name. Of several values it is the one in the
	// DN, or else the least.
	NameAttribute string
	// MemberAttributes hold the members: their DNs (member, uniqueMember), or, in
	// memberUid, their uids (RFC 2307). Of several, all that a group has count: which
	// these are hangs on its class (RFC 4519). With memberUid among them, people are
	// also in their primary group, by gidNumber. The URLs in memberURL are searched for.
	MemberAttributes []string
	// MemberOf is an attribute of people, and of groups inside others, that names the
	// groups they are in by DN. It counts beside MemberAttributes. "": none does.
	MemberOf string
	// Nested puts the people of a group inside a group into the outer one, too,
	// at any depth.
	Nested bool
	// Want tells by the name, as the server has it, which groups are asked about. It
	// is not asked about a blank name. When nil, groups are not read at all.
	Want func(name string) bool
}

// Names of attributes.
const (
	uid            = "uid"
	memberUID      = "memberUid"    // RFC 2307: holds uids
	memberURL      = "memberURL"    // of a dynamic group: searches for its members
	uniqueMember   = "uniqueMember" // RFC 4519, 2.40: DNs with an optional number
	objectClass    = "objectClass"
	objectSID      = "objectSid"      // Active Directory
	primaryGroupID = "primaryGroupID" // Active Directory
	gidNumber      = "gidNumber"      // RFC 2307
)

// Primary gives the attributes of people that name the number of a group they are in.
func Primary() []string { return []string{gidNumber, primaryGroupID} }

// Reader reads groups.
type Reader struct {
	Groups
	decoder *decode.Decoder
	users   []dn.DN  // bases of the people
	bases   []string // of the groups, folded
}

// NewReader checks the options for groups, if any are wanted. The decoder tells the ids
// and stamps of groups, and users are the bases of the people.
func NewReader(groups Groups, decoder *decode.Decoder, users []dn.DN) (*Reader, error) {
	r := &Reader{Groups: groups, decoder: decoder, users: users}
	if r.Want == nil {
		return r, nil
	}
	preset := decoder.Kind.Groups
	r.Filter = cmp.Or(strings.TrimSpace(r.Filter), preset.Filter)
	r.NameAttribute = cmp.Or(r.NameAttribute, preset.NameAttribute)
	if len(r.MemberAttributes) == 0 {
		r.MemberAttributes = []string{preset.MemberAttribute}
	}
	if len(r.Bases) == 0 {
		return nil, dirsync.WithHint(errors.New("groups are asked for, but no base DN for groups is given"), "set ldap.groups.base_dns")
	}
	for _, text := range r.Bases {
		base, err := dn.Parse(text)
		if err != nil {
			return nil, dirsync.WithHint(err, "check ldap.groups.base_dns")
		}
		r.bases = append(r.bases, base.Folded)
	}
	if err := conn.CheckFilter("ldap.groups.filter", r.Filter); err != nil {
		return nil, err
	}
	return r, r.checkNames()
}

// checkNames checks the names of attributes.
func (r *Reader) checkNames() error {
	names := append([]string{r.NameAttribute}, r.MemberAttributes...)
	if r.MemberOf != "" {
		names = append(names, r.MemberOf)
	}
	for _, name := range names {
		if !dirsync.ValidAttribute(name) {
			return dirsync.WithHint(fmt.Errorf("%q is no name of an LDAP attribute", name),
				"check ldap.groups.name_attribute, ldap.groups.member_attribute and ldap.groups.member_of")
		}
	}
	return nil
}

// PersonAttributes are those by which a person is found in a group, beside the DN.
func (r *Reader) PersonAttributes() []string {
	var names []string
	if r.Want == nil {
		return nil
	}
	if r.MemberOf != "" {
		names = append(names, r.MemberOf)
	}
	if r.knowsUIDs() {
		names = append(names, uid, gidNumber, objectClass)
	}
	if r.decoder.Kind.PrimaryGroups {
		names = append(names, objectSID, primaryGroupID)
	}
	return names
}

// holdsURLs reports whether a member attribute holds the URLs of searches.
func holdsURLs(attribute string) bool { return strings.EqualFold(attribute, memberURL) }

// knowsUIDs reports whether groups may name their members by uid.
func (r *Reader) knowsUIDs() bool { return slices.ContainsFunc(r.MemberAttributes, holdsUIDs) }

// holdsUIDs reports whether a member attribute holds uids, and not DNs.
func holdsUIDs(attribute string) bool { return strings.EqualFold(attribute, memberUID) }
