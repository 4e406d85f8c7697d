package ldapsrc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/dn"
	dirsync "duosync/sync"
)

const (
	uid            = "uid"
	memberUID      = "memberUid"    // RFC 2307: holds uids
	uniqueMember   = "uniqueMember" // RFC 4519, 2.40: DNs with an optional number
	objectClass    = "objectClass"
	objectSID      = "objectSid"      // Active Directory
	primaryGroupID = "primaryGroupID" // Active Directory
)

// prepareGroups checks the options for groups, if any are wanted, and has the
// attributes read by which a person is found in a group.
func (s *Source) prepareGroups() error {
	g := &s.opts.Groups
	if g.Want == nil {
		return nil
	}
	g.Filter = cmp.Or(strings.TrimSpace(g.Filter), s.kind.Groups.Filter)
	g.NameAttribute = cmp.Or(g.NameAttribute, s.kind.Groups.NameAttribute)
	g.MemberAttribute = cmp.Or(g.MemberAttribute, s.kind.Groups.MemberAttribute)
	if len(g.Bases) == 0 {
		return dirsync.WithHint(errors.New("groups are asked for, but no base DN for groups is given"), "set ldap.groups.base_dns")
	}
	for _, text := range g.Bases {
		base, err := dn.Parse(text)
		if err != nil {
			return dirsync.WithHint(err, "check ldap.groups.base_dns")
		}
		s.groupBases = append(s.groupBases, base.Folded)
	}
	if err := checkFilter("ldap.groups.filter", g.Filter); err != nil {
		return err
	}
	for _, name := range []string{g.NameAttribute, g.MemberAttribute} {
		if !dirsync.ValidAttribute(name) {
			return dirsync.WithHint(fmt.Errorf("%q is no name of an LDAP attribute", name),
				"check ldap.groups.name_attribute and ldap.groups.member_attribute")
		}
	}
	if s.membersAreUIDs() {
		s.askFor(uid)
	}
	if s.kind.PrimaryGroups {
		s.askFor(objectSID)
		s.askFor(primaryGroupID)
	}
	return nil
}

// askFor has an attribute of people read that is not given on.
func (s *Source) askFor(name string) {
	if !s.decoder.wanted.has(name) {
		s.decoder.wanted.add(name)
		s.attributes = append(s.attributes, name)
		s.inner = append(s.inner, strings.ToLower(name))
	}
}

func (s *Source) membersAreUIDs() bool {
	return strings.EqualFold(s.opts.Groups.MemberAttribute, memberUID)
}

// group is one group of the directory.
type group struct {
	dn     string
	label  dn.Label         // of the DN
	id     dirsync.SourceID // "" where the server shows none
	name   string           // "" for a group without one
	stamp  string
	wanted bool
	sid    sid // Active Directory only
}

// readGroups reads the groups that are wanted, and those inside them where they
// may be nested, each on its own: memory is that of one group's members at a
// time, and other groups cost no more than their names. Without wanted groups
// configured it is nil.
func (s *Source) readGroups(ctx context.Context, c *conn, v view) (*roster, error) {
	if s.opts.Groups.Want == nil {
		return nil, nil
	}
	t := newTracer(s, c, v)
	if err := t.listGroups(ctx); err != nil {
		return nil, err
	}
	if err := t.trace(ctx); err != nil {
		return nil, err
	}
	t.r.close()
	s.opts.Log.Debugf("ldap: %d groups, %d names of wanted ones, %d memberships", len(t.r.groups), len(t.r.names), len(t.r.members))
	return t.r, nil
}

// groupAttributes are what is read of a group besides its members.
func (s *Source) groupAttributes() []string {
	attrs := append([]string{s.opts.Groups.NameAttribute, s.decoder.idName}, s.stampAttributes()...)
	if s.kind.PrimaryGroups {
		attrs = append(attrs, objectSID)
	}
	return attrs
}

// group decodes a group's entry, members aside. Whether it is wanted is for others
// to say.
func (s *Source) group(entry *ldap.Entry) (group, error) {
	l, _, err := dn.LabelOf(entry.DN)
	if err != nil {
		return group{}, fmt.Errorf("group %q: the DN can't be read: %w", entry.DN, err)
	}
	g := group{dn: entry.DN, label: l, id: s.groupID(entry), name: groupName(entry, s.opts.Groups.NameAttribute), stamp: s.stampOf(entry)}
	if s.kind.PrimaryGroups {
		if g.sid, err = parseSID(dn.Values(entry, objectSID)); err != nil {
			return group{}, dirsync.WithHint(fmt.Errorf("group %q: %w, so it is not known whose primary group it is", entry.DN, err),
				"let the account read objectSid, and narrow ldap.groups.filter to (objectClass=group)")
		}
	}
	return g, nil
}

// isBlank reports whether a name shows nothing.
func isBlank(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) })
}

// groupID is the id of a group in the form of a person's. Not every id attribute
// of people is one that groups have, so a group may be without.
func (s *Source) groupID(entry *ldap.Entry) dirsync.SourceID {
	values := dn.Values(entry, s.decoder.idName)
	if len(values) != 1 {
		return ""
	}
	id, err := s.decoder.id.canonical(values[0])
	if err != nil {
		return ""
	}
	return id
}

// groupName is the name of a group, as the server has it. Of several values it
// is the one in the DN, or else the least, since values come in no fixed order.
func groupName(entry *ldap.Entry, attribute string) string {
	values := dn.Values(entry, attribute)
	if len(values) < 2 {
		return strings.Join(values, "")
	}
	if name, err := ldap.ParseDN(entry.DN); err == nil && len(name.RDNs) > 0 {
		for _, a := range name.RDNs[0].Attributes {
			at := slices.IndexFunc(values, func(value string) bool { return dn.FoldValue(value) == dn.FoldValue(a.Value) })
			if dn.StandardName(a.Type) == dn.StandardName(attribute) && at >= 0 {
				return values[at]
			}
		}
	}
	return slices.Min(values)
}

// readMembers gives each member of a group: its text, the label by which a person's
// or a group's DN (or a person's uid) is known again, and the folded DN. hidden: there are
// none, and the server would not have such a group.
func (s *Source) readMembers(ctx context.Context, c *conn, g group, visit func(value string, l dn.Label, key string) error) (hidden bool, err error) {
	attribute := s.opts.Groups.MemberAttribute
	entry, err := s.entryAt(ctx, c, g.dn, attribute, objectClass)
	if err != nil {
		return false, err
	}
	if err := s.complete(ctx, c, entry); err != nil {
		return false, err
	}
	values := dn.Values(entry, attribute)
	if len(values) == 0 && s.needsMembers(entry) && s.kind.ShowsMembers {
		return false, dirsync.WithHint(fmt.Errorf("it came without any %s, which its object class demands", attribute),
			"let the account of ldap.bind_dn read "+attribute)
	}
	for _, value := range values {
		l, key, err := s.memberLabel(value)
		if err != nil {
			return false, dirsync.WithHint(fmt.Errorf("%s holds %q, which is no DN: %w", attribute, value, err),
				"set ldap.groups.member_attribute to the attribute that holds the members' DNs (or to memberUid), or mend that value")
		}
		if err := visit(value, l, key); err != nil {
			return false, err
		}
	}
	return len(values) == 0 && c.strict && s.needsMembers(entry), nil
}

// needsMembers reports whether a group's class demands members (RFC 4519), so that one
// without any is one whose members we may not read, where the server holds entries to
// that. 389 does not.
func (s *Source) needsMembers(entry *ldap.Entry) bool {
	demands := map[string]string{"member": "groupofnames", "uniquemember": "groupofuniquenames"}
	class, known := demands[strings.ToLower(s.opts.Groups.MemberAttribute)]
	return known && slices.ContainsFunc(dn.Values(entry, objectClass), func(value string) bool {
		return strings.EqualFold(value, class)
	})
}

// memberLabel gives the label by which a member is known again; for a DN, its folded
// form, too.
func (s *Source) memberLabel(value string) (dn.Label, string, error) {
	if s.membersAreUIDs() {
		return dn.LabelOfUID(value), "", nil
	}
	return dn.LabelOf(s.memberDN(value))
}

// memberDN gives the DN in a value of the member attribute.
func (s *Source) memberDN(value string) string {
	if strings.EqualFold(s.opts.Groups.MemberAttribute, uniqueMember) {
		return dn.WithoutUID(value)
	}
	return value
}
