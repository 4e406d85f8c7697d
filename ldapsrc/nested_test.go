package ldapsrc_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"duosync/ldapsrc"
	"duosync/ldapsrc/ldapsim"
	"duosync/ldapsrc/membership"
	"duosync/ldapsrc/slapdtest"
	dirsync "duosync/sync"
)

const simOther = "ou=Other,dc=example,dc=com"

// newGroups starts a simulated directory of n people with a place for groups.
func newGroups(t *testing.T, n int) *ldapsim.Server {
	t.Helper()
	sim := newSim(t, n)
	for _, dn := range []string{simGroups, simOther} {
		add(t, sim, dn, ldapsim.Attributes{"objectClass": {"top"}})
	}
	return sim
}

func simGroup(t *testing.T, sim *ldapsim.Server, dn string, members ...string) {
	t.Helper()
	add(t, sim, dn, ldapsim.Attributes{"objectClass": {"groupOfNames"}, "member": members})
}

func groupOptions(sim *ldapsim.Server, want func(string) bool) ldapsrc.Options {
	return simOptions(sim, func(o *ldapsrc.Options) {
		o.Groups = membership.Groups{Bases: []string{simGroups}, Nested: true, Want: want}
	})
}

// A group inside a wanted one counts wherever it is: elsewhere, among the people, and
// inside such a one.
func TestNestedOutsideTheBases(t *testing.T) {
	t.Parallel()
	sim := newGroups(t, 8)
	elsewhere, among, deep := "cn=staff,"+simOther, "cn=team,"+simUsers, "cn=deep,"+simOther
	simGroup(t, sim, "cn=vpn,"+simGroups, simUser(0), elsewhere, "cn=inside,"+simGroups)
	simGroup(t, sim, "cn=inside,"+simGroups, simUser(1))
	simGroup(t, sim, elsewhere, simUser(2), among, "uid=outsider,"+simOther)
	simGroup(t, sim, among, simUser(3), "CN=DEEP,"+simOther)
	simGroup(t, sim, deep, simUser(4), elsewhere) // a ring
	simGroup(t, sim, "cn=unrelated,"+simOther, simUser(5))
	simAdd(t, sim, 99, simOther)
	if err := sim.Rename("uid=sim0099,"+simOther, "uid=outsider"); err != nil {
		t.Fatal(err)
	}
	src := newSource(t, groupOptions(sim, only("vpn")))
	groups, info := groupsByUID(t, src)
	want := map[string][]string{}
	for i := range 5 {
		want[fmt.Sprintf("sim%04d", i)] = []string{"vpn"}
	}
	if diff := cmp.Diff(want, groups); diff != "" {
		t.Errorf("groups by person (-want +got):\n%s", diff)
	}
	type nested struct {
		DN               string
		Members, Persons int
		Inside           []string
	}
	var got []nested
	for _, g := range info.Nested {
		if g.ID == "" || g.Stamp == "" {
			t.Errorf("without id or stamp: %+v", g)
		}
		got = append(got, nested{g.DN, g.Members, g.Persons, g.Inside})
	}
	if diff := cmp.Diff([]nested{
		{deep, 2, 1, []string{"vpn"}}, {"cn=inside," + simGroups, 1, 1, []string{"vpn"}},
		{elsewhere, 3, 1, []string{"vpn"}}, {among, 2, 1, []string{"vpn"}},
	}, got, cmpopts.SortSlices(func(a, b nested) bool { return a.DN < b.DN })); diff != "" {
		t.Errorf("nested groups (-want +got):\n%s", diff)
	}
	if len(info.Groups) != 1 || info.Groups[0].Persons != 1 || info.Groups[0].Members != 3 || len(info.Warnings) != 0 {
		t.Errorf("%+v, %q", info.Groups, info.Warnings)
	}
	people := mustRead(t, src)
	if p := lookup(t, src, people[4].ID)[people[4].ID].Person; p == nil || !slices.Equal(p.Groups, []string{"vpn"}) {
		t.Errorf("looked up: %+v", p)
	}
}

// The filter decides what a group is, elsewhere, too.
func TestNestedByTheFilter(t *testing.T) {
	t.Parallel()
	sim := newGroups(t, 3)
	simGroup(t, sim, "cn=yes,"+simOther, simUser(0))
	add(t, sim, "cn=no,"+simOther, ldapsim.Attributes{"objectClass": {"groupOfURLs"}, "member": {simUser(1)}})
	simGroup(t, sim, "cn=vpn,"+simGroups, "cn=yes,"+simOther, "cn=no,"+simOther)
	groups, info := groupsByUID(t, newSource(t, groupOptions(sim, anyGroup)))
	if diff := cmp.Diff(map[string][]string{"sim0000": {"vpn"}}, groups); diff != "" || len(info.Warnings) != 0 {
		t.Errorf("%s %q", diff, info.Warnings)
	}
}

// Members who are nobody are told of, once a group.
func TestMembersWhoAreNobody(t *testing.T) {
	t.Parallel()
	sim := newGroups(t, 3)
	simGroup(t, sim, "cn=a,"+simGroups, simUser(0), "cn=gone,"+simOther, "cn=former,"+simGroups, "uid=left,"+simUsers,
		"cn=x,dc=other,dc=org", "uid=outsider,"+simOther)
	simGroup(t, sim, "cn=b,"+simGroups, simUser(1), "cn=far,dc=child,dc=example,dc=com", "")
	simGroup(t, sim, "cn=clean,"+simGroups, simUser(2))
	for i := range 5 {
		simAdd(t, sim, 50+i, simOther)
	}
	if err := sim.Rename("uid=sim0050,"+simOther, "uid=outsider"); err != nil {
		t.Fatal(err)
	}
	var many []string
	for i := range 5 {
		many = append(many, fmt.Sprintf("uid=left%d,%s", i, simUsers))
	}
	simGroup(t, sim, "cn=c,"+simGroups, many...)
	sim.SetFaults(ldapsim.Faults{Elsewhere: map[string]string{"cn=far,dc=child,dc=example,dc=com": "ldap://child.example.com/"}})
	groups, info := groupsByUID(t, newSource(t, groupOptions(sim, anyGroup)))
	if len(groups) != 3 {
		t.Errorf("%q", groups)
	}
	if diff := cmp.Diff([]string{
		`group "cn=a,ou=Groups,dc=example,dc=com": 3 members do not exist: "cn=former,ou=Groups,dc=example,dc=com", "cn=gone,ou=Other,dc=example,dc=com", "uid=left,ou=Users,dc=example,dc=com"; ` +
			`1 member lies outside this directory's tree and was not looked for: "cn=x,dc=other,dc=org"`,
		`group "cn=b,ou=Groups,dc=example,dc=com": 1 member lies outside this directory's tree and was not looked for: "cn=far,dc=child,dc=example,dc=com"`,
		`group "cn=c,ou=Groups,dc=example,dc=com": 5 members do not exist: ` +
			`"uid=left0,ou=Users,dc=example,dc=com", "uid=left1,ou=Users,dc=example,dc=com", "uid=left2,ou=Users,dc=example,dc=com", …`,
	}, info.Warnings); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}

	for _, change := range []func(*membership.Groups){
		func(g *membership.Groups) { g.Nested = false },
		func(g *membership.Groups) { g.Want = only("clean") },
		func(g *membership.Groups) { g.Want = nil },
	} {
		opts := groupOptions(sim, anyGroup)
		change(&opts.Groups)
		if _, info := groupsByUID(t, newSource(t, opts)); len(info.Warnings) != 0 || len(info.Nested) != 0 {
			t.Errorf("%q, %v", info.Warnings, info.Nested)
		}
	}
}

// However many members are elsewhere, a read looks for a thousand, and finds the
// group that is alone in its place.
func TestMembersAreLookedForWithinBounds(t *testing.T) {
	t.Parallel()
	sim := newGroups(t, 1)
	members := []string{"cn=nested,ou=Alone," + simOther}
	for i := range 1500 {
		members = append(members, fmt.Sprintf("uid=%d,%s", i, simOther))
	}
	slices.Reverse(members)
	add(t, sim, "ou=Alone,"+simOther, ldapsim.Attributes{"objectClass": {"top"}})
	simGroup(t, sim, "cn=nested,ou=Alone,"+simOther, simUser(0))
	simGroup(t, sim, "cn=vpn,"+simGroups, members...)
	groups, info := groupsByUID(t, newSource(t, groupOptions(sim, anyGroup)))
	if diff := cmp.Diff(map[string][]string{"sim0000": {"vpn"}}, groups); diff != "" {
		t.Errorf("groups by person (-want +got):\n%s", diff)
	}
	all := strings.Join(info.Warnings, "\n")
	if len(info.Warnings) != 2 || !strings.Contains(all, "999 members do not exist") || !strings.Contains(all, "501 members of groups were not looked for") {
		t.Errorf("%q", info.Warnings)
	}
}

// A group that is there but can't be read ends the read before anybody is visited.
func TestNestedGroupThatCannotBeRead(t *testing.T) {
	t.Parallel()
	sim := newGroups(t, 2)
	nested := "cn=nested," + simOther
	simGroup(t, sim, nested, simUser(0))
	simGroup(t, sim, "cn=vpn,"+simGroups, simUser(1), nested)
	for _, tt := range []struct {
		faults ldapsim.Faults
		words  string
	}{
		{ldapsim.Faults{Denied: []string{nested}}, `group "cn=vpn,ou=Groups,dc=example,dc=com"|"cn=nested,ou=Other,dc=example,dc=com"|LDAP code 50`},
		{ldapsim.Faults{Denied: []string{"cn=vpn," + simGroups}}, "LDAP code 50"},
	} {
		sim.SetFaults(tt.faults)
		people, _, err := readAll(t, newSource(t, groupOptions(sim, anyGroup)))
		wantError(t, err, tt.words, "right to read")
		if len(people) > 0 {
			t.Errorf("%d people were visited", len(people))
		}
	}
}

// Domain Users, in CN=Users, inside a group of an organizational unit: its people have
// it as their primary group, and it has no members of its own.
func TestDomainUsersInsideAGroup(t *testing.T) {
	t.Parallel()
	sim := newAD(t, 4, 0)
	container := "cn=Users,dc=example,dc=com"
	add(t, sim, container, ldapsim.Attributes{"objectClass": {"container"}})
	add(t, sim, "cn=Domain Users,"+container, ldapsim.Attributes{"objectClass": {"group"}, "objectSid": {sidOf(7, 513)}, "objectGUID": {guidOf(900)}})
	addADGroup(t, sim, "VPN", 2000, "cn=Domain Users,"+container)
	if err := sim.Replace(simUser(3), "primaryGroupID", "514"); err != nil {
		t.Fatal(err)
	}
	groups, info := groupsByUID(t, newSource(t, adOptions(sim, nil)))
	if diff := cmp.Diff(map[string][]string{"sim0000": {"VPN"}, "sim0001": {"VPN"}, "sim0002": {"VPN"}}, groups); diff != "" {
		t.Errorf("groups by person (-want +got):\n%s", diff)
	}
	if len(info.Nested) != 1 || info.Nested[0].Persons != 3 || len(info.Nested[0].People) != 3 || info.Nested[0].Members != 0 || info.Groups[0].Persons != 0 {
		t.Errorf("%+v inside of %+v", info.Nested, info.Groups)
	}
}

// Who is in a group is known by id while they are few.
func TestPeopleOfGroups(t *testing.T) {
	t.Parallel()
	sim := newGroups(t, dirsync.MaxPeople+1)
	simGroup(t, sim, "cn=few,"+simGroups, simMembers(dirsync.MaxPeople)...)
	simGroup(t, sim, "cn=many,"+simGroups, simMembers(dirsync.MaxPeople+1)...)
	people, info, err := readAll(t, newSource(t, groupOptions(sim, anyGroup)))
	if err != nil {
		t.Fatal(err)
	}
	var ids []dirsync.SourceID
	for _, p := range people[:dirsync.MaxPeople] {
		ids = append(ids, p.ID)
	}
	slices.Sort(ids)
	few, many := info.Groups[0], info.Groups[1]
	if few.Persons != dirsync.MaxPeople || !slices.Equal(few.People, ids) || many.Persons != dirsync.MaxPeople+1 || many.People != nil {
		t.Errorf("%+v and %+v", few, many)
	}
}

func TestBlankNames(t *testing.T) {
	t.Parallel()
	sim := newGroups(t, 2)
	for rdn, name := range map[string]string{"cn=1": " \u00a0", "cn=2": "Staff ", "cn=3": "Staff", "cn=4": "\u200b"} {
		add(t, sim, rdn+","+simGroups, ldapsim.Attributes{"objectClass": {"groupOfNames"}, "displayName": {name}, "member": {simUser(0)}})
	}
	opts := groupOptions(sim, anyGroup)
	opts.Groups.NameAttribute = "displayName"
	_, info := groupsByUID(t, newSource(t, opts))
	if diff := cmp.Diff([]string{"Staff", "Staff "}, groupNames(info)); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if len(info.Warnings) != 2 || !strings.Contains(info.Warnings[0], `"cn=1,ou=Groups,dc=example,dc=com" has a blank for a name`) {
		t.Errorf("%q", info.Warnings)
	}
}

// On a real server: a nested group outside the groups' base, by whichever attribute it is
// named. One that may not be read ends the run; one that does not answer is told.
func TestNestedOutsideTheBasesOnSlapd(t *testing.T) {
	t.Parallel()
	hidden, absent := "cn=hidden,"+slapdtest.LeftDN, "cn=absent,"+slapdtest.LeftDN
	s := slapdtest.Start(t, slapdtest.Options{People: 5, Access: strings.Join([]string{
		`access to dn.exact="` + hidden + `" by * disclose`, `access to dn.exact="` + absent + `" by * none`,
	}, "\n")})
	away := func(name string) string { return "cn=" + name + "," + slapdtest.LeftDN }
	for name, members := range map[string][]string{"deep": {slapdtest.UserDN(3), away("unique")}, "hidden": {slapdtest.UserDN(4)}, "absent": {slapdtest.UserDN(4)}} {
		s.Add(away(name), map[string][]string{"objectClass": {"groupOfNames"}, "member": members})
	}
	s.Add(away("unique"), map[string][]string{"objectClass": {"groupOfUniqueNames"}, "uniqueMember": {slapdtest.UserDN(2), away("deep")}})
	addGroup(s, "cn=vpn", slapdtest.UserDN(1), away("unique"), absent)
	src := newSource(t, options(s, withGroups(only("vpn"), membersIn("member", "uniqueMember"))))
	groups, info := groupsByUID(t, src)
	want := map[string][]string{}
	for i := 1; i <= 3; i++ {
		want[slapdtest.UID(i)] = []string{"vpn"}
	}
	if diff := cmp.Diff(want, groups); diff != "" || len(info.Nested) != 2 {
		t.Errorf("groups by person (-want +got):\n%s%+v", diff, info.Nested)
	}
	if all := strings.Join(info.Warnings, "\n"); len(info.Warnings) != 1 || !strings.Contains(all, `1 member does not exist: "`+absent+`"`) {
		t.Errorf("%q", info.Warnings)
	}
	s.Modify(groupDN("vpn"), "member", away("unique"), hidden)
	people, _, err := readAll(t, src)
	wantError(t, err, `group "cn=vpn,ou=Groups,dc=WSO2,dc=ORG": looking for its member "cn=hidden,ou=Left,dc=WSO2,dc=ORG"|LDAP code 50`, "right to read")
	if len(people) > 0 {
		t.Errorf("%d people were visited", len(people))
	}
}
