package ldapsrc_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"duosync/ldapsrc"
	"duosync/ldapsrc/membership"
	"duosync/ldapsrc/schema"
	"duosync/ldapsrc/slapdtest"
	dirsync "duosync/sync"
)

func anyGroup(string) bool { return true }

// only wants the groups of these names.
func only(names ...string) func(string) bool {
	return func(name string) bool { return slices.Contains(names, name) }
}

// groupsByUID reads everybody and gives the groups of those who have some.
func groupsByUID(t *testing.T, src *ldapsrc.Source) (map[string][]string, dirsync.ReadInfo) {
	t.Helper()
	people, info, err := readAll(t, src)
	if err != nil {
		t.Fatalf("Read: %v (%s)", err, dirsync.Hint(err))
	}
	groups := make(map[string][]string)
	for _, p := range people {
		if p.Groups != nil {
			groups[p.Attrs["uid"][0]] = p.Groups
		}
	}
	return groups, info
}

// groupNames gives the names of the groups that a read found, in its order.
func groupNames(info dirsync.ReadInfo) []string {
	var names []string
	for _, group := range info.Groups {
		names = append(names, group.Name)
	}
	return names
}

func groupDN(name string) string { return "cn=" + name + "," + slapdtest.GroupsDN }

func addGroup(s *slapdtest.Server, rdn string, members ...string) {
	s.Add(rdn+","+slapdtest.GroupsDN, map[string][]string{"objectClass": {"groupOfNames"}, "member": members})
}

const (
	oddUser  = `cn=Smith\2C J. \22Q\22 \5C \3C17\3E\3B #\2B\3D,` + slapdtest.UsersDN
	oddGroup = `cn=R&D\2C \22special\22`
)

// groupTree holds groups inside groups, one inside itself, and two in a ring.
func groupTree(t *testing.T) *slapdtest.Server {
	t.Helper()
	s := slapdtest.Start(t, slapdtest.Options{People: 12})
	s.Add(oddUser, map[string][]string{"objectClass": {"inetOrgPerson"}, "uid": {"odd"}, "sn": {"Smith"}})
	addGroup(s, "cn=flat", slapdtest.UserDN(0), "UID=User0000001, OU=users,dc=wso2,dc=org", `cn=smith\, j. \"q\" \\ \<17\>\; \#\+\=,`+slapdtest.UsersDN)
	addGroup(s, "cn=outer", slapdtest.UserDN(2), groupDN("middle"), "uid=nobody,"+slapdtest.UsersDN)
	addGroup(s, "cn=middle", slapdtest.UserDN(3), oddGroup+","+slapdtest.GroupsDN)
	addGroup(s, oddGroup, slapdtest.UserDN(4), slapdtest.UserDN(2), groupDN("ring a"))
	addGroup(s, "cn=ring a", slapdtest.UserDN(5), groupDN("ring b"), groupDN("ring a"))
	addGroup(s, "cn=ring b", slapdtest.UserDN(6), groupDN("ring a"))
	addGroup(s, "cn=empty", "cn=nothing,"+slapdtest.Suffix)
	return s
}

func withGroups(want func(string) bool, change func(*membership.Groups)) func(*ldapsrc.Options) {
	return func(o *ldapsrc.Options) {
		o.Groups = membership.Groups{Bases: []string{slapdtest.GroupsDN}, Nested: true, Want: want}
		if change != nil {
			change(&o.Groups)
		}
	}
}

func TestGroupsOnSlapd(t *testing.T) {
	t.Parallel()
	s := groupTree(t)
	flat := func(g *membership.Groups) { g.Nested = false }
	const odd = `R&D, "special"`
	user := slapdtest.UID
	tests := []struct {
		name   string
		want   func(string) bool
		change func(*membership.Groups)
		groups map[string][]string
		found  []string
	}{
		{"not asked about", nil, nil, map[string][]string{}, nil},
		{"none of those that are there", only("sales"), nil, map[string][]string{}, nil},
		{"a name with another case is another name here", only("FLAT"), nil, map[string][]string{}, nil},
		{"DNs in three notations", only("flat"), flat, map[string][]string{
			user(0): {"flat"}, user(1): {"flat"}, "odd": {"flat"},
		}, []string{"flat"}},
		{"a group of nobody", only("empty"), nil, map[string][]string{}, []string{"empty"}},
		{"not nested", only("outer", odd, "ring b"), flat, map[string][]string{
			user(2): {odd, "outer"}, user(4): {odd}, user(6): {"ring b"},
		}, []string{odd, "outer", "ring b"}},
		{"nested, by way of groups that are not wanted", only("outer"), nil, map[string][]string{
			user(2): {"outer"}, user(3): {"outer"}, user(4): {"outer"}, user(5): {"outer"}, user(6): {"outer"},
		}, []string{"outer"}},
		{"a ring", only("ring b"), nil, map[string][]string{user(5): {"ring b"}, user(6): {"ring b"}}, []string{"ring b"}},
		{"all", anyGroup, nil, map[string][]string{
			user(0): {"flat"}, user(1): {"flat"}, "odd": {"flat"},
			user(2): {odd, "middle", "outer"}, user(3): {"middle", "outer"}, user(4): {odd, "middle", "outer"},
			user(5): {odd, "middle", "outer", "ring a", "ring b"}, user(6): {odd, "middle", "outer", "ring a", "ring b"},
		}, []string{odd, "empty", "flat", "middle", "outer", "ring a", "ring b"}},
		{"below two bases", only("flat"), func(g *membership.Groups) {
			g.Bases = []string{slapdtest.GroupsDN, slapdtest.Suffix}
		}, map[string][]string{user(0): {"flat"}, user(1): {"flat"}, "odd": {"flat"}}, []string{"flat"}},
		{"another filter and name", only("groupOfNames"), func(g *membership.Groups) {
			g.Filter, g.NameAttribute, g.Nested = "(cn=middle)", "objectClass", false
		}, map[string][]string{user(3): {"groupOfNames"}}, []string{"groupOfNames"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			groups, info := groupsByUID(t, newSource(t, options(s, withGroups(tt.want, tt.change))))
			if diff := cmp.Diff(tt.groups, groups); diff != "" {
				t.Errorf("groups by person (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.found, groupNames(info)); diff != "" {
				t.Errorf("groups that were found (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOtherKindsOfGroups(t *testing.T) {
	t.Parallel()
	s := slapdtest.Start(t, slapdtest.Options{People: 6})
	s.Add(groupDN("unix"), map[string][]string{
		"objectClass": {"posixGroup"}, "gidNumber": {"500"}, "memberUid": {"USER0000001", "user0000002", "nobody"},
	})
	s.Add(groupDN("unique"), map[string][]string{
		"objectClass":  {"groupOfUniqueNames"},
		"uniqueMember": {slapdtest.UserDN(3), slapdtest.UserDN(4) + "#'0101'B", groupDN("inside")},
	})
	s.Add(groupDN("inside"), map[string][]string{"objectClass": {"groupOfUniqueNames"}, "uniqueMember": {slapdtest.UserDN(5) + "#'1'B"}})
	s.Add(groupDN("two names"), map[string][]string{
		"objectClass": {"groupOfNames"}, "cn": {"another name", "TWO names"}, "member": {slapdtest.UserDN(0)},
	})
	tests := []struct {
		filter, member string
		want           map[string][]string
	}{
		{"(objectClass=posixGroup)", "memberUid", map[string][]string{slapdtest.UID(1): {"unix"}, slapdtest.UID(2): {"unix"}}},
		{"(objectClass=posixGroup)", "MEMBERUID", map[string][]string{slapdtest.UID(1): {"unix"}, slapdtest.UID(2): {"unix"}}},
		{"(objectClass=groupOfUniqueNames)", "uniqueMember", map[string][]string{
			slapdtest.UID(3): {"unique"}, slapdtest.UID(4): {"unique"}, slapdtest.UID(5): {"inside", "unique"},
		}},
		{"(objectClass=groupOfNames)", "member", map[string][]string{slapdtest.UID(0): {"TWO names"}}},
	}
	for _, tt := range tests {
		src := newSource(t, options(s, withGroups(anyGroup, func(g *membership.Groups) { g.Filter, g.MemberAttributes = tt.filter, []string{tt.member} })))
		groups, _ := groupsByUID(t, src)
		if diff := cmp.Diff(tt.want, groups); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.member, diff)
		}
	}

	// The uid is read for the groups alone: it is not given on.
	src := newSource(t, options(s, func(o *ldapsrc.Options) {
		withGroups(anyGroup, func(g *membership.Groups) {
			g.Filter, g.MemberAttributes = "(objectClass=posixGroup)", []string{"memberUid"}
		})(o)
		o.Attributes = []string{"userid"}
	}))
	people := mustRead(t, src)
	at := slices.IndexFunc(people, func(p dirsync.Person) bool { return p.DN == slapdtest.UserDN(1) })
	if p := people[at]; !slices.Equal(p.Groups, []string{"unix"}) || p.Attrs["uid"] != nil || !slices.Equal(p.Attrs["userid"], []string{slapdtest.UID(1)}) {
		t.Errorf("%+v", p)
	}
	if p := lookup(t, src, people[at].ID)[people[at].ID].Person; p == nil || !slices.Equal(p.Groups, []string{"unix"}) || p.Attrs["uid"] != nil {
		t.Errorf("looked up: %+v", p)
	}

	src = newSource(t, options(s, withGroups(anyGroup, func(g *membership.Groups) {
		g.Filter, g.MemberAttributes = "(objectClass=posixGroup)", []string{"gidNumber"}
	})))
	_, _, err := readAll(t, src)
	wantError(t, err, `group "cn=unix,ou=Groups,dc=WSO2,dc=ORG"|gidNumber holds "500", which is no DN`, "ldap.groups.member_attribute")
}

// A second look sees the groups as they are now.
func TestLookupReadsGroupsAfresh(t *testing.T) {
	t.Parallel()
	s := groupTree(t)
	src := newSource(t, options(s, withGroups(only("outer", "flat"), nil)))
	people := mustRead(t, src)
	first, third := byUID(t, people, slapdtest.UID(1)), byUID(t, people, slapdtest.UID(3))
	if !slices.Equal(first.Groups, []string{"flat"}) || !slices.Equal(third.Groups, []string{"outer"}) {
		t.Fatalf("%q and %q", first.Groups, third.Groups)
	}
	s.Modify(groupDN("middle"), "member", slapdtest.UserDN(1))
	found := lookup(t, src, first.ID, third.ID)
	if p := found[first.ID].Person; p == nil || !slices.Equal(p.Groups, []string{"flat", "outer"}) {
		t.Errorf("put into a group since: %+v", p)
	}
	if p := found[third.ID].Person; p == nil || p.Groups != nil {
		t.Errorf("taken out of a group since: %+v", p)
	}
}

func TestGroupsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	s := slapdtest.Start(t, slapdtest.Options{
		People: 3, PagedTotal: 9,
		LDIF:   "dn: " + groupDN("hidden") + "\nobjectClass: groupOfNames\ncn: hidden\nmember: " + slapdtest.UserDN(0),
		Access: `access to dn.exact="` + groupDN("hidden") + "\" attrs=member by * none\naccess to attrs=entryUUID by * =rcd",
	})
	openLDAP := func(o *ldapsrc.Options) { o.Preset = schema.OpenLDAP }
	tests := []struct {
		name   string
		want   func(string) bool
		change func(*membership.Groups)
		also   func(*ldapsrc.Options)
		words  string
		hint   string
	}{
		{"members may not be read", only("hidden"), nil, openLDAP, `group "cn=hidden,ou=Groups,dc=WSO2,dc=ORG"|without any member`, "read member"},
		{"one base does not exist", anyGroup, func(g *membership.Groups) {
			g.Bases = append(g.Bases, "ou=Nowhere,"+slapdtest.Suffix)
		}, nil, "reading the groups|ou=Nowhere|LDAP code 32", "ldap.groups.base_dns"},
		{"more than the server gives, and no way to split", only("nothing"), func(g *membership.Groups) {
			g.Bases, g.Filter, g.NameAttribute = []string{slapdtest.Suffix}, "(objectClass=*)", "description"
		}, func(o *ldapsrc.Options) { o.PageSize = 4 }, "reading the groups|LDAP code 4|by entryUUID|once is not enough", "size.prtotal"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			people, info, err := readAll(t, newSource(t, options(s, func(o *ldapsrc.Options) {
				withGroups(tt.want, tt.change)(o)
				if tt.also != nil {
					tt.also(o)
				}
			})))
			wantError(t, err, tt.words, tt.hint)
			if len(people) > 0 || info.Read > 0 {
				t.Errorf("%d people were visited", len(people))
			}
		})
	}
}
