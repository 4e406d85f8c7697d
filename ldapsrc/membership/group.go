package membership

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/dn"
	dirsync "duosync/sync"
)

// group is one group of the directory.
type group struct {
	dn     string
	label  dn.Label         // of the DN
	id     dirsync.SourceID // "" where the server shows none
	name   string           // "" for a group without one
	stamp  string
	wanted bool
	sid    sid      // Active Directory only
	claims []string // DNs of groups that it says to be in
	// searched: its members are found by searches alone, so that who is one hangs on
	// their own entries.
	searched bool
	gid      string // of a posixGroup whose members were read, where these may be uids
}

// attributes are what is read of a group besides its members.
func (r *Reader) attributes() []string {
	attrs := append([]string{r.NameAttribute, r.decoder.ID.Name}, r.decoder.StampAttributes()...)
	if r.decoder.Kind.PrimaryGroups {
		attrs = append(attrs, objectSID)
	}
	if r.claims() {
		attrs = append(attrs, r.MemberOf)
	}
	return attrs
}

// claims reports whether groups may say of themselves that they are inside others.
func (r *Reader) claims() bool { return r.Nested && r.MemberOf != "" }

// group decodes a group's entry, members aside. Whether it is wanted is for others
// to say.
func (r *Reader) group(entry *ldap.Entry) (group, error) {
	l, _, err := dn.LabelOf(entry.DN)
	if err != nil {
		return group{}, fmt.Errorf("group %q: the DN can't be read: %w", entry.DN, err)
	}
	g := group{dn: entry.DN, label: l, id: r.decoder.ID.OfGroup(entry), name: r.NameOf(entry), stamp: r.decoder.Stamp(entry)}
	if r.claims() {
		g.claims = dn.Values(entry, r.MemberOf)
	}
	if r.decoder.Kind.PrimaryGroups {
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

// NameOf is the name of a group, as the server has it. Of several values it
// is the one in the DN, or else the least, since values come in no fixed order.
func (r *Reader) NameOf(entry *ldap.Entry) string {
	values := dn.Values(entry, r.NameAttribute)
	if len(values) < 2 {
		return strings.Join(values, "")
	}
	if name, err := ldap.ParseDN(entry.DN); err == nil && len(name.RDNs) > 0 {
		for _, a := range name.RDNs[0].Attributes {
			at := slices.IndexFunc(values, func(value string) bool { return dn.FoldValue(value) == dn.FoldValue(a.Value) })
			if dn.StandardName(a.Type) == dn.StandardName(r.NameAttribute) && at >= 0 {
				return values[at]
			}
		}
	}
	return slices.Min(values)
}

// member is one value of a member attribute.
type member struct {
	dn.Label        // by which a person or a group is known again
	value    string // as it came
	byUID    bool   // it is a uid, and not a DN
	dn       string // in the value; a uid where those are the members
	folded   string // that DN; "" for a uid
}

// told is what is known of a group once its members were read.
type told struct {
	hidden   bool   // an attribute shows no member, and the server would not have such a group
	gid      string // see group
	searched bool   // see group
}

// readMembers gives each member of a group.
func (w *walker) readMembers(ctx context.Context, g group, visit func(member) error) (is told, err error) {
	attributes := append(slices.Clone(w.MemberAttributes), objectClass)
	if w.knowsUIDs() {
		attributes = append(attributes, gidNumber)
	}
	entry, err := w.c.Again(ctx, g.dn, attributes...)
	if err != nil {
		return is, err
	}
	if err := w.c.Complete(ctx, entry); err != nil {
		return is, err
	}
	if w.knowsUIDs() {
		if is.gid, err = gidOf(entry, w.c.Strict()); err != nil {
			return is, err
		}
	}
	empty, static := true, false
	for _, attribute := range w.MemberAttributes {
		values := dn.Values(entry, attribute)
		empty = empty && len(values) == 0
		if len(values) == 0 && needsMembers(entry, attribute) {
			if w.decoder.Kind.ShowsMembers {
				return is, dirsync.WithHint(fmt.Errorf("it came without any %s, which its object class demands", attribute),
					"let the account of ldap.bind_dn read "+attribute)
			}
			is.hidden = w.c.Strict()
		}
		if holdsURLs(attribute) {
			is.searched, err = len(values) > 0, w.visitFound(ctx, g, values, visit)
		} else {
			static, err = static || len(values) > 0, visitMembers(attribute, values, visit)
		}
		if err != nil {
			return is, err
		}
	}
	is.searched = is.searched && !static
	if empty && w.MemberOf == "" && isOf(entry, groupOfURLs) {
		w.warn("group %q is dynamic (groupOfURLs), and the server shows no members of it: add %s to ldap.groups.member_attribute", g.dn, memberURL)
	}
	return is, nil
}

// visitMembers gives each value of a member attribute.
func visitMembers(attribute string, values []string, visit func(member) error) error {
	for _, value := range values {
		m, err := readMember(attribute, value)
		if err != nil {
			return dirsync.WithHint(fmt.Errorf("%s holds %q, which is no DN: %w", attribute, value, err),
				"set ldap.groups.member_attribute to the attribute that holds the members' DNs (or to memberUid), or mend that value")
		}
		if err := visit(m); err != nil {
			return err
		}
	}
	return nil
}

// needsMembers reports whether a group's class demands values of a member attribute
// (RFC 4519), so that one without any is one whose members we may not read, where the
// server holds entries to that. 389 does not.
func needsMembers(entry *ldap.Entry, attribute string) bool {
	demands := map[string]string{"member": "groupofnames", "uniquemember": "groupofuniquenames"}
	class, known := demands[strings.ToLower(attribute)]
	return known && isOf(entry, class)
}

// isOf reports whether an entry is of an object class.
func isOf(entry *ldap.Entry, class string) bool {
	return slices.ContainsFunc(dn.Values(entry, objectClass), func(value string) bool { return strings.EqualFold(value, class) })
}

// readMember reads a value of a member attribute.
func readMember(attribute, value string) (m member, err error) {
	if holdsUIDs(attribute) {
		return member{Label: dn.LabelOfUID(value), value: value, byUID: true, dn: value}, nil
	}
	m = member{value: value, dn: value}
	if strings.EqualFold(attribute, uniqueMember) {
		m.dn = dn.WithoutUID(value)
	}
	m.Label, m.folded, err = dn.LabelOf(m.dn)
	return m, err
}
