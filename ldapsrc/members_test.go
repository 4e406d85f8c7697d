package ldapsrc_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"duosync/ldapsrc"
	"duosync/ldapsrc/ldapsim"
	"duosync/ldapsrc/membership"
	"duosync/ldapsrc/schema"
	"duosync/ldapsrc/slapdtest"
)

// anyClass is a filter for groups of each class that has members.
const anyClass = "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))"

// membersIn has groups of any class name their members by these attributes.
func membersIn(attributes ...string) func(*membership.Groups) {
	return func(g *membership.Groups) { g.Filter, g.MemberAttributes = anyClass, attributes }
}

// Each group has its members by the attribute of its class, one inside another, too.
func TestMemberAttributesByClass(t *testing.T) {
	t.Parallel()
	s := slapdtest.Start(t, slapdtest.Options{People: 8})
	addGroup(s, "cn=names", slapdtest.UserDN(0), groupDN("unique"))
	s.Add(groupDN("unique"), map[string][]string{
		"objectClass": {"groupOfUniqueNames"}, "uniqueMember": {slapdtest.UserDN(1), groupDN("both") + "#'01'B"},
	})
	s.Add(groupDN("both"), map[string][]string{ // as with the posixGroup of rfc2307bis
		"objectClass": {"groupOfNames", "extensibleObject"}, "member": {slapdtest.UserDN(2)}, "memberUid": {slapdtest.UID(3), slapdtest.UID(2)},
	})
	s.Add(groupDN("unix"), map[string][]string{"objectClass": {"posixGroup"}, "gidNumber": {"500"}, "memberUid": {slapdtest.UID(4)}})
	user := slapdtest.UID
	for _, tt := range []struct {
		attributes []string
		want       map[string][]string
	}{
		{[]string{"member"}, map[string][]string{user(0): {"names"}, user(2): {"both"}}},
		{[]string{"member", "uniqueMember"}, map[string][]string{
			user(0): {"names"}, user(1): {"names", "unique"}, user(2): {"both", "names", "unique"},
		}},
		{[]string{"memberUid", "UNIQUEMEMBER", "member"}, map[string][]string{
			user(0): {"names"}, user(1): {"names", "unique"}, user(2): {"both", "names", "unique"}, user(3): {"both", "names", "unique"}, user(4): {"unix"},
		}},
		{[]string{"memberUid"}, map[string][]string{user(2): {"both"}, user(3): {"both"}, user(4): {"unix"}}},
	} {
		src := newSource(t, options(s, withGroups(anyGroup, membersIn(tt.attributes...))))
		groups, info := groupsByUID(t, src)
		if diff := cmp.Diff(tt.want, groups); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.attributes, diff)
		}
		if len(info.Warnings) != 0 {
			t.Errorf("%q: %q", tt.attributes, info.Warnings)
		}
	}
}

// A group with members of one kind, whose others may not be read though its class
// demands some, is no group that was read.
func TestOneMemberAttributeIsHidden(t *testing.T) {
	t.Parallel()
	s := slapdtest.Start(t, slapdtest.Options{People: 2, Access: "access to attrs=member by * none"})
	s.Add(groupDN("both"), map[string][]string{
		"objectClass": {"groupOfNames", "extensibleObject"}, "member": {slapdtest.UserDN(0)}, "memberUid": {slapdtest.UID(1)},
	})
	both := membersIn("memberUid", "member")
	_, info := groupsByUID(t, newSource(t, options(s, withGroups(anyGroup, both))))
	if len(info.Groups) != 1 || !info.Groups[0].Hidden || info.Groups[0].Members != 1 {
		t.Errorf("%+v", info.Groups)
	}
	_, _, err := readAll(t, newSource(t, options(s, func(o *ldapsrc.Options) {
		withGroups(anyGroup, both)(o)
		o.Preset = schema.OpenLDAP
	})))
	wantError(t, err, `"cn=both,ou=Groups,dc=WSO2,dc=ORG": it came without any member`, "read member")
}

// A uid that reads like somebody's DN, and a DN in memberUid, are no way into the groups
// of the other.
func TestUIDsAreNoDNs(t *testing.T) {
	t.Parallel()
	sim := newGroups(t, 1)
	add(t, sim, "cn=guest,"+simUsers, ldapsim.Attributes{"objectClass": {"person"}, "uid": {simUser(0)}})
	simGroup(t, sim, "cn=staff,"+simGroups, simUser(0))
	add(t, sim, "cn=unix,"+simGroups, ldapsim.Attributes{"objectClass": {"posixGroup"}, "memberUid": {"cn=guest," + simUsers, "sim0000"}})
	opts := groupOptions(sim, anyGroup)
	membersIn("member", "memberUid")(&opts.Groups)
	groups, _ := groupsByUID(t, newSource(t, opts))
	if diff := cmp.Diff(map[string][]string{"sim0000": {"staff", "unix"}}, groups); diff != "" {
		t.Errorf("groups by person (-want +got):\n%s", diff)
	}
}

// Two people of nearly one uid are told apart by it, and known by their DNs in whatever case.
func TestNamesakesInSeveralMemberAttributes(t *testing.T) {
	t.Parallel()
	sim := newGroups(t, 0)
	for i, name := range []string{"anna", "Anna"} {
		add(t, sim, fmt.Sprintf("cn=%d,%s", i, simUsers), ldapsim.Attributes{"objectClass": {"person"}, "uid": {name}})
	}
	add(t, sim, "cn=unix,"+simGroups, ldapsim.Attributes{"objectClass": {"posixGroup"}, "memberUid": {"Anna"}})
	add(t, sim, "cn=unique,"+simGroups, ldapsim.Attributes{"objectClass": {"groupOfUniqueNames"}, "uniqueMember": {"CN=0," + simUsers}})
	opts := groupOptions(sim, anyGroup)
	membersIn("member", "uniqueMember", "memberUid")(&opts.Groups)
	groups, _ := groupsByUID(t, newSource(t, opts))
	if diff := cmp.Diff(map[string][]string{"anna": {"unique"}, "Anna": {"unix"}}, groups); diff != "" {
		t.Errorf("groups by person (-want +got):\n%s", diff)
	}
}
