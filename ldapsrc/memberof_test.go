package ldapsrc_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"duosync/ldapsrc"
	"duosync/ldapsrc/ldapsim"
	"duosync/ldapsrc/slapdtest"
	dirsync "duosync/sync"
)

// memberOfOptions have groups read of which people, and groups inside others, may say by
// memberOf that they are in them.
func memberOfOptions(sim *ldapsim.Server, want func(string) bool) ldapsrc.Options {
	opts := groupOptions(sim, want)
	opts.Groups.MemberOf = "memberOf"
	return opts
}

// says has an entry say that it is in these groups.
func says(t *testing.T, sim *ldapsim.Server, dn string, groups ...string) {
	t.Helper()
	if err := sim.Replace(dn, "memberOf", groups...); err != nil {
		t.Fatal(err)
	}
}

// Membership may stand in the group or at the member, which is a person or a group; the
// group's DN in any notation.
func TestMemberOf(t *testing.T) {
	t.Parallel()
	sim := newGroups(t, 6)
	vpn, inside, elsewhere := "cn=vpn,"+simGroups, "cn=inside,"+simGroups, "cn=staff,"+simOther
	simGroup(t, sim, vpn, simUser(0))
	for _, dn := range []string{inside, elsewhere, "cn=unrelated," + simOther} {
		add(t, sim, dn, ldapsim.Attributes{"objectClass": {"groupOfNames"}})
	}
	says(t, sim, simUser(0), vpn)
	says(t, sim, simUser(1), "CN=VPN, ou=groups , dc=example,dc=com")
	says(t, sim, simUser(2), inside)
	says(t, sim, simUser(3), elsewhere, "cn=gone,"+simOther, "cn=x,dc=other,dc=org")
	says(t, sim, simUser(4), "cn=unrelated,"+simOther, simUser(0))
	says(t, sim, simUser(5), elsewhere, "cn=gone,"+simOther)
	says(t, sim, inside, vpn)
	says(t, sim, elsewhere, inside)
	src := newSource(t, memberOfOptions(sim, only("vpn")))
	groups, info := groupsByUID(t, src)
	want := map[string][]string{}
	for _, i := range []int{0, 1, 2, 3, 5} {
		want[fmt.Sprintf("sim%04d", i)] = []string{"vpn"}
	}
	if diff := cmp.Diff(want, groups); diff != "" {
		t.Errorf("groups by person (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{
		`groups that memberOf names: 1 group does not exist: "cn=gone,ou=Other,dc=example,dc=com"; ` +
			`1 group lies outside this directory's tree and was not looked for: "cn=x,dc=other,dc=org"`,
	}, info.Warnings); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	var counts []string
	for _, g := range slices.Concat(info.Groups, info.Nested) {
		counts = append(counts, fmt.Sprintf("%s: %d, %d, %d, in %q", g.DN, g.Members, g.Persons, g.Own, g.Inside))
	}
	if diff := cmp.Diff([]string{vpn + ": 1, 2, 1, in []", inside + `: 0, 1, 1, in ["vpn"]`, elsewhere + `: 0, 2, 2, in ["vpn"]`}, counts); diff != "" {
		t.Errorf("members, persons, and those by their own entries (-want +got):\n%s", diff)
	}
	for _, p := range mustRead(t, src) {
		if p.Attrs["memberof"] != nil { // it is for others to ask for
			t.Errorf("read for the groups alone, and given on: %+v", p)
		}
		if again := lookup(t, src, p.ID)[p.ID].Person; again == nil || !slices.Equal(again.Groups, p.Groups) {
			t.Errorf("looked up: %+v", again)
		}
	}

	// Without nesting, who is in the group itself.
	opts := memberOfOptions(sim, only("vpn"))
	opts.Groups.Nested = false
	groups, info = groupsByUID(t, newSource(t, opts))
	if diff := cmp.Diff(map[string][]string{"sim0000": {"vpn"}, "sim0001": {"vpn"}}, groups); diff != "" || len(info.Warnings) != 0 {
		t.Errorf("not nested: %s %q", diff, info.Warnings)
	}
}

// It makes no difference which side says that somebody, or a group, is in a group, and by
// which attribute.
func TestMemberOfAgreesWithMember(t *testing.T) {
	t.Parallel()
	const people, inner, outer = 5, 4, 3
	sim := newGroups(t, people)
	name := func(i int) string { // the last ones lie outside the groups' base
		if i < inner {
			return fmt.Sprintf("cn=g%d,%s", i, simGroups)
		}
		return fmt.Sprintf("cn=g%d,%s", i, simOther)
	}
	for i := range inner + outer {
		add(t, sim, name(i), ldapsim.Attributes{"objectClass": {"groupOfNames"}})
	}
	rapid.Check(t, func(rt *rapid.T) {
		members, sayings := map[string]map[string][]string{}, map[string][]string{}
		for i := range inner + outer {
			members[name(i)] = map[string][]string{}
		}
		holders := map[string][]int{}
		put := func(who string, group int) {
			holders[who] = append(holders[who], group)
			text := who
			by := rapid.SampledFrom([]string{"memberOf", "member", "uniqueMember", "memberUid"}).Draw(rt, "by")
			if by == "memberUid" {
				text = strings.TrimPrefix(strings.TrimSuffix(who, ","+simUsers), "uid=")
			}
			if group >= inner || by == "memberOf" || text == who && by == "memberUid" { // by memberUid no group is a member
				sayings[who] = append(sayings[who], name(group))
			} else {
				members[name(group)][by] = append(members[name(group)][by], text)
			}
		}
		group := rapid.SliceOfNDistinct(rapid.IntRange(0, inner+outer-1), 0, 2, rapid.ID)
		for i := range people {
			for _, g := range group.Draw(rt, "person") {
				put(simUser(i), g)
			}
		}
		for i := range inner + outer {
			for _, g := range group.Draw(rt, "group") {
				put(name(i), g)
			}
		}
		for i := range people {
			says(t, sim, simUser(i), sayings[simUser(i)]...)
		}
		for i := range inner + outer {
			says(t, sim, name(i), sayings[name(i)]...)
			for _, attribute := range []string{"member", "uniqueMember", "memberUid"} {
				if err := sim.Replace(name(i), attribute, members[name(i)][attribute]...); err != nil {
					rt.Fatal(err)
				}
			}
		}
		want := map[string][]string{}
		for i := range people {
			if in := within(simUser(i), holders, name, inner); in != nil {
				want[fmt.Sprintf("sim%04d", i)] = in
			}
		}
		opts := memberOfOptions(sim, anyGroup)
		opts.Groups.MemberAttributes = []string{"member", "uniqueMember", "memberUid"}
		groups, _ := groupsByUID(t, newSource(t, opts))
		if diff := cmp.Diff(want, groups); diff != "" {
			rt.Fatalf("members %q, sayings %q: groups by person (-want +got):\n%s", members, sayings, diff)
		}
	})
}

// within gives the names of the groups below the base that hold somebody.
func within(who string, holders map[string][]int, name func(int) string, inner int) (names []string) {
	seen := map[int]bool{}
	var up func(string)
	up = func(who string) {
		for _, g := range holders[who] {
			if seen[g] {
				continue
			}
			if seen[g] = true; g < inner {
				names = append(names, fmt.Sprintf("g%d", g))
			}
			up(name(g))
		}
	}
	up(who)
	slices.Sort(names)
	return names
}

func TestMemberOfThatCannotBeTrusted(t *testing.T) {
	t.Parallel()
	vpn, late := "cn=vpn,"+simGroups, "cn=late,"+simOther
	for _, tt := range []struct {
		name        string
		change      func(*testing.T, *ldapsim.Server)
		words, hint string
	}{
		{"no DN", func(t *testing.T, sim *ldapsim.Server) { says(t, sim, simUser(1), "vpn") },
			`entry "uid=sim0001,ou=Users,dc=example,dc=com": memberOf holds "vpn", which is no DN`, "ldap.groups.member_of"},
		{"no DN, of a group", func(t *testing.T, sim *ldapsim.Server) { says(t, sim, vpn, "all") },
			`group "cn=vpn,ou=Groups,dc=example,dc=com": memberOf holds "all", which is no DN`, "ldap.groups.member_of"},
		{"a group that may not be read", func(t *testing.T, sim *ldapsim.Server) {
			says(t, sim, simUser(1), late)
			sim.SetFaults(ldapsim.Faults{Denied: []string{late}})
		}, `entry "uid=sim0001,ou=Users,dc=example,dc=com": looking for the group "cn=late,ou=Other,dc=example,dc=com", which memberOf names|LDAP code 50`, "right to read"},
		{"a group with members that was found too late", func(t *testing.T, sim *ldapsim.Server) {
			says(t, sim, simUser(1), late)
			says(t, sim, late, vpn)
			if err := sim.Replace(late, "member", simUser(0)); err != nil {
				t.Fatal(err)
			}
		}, `group "cn=late,ou=Other,dc=example,dc=com": it was found by memberOf alone|has members of its own`, "ldap.groups.base_dns"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sim := newGroups(t, 2)
			simGroup(t, sim, vpn, simUser(0))
			add(t, sim, late, ldapsim.Attributes{"objectClass": {"groupOfNames"}})
			tt.change(t, sim)
			_, _, err := readAll(t, newSource(t, memberOfOptions(sim, anyGroup)))
			wantError(t, err, tt.words, tt.hint)
		})
	}
}

// However many groups people name, a read looks for a thousand.
func TestMemberOfWithinBounds(t *testing.T) {
	t.Parallel()
	sim := newGroups(t, 1)
	simGroup(t, sim, "cn=vpn,"+simGroups)
	names := []string{"cn=vpn," + simGroups}
	for i := range 1003 {
		names = append(names, fmt.Sprintf("cn=%d,%s", i, simOther))
	}
	says(t, sim, simUser(0), names...)
	groups, info := groupsByUID(t, newSource(t, memberOfOptions(sim, anyGroup)))
	all := strings.Join(info.Warnings, "\n")
	if !cmp.Equal(groups, map[string][]string{"sim0000": {"vpn"}}) || !strings.Contains(all, "1000 groups do not exist") || !strings.Contains(all, "3 groups that memberOf names were not looked for") {
		t.Errorf("%q, %q", groups, info.Warnings)
	}
}

// On a real server: groups in which nobody stands, since their members say so.
func TestMemberOfOnSlapd(t *testing.T) {
	t.Parallel()
	s := slapdtest.Start(t, slapdtest.Options{People: 3})
	s.Add(groupDN("staff"), map[string][]string{"objectClass": {"organizationalRole"}})
	s.Add(groupDN("all"), map[string][]string{"objectClass": {"organizationalRole"}})
	s.Modify(slapdtest.UserDN(1), "seeAlso", groupDN("staff"))
	s.Modify(slapdtest.UserDN(2), "seeAlso", `CN=\53taff, OU=Groups,`+slapdtest.Suffix)
	s.Modify(groupDN("staff"), "seeAlso", groupDN("all"))
	src := newSource(t, options(s, func(o *ldapsrc.Options) {
		withGroups(anyGroup, nil)(o)
		o.Groups.Filter, o.Groups.MemberOf = "(objectClass=organizationalRole)", "seeAlso"
	}))
	groups, info := groupsByUID(t, src)
	both := []string{"all", "staff"}
	if diff := cmp.Diff(map[string][]string{slapdtest.UID(1): both, slapdtest.UID(2): both}, groups); diff != "" || len(info.Warnings) != 0 {
		t.Errorf("%s %q", diff, info.Warnings)
	}
	p := byUID(t, mustRead(t, src), slapdtest.UID(1))
	staff := info.Groups[1]
	if still, err := src.StillMembers(t.Context(), staff, []dirsync.SourceID{p.ID}); err != nil || !still || staff.Name != "staff" {
		t.Errorf("asked of the person: %v, %v", still, err)
	}
}

// Active Directory's memberOf leaves out the primary group, which may lie outside the
// groups' base, and counts by way of the group that holds it. Whoever may not read members
// sees people by memberOf.
func TestMemberOfBesideThePrimaryGroup(t *testing.T) {
	t.Parallel()
	sim := newAD(t, 4, 0)
	container := "cn=Users,dc=example,dc=com"
	add(t, sim, container, ldapsim.Attributes{"objectClass": {"container"}})
	for i, name := range []string{"Domain Users", "Contractors", "Elsewhere"} {
		add(t, sim, "cn="+name+","+container, ldapsim.Attributes{"objectClass": {"group"}, "objectSid": {sidOf(7, 513+uint32(i))}, "objectGUID": {guidOf(900 + i)}})
	}
	addADGroup(t, sim, "VPN", 2000, "cn=Domain Users,"+container, "cn=Contractors,"+container)
	addADGroup(t, sim, "Staff", 2001)
	for _, inner := range []string{"Domain Users", "Contractors"} {
		says(t, sim, "cn="+inner+","+container, "cn=VPN,"+simGroups)
	}
	says(t, sim, simUser(0), "cn=Staff,"+simGroups, "cn=Elsewhere,"+container)
	for i, number := range map[int]string{1: "514", 2: "515", 3: "515"} {
		if err := sim.Replace(simUser(i), "primaryGroupID", number); err != nil {
			t.Fatal(err)
		}
	}
	says(t, sim, simUser(3), "cn=Contractors,"+container)
	src := newSource(t, adOptions(sim, func(o *ldapsrc.Options) { o.Groups.MemberOf = "memberOf" }))
	groups, info := groupsByUID(t, src)
	if diff := cmp.Diff(map[string][]string{"sim0000": {"Staff", "VPN"}, "sim0001": {"VPN"}, "sim0003": {"VPN"}}, groups); diff != "" || len(info.Warnings) != 0 {
		t.Errorf("groups by person (-want +got):\n%s%q", diff, info.Warnings)
	}
	for _, p := range mustRead(t, src) {
		if again := lookup(t, src, p.ID)[p.ID].Person; again == nil || !slices.Equal(again.Groups, p.Groups) {
			t.Errorf("looked up: %+v", again)
		}
	}
}
