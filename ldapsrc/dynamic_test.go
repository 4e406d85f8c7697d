package ldapsrc_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"

	"duosync/ldapsrc"
	"duosync/ldapsrc/ldapsim"
	"duosync/ldapsrc/membership"
	"duosync/ldapsrc/slapdtest"
)

// dynamic has groups of these classes read, with these attributes for their members.
func dynamic(attributes ...string) func(*membership.Groups) {
	return func(g *membership.Groups) {
		g.Filter, g.MemberAttributes = "(|(objectClass=groupOfURLs)(objectClass=groupOfNames))", attributes
	}
}

// A server that expands dynamic groups shows the people whom duosync finds by their URLs.
func TestDynamicGroupsAsTheServerExpandsThem(t *testing.T) {
	t.Parallel()
	urls := map[string][]string{
		"numbers": {"ldap:///" + slapdtest.UsersDN + "??sub?(|(uid=" + slapdtest.UID(1) + ")(uid=" + slapdtest.UID(2) + "))"},
		"both":    {"ldap:///" + slapdtest.UsersDN + "??one?(uid=*3)", "ldap:///" + slapdtest.UserDN(4) + "??base?(objectClass=person)"},
		"nobody":  {"ldap:///" + slapdtest.UsersDN + "??sub?(uid=nobody)"},
		"escaped": {"ldap:///ou=Users,dc=WSO2,dc=ORG??sub?%28uid=" + slapdtest.UID(5) + ")"},
	}
	user := slapdtest.UID
	want := map[string][]string{
		user(1): {"numbers", "static"}, user(2): {"numbers", "static"}, user(3): {"both"}, user(4): {"both"}, user(5): {"escaped"}, user(0): {"static"},
	}
	for _, tt := range []struct {
		name       string
		expands    bool
		attributes []string
	}{
		{"the server does", true, []string{"member"}},
		{"duosync does", false, []string{"member", "MemberURL"}},
		{"both do", true, []string{"member", "memberURL"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := slapdtest.Start(t, slapdtest.Options{People: 8, Dynlist: tt.expands})
			for name, urls := range urls {
				s.Add(groupDN(name), map[string][]string{"objectClass": {"groupOfURLs"}, "memberURL": urls})
			}
			addGroup(s, "cn=static", slapdtest.UserDN(0), groupDN("numbers"))
			src := newSource(t, options(s, func(o *ldapsrc.Options) {
				withGroups(anyGroup, dynamic(tt.attributes...))(o)
				o.PageSize = 1 // no search is lost in another
			}))
			groups, _ := groupsByUID(t, src)
			if diff := cmp.Diff(want, groups); diff != "" {
				t.Errorf("groups by person (-want +got):\n%s", diff)
			}
			p := byUID(t, mustRead(t, src), user(1))
			s.Modify(groupDN("numbers"), "memberURL", "ldap:///"+slapdtest.UsersDN+"??sub?(uid="+user(6)+")")
			if again := lookup(t, src, p.ID)[p.ID].Person; again == nil || again.Groups != nil {
				t.Errorf("looked up: %+v", again)
			}
		})
	}

	s := slapdtest.Start(t, slapdtest.Options{People: 3})
	s.Add(groupDN("numbers"), map[string][]string{"objectClass": {"groupOfURLs"}, "memberURL": urls["numbers"]})
	groups, info := groupsByUID(t, newSource(t, options(s, withGroups(anyGroup, dynamic("member")))))
	if all := strings.Join(info.Warnings, "\n"); len(groups) != 0 || !strings.Contains(all, `"cn=numbers,ou=Groups,dc=WSO2,dc=ORG" is dynamic`) || !strings.Contains(all, "add memberURL to") {
		t.Errorf("nobody expands them: %q, %q", groups, info.Warnings)
	}
}

// A search of a dynamic group is done whole, or the run ends; one that leads elsewhere is
// told.
func TestDynamicGroupsThatCannotBeSearched(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, url   string
		faults      ldapsim.Faults
		words, hint string
	}{
		{"no URL", "sim0001", ldapsim.Faults{}, `group "cn=g,ou=Groups,dc=example,dc=com": memberURL holds "sim0001": it is no LDAP URL`, "mend that value"},
		{"another scheme", "https:///" + simUsers + "??sub", ldapsim.Faults{}, "it is no LDAP URL", "ldap.groups.member_attribute"},
		{"a scope that is none", "ldap:///" + simUsers + "??deep?(uid=*)", ldapsim.Faults{}, "unknown scope", "mend"},
		{"a broken filter", "ldap:///" + simUsers + "??sub?(uid=*", ldapsim.Faults{}, "a ) is missing", "mend"},
		{"a broken escape", "ldap:///" + simUsers + "??sub?(uid=%zz)", ldapsim.Faults{}, "filter can't be read", "mend"},
		{"an extension that must be heeded", "ldap:///" + simUsers + "??sub?(uid=*)?x=1,!y=2", ldapsim.Faults{}, "extensions that must be heeded", "mend"},
		{"no DN", "ldap:///people??sub?(uid=*)", ldapsim.Faults{}, "whose base is no DN", "mend"},
		{"a base that is not there", "ldap:///ou=None,dc=example,dc=com??sub?(uid=*)", ldapsim.Faults{}, "searching for its members|LDAP code 32", "memberURL of that group"},
		{"a base that may not be read", "ldap:///" + simOther + "??sub?(uid=*)", ldapsim.Faults{Denied: []string{simOther}}, "searching for its members|LDAP code 50", "right to read"},
		{"a limit", "ldap:///" + simUsers + "??sub?(uid=*)", ldapsim.Faults{PagedTotal: 2}, "searching for its members|LDAP code 4", "limit"},
		{"a page that is refused", "ldap:///" + simUsers + "??sub?(uid=*)", ldapsim.Faults{FailOnPage: 2, FailCode: ldap.LDAPResultOther}, "searching for its members|LDAP code 80", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sim := newGroups(t, 4)
			add(t, sim, "cn=g,"+simGroups, ldapsim.Attributes{"objectClass": {"groupOfURLs"}, "memberURL": {tt.url}})
			sim.SetFaults(tt.faults)
			opts := groupOptions(sim, anyGroup)
			opts.PageSize = 3
			dynamic("memberURL")(&opts.Groups)
			people, _, err := readAll(t, newSource(t, opts))
			wantError(t, err, tt.words, tt.hint)
			if len(people) > 0 {
				t.Errorf("%d people were visited", len(people))
			}
		})
	}

	sim := newGroups(t, 2)
	add(t, sim, "cn=g,"+simGroups, ldapsim.Attributes{"objectClass": {"groupOfURLs"}, "memberURL": {
		"ldap:///" + simUser(1), "ldap://other.example.com/" + simUsers + "??sub", "ldap:///dc=other,dc=org??sub", "ldap:///??sub",
	}})
	opts := groupOptions(sim, anyGroup)
	dynamic("memberURL")(&opts.Groups)
	groups, info := groupsByUID(t, newSource(t, opts))
	if diff := cmp.Diff(map[string][]string{"sim0001": {"g"}}, groups); diff != "" {
		t.Errorf("groups by person (-want +got):\n%s", diff)
	}
	if len(info.Warnings) != 3 || strings.Count(strings.Join(info.Warnings, "\n"), "leads out of this directory's tree and was not searched") != 3 {
		t.Errorf("%q", info.Warnings)
	}
}

// Whoever is in a group by an entry of their own is told as such; not who is in it by the
// group's entry, too, and not in a group that has members beside its searches.
func TestPeopleByTheirOwnEntries(t *testing.T) {
	t.Parallel()
	sim := newGroups(t, 4)
	url := "ldap:///" + simUsers + "??sub?(|(uid=sim0000)(uid=sim0003))"
	for name, attrs := range map[string]ldapsim.Attributes{
		"static": {"member": {simUser(0)}}, "dynamic": {"memberURL": {url}}, "mixed": {"memberURL": {url}, "member": {simUser(1)}},
		"unix": {"gidNumber": {"7"}, "memberUid": {"sim0003"}}, "named": {"member": {simUser(0)}},
	} {
		attrs["objectClass"] = []string{"groupOfNames"}
		add(t, sim, "cn="+name+","+simGroups, attrs)
	}
	for i := range 2 {
		says(t, sim, simUser(i), "cn=named,"+simGroups)
		if err := sim.Replace(simUser(2+i), "gidNumber", "7"); err != nil {
			t.Fatal(err)
		}
	}
	opts := memberOfOptions(sim, anyGroup)
	opts.Groups.MemberAttributes = []string{"member", "memberURL", "memberUid"}
	people, info, err := readAll(t, newSource(t, opts))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for _, g := range info.Groups {
		for _, p := range people {
			if slices.Contains(g.OwnPeople, p.ID) {
				got[g.Name] = append(got[g.Name], p.Attrs["uid"][0])
			}
		}
		if g.Own != len(g.OwnPeople) || g.Stamp == "" {
			t.Errorf("%+v", g)
		}
	}
	if diff := cmp.Diff(map[string][]string{"dynamic": {"sim0000", "sim0003"}, "unix": {"sim0002"}, "named": {"sim0001"}}, got); diff != "" {
		t.Errorf("by their own entries (-want +got):\n%s", diff)
	}
}
