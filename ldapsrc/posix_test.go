package ldapsrc_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"duosync/ldapsrc"
	"duosync/ldapsrc/ldapsim"
	"duosync/ldapsrc/slapdtest"
	dirsync "duosync/sync"
)

// posix has the groups of RFC 2307 read.
func posix(o *ldapsrc.Options) { withGroups(anyGroup, membersIn("memberUid"))(o) }

// unixDN is the DN of an account of RFC 2307.
func unixDN(name string) string { return "uid=" + name + "," + slapdtest.UsersDN }

// newUnix starts a server with accounts and groups of RFC 2307.
func newUnix(t *testing.T, access string) *slapdtest.Server {
	t.Helper()
	s := slapdtest.Start(t, slapdtest.Options{Access: access})
	for name, gid := range map[string]string{"anna": "500", "bert": "501", "carl": "999", "dora": "500"} {
		s.Add(unixDN(name), map[string][]string{
			"objectClass": {"inetOrgPerson", "posixAccount"}, "cn": {name}, "sn": {name},
			"uidNumber": {"1000"}, "gidNumber": {gid}, "homeDirectory": {"/home/" + name},
		})
	}
	s.Add(unixDN("emil"), map[string][]string{"objectClass": {"inetOrgPerson"}, "cn": {"emil"}, "sn": {"emil"}}) // no account
	for name, group := range map[string]map[string][]string{
		"staff": {"gidNumber": {"500"}, "memberUid": {"bert"}},
		"twins": {"gidNumber": {"500"}},
		"ops":   {"gidNumber": {"501"}, "memberUid": {"ANNA", "emil"}},
	} {
		group["objectClass"] = []string{"posixGroup"}
		s.Add(groupDN(name), group)
	}
	return s
}

// People are in the groups that list their uid, and in that of their gidNumber, which
// does not list them.
func TestPosixPrimaryGroup(t *testing.T) {
	t.Parallel()
	s := newUnix(t, "")
	src := newSource(t, options(s, posix))
	groups, info := groupsByUID(t, src)
	if diff := cmp.Diff(map[string][]string{
		"anna": {"ops", "staff", "twins"}, "bert": {"ops", "staff"}, "dora": {"staff", "twins"}, "emil": {"ops"},
	}, groups); diff != "" {
		t.Errorf("groups by person (-want +got):\n%s", diff)
	}
	counts := map[string][2]int{}
	for _, g := range info.Groups {
		counts[g.Name] = [2]int{g.Members, g.Persons}
	}
	if diff := cmp.Diff(map[string][2]int{"ops": {2, 3}, "staff": {1, 3}, "twins": {0, 2}}, counts); diff != "" {
		t.Errorf("members and persons (-want +got):\n%s", diff)
	}
	for _, p := range mustRead(t, src) {
		if p.Attrs["gidnumber"] != nil || p.Attrs["objectclass"] != nil || p.Unsure != nil {
			t.Errorf("read for the groups alone, and given on: %+v", p)
		}
		if again := lookup(t, src, p.ID)[p.ID].Person; again == nil || !slices.Equal(again.Groups, p.Groups) {
			t.Errorf("looked up: %+v", again)
		}
	}

	// Where groups name no uids, no number counts.
	src = newSource(t, options(s, withGroups(anyGroup, membersIn("member"))))
	if groups, _ := groupsByUID(t, src); len(groups) != 0 {
		t.Errorf("%q", groups)
	}
}

// An account without its number is one whose groups can't all be told; a person who has
// none is in no such group.
func TestHiddenPosixPrimaryGroup(t *testing.T) {
	t.Parallel()
	s := newUnix(t, `access to dn.exact="`+unixDN("anna")+`" attrs=gidNumber by * none`)
	for _, p := range mustRead(t, newSource(t, options(s, posix))) {
		want := (*dirsync.Unsure)(nil)
		if p.DN == unixDN("anna") {
			want = &dirsync.Unsure{Attribute: "gidnumber", Groups: true}
		}
		if diff := cmp.Diff(want, p.Unsure); diff != "" || (p.Standing == dirsync.Unreadable) != (want != nil) {
			t.Errorf("%s: %s %s", p.DN, p.Standing, diff)
		}
	}
	// Where none of the groups has such a number, nothing hangs on it.
	people := mustRead(t, newSource(t, options(s, func(o *ldapsrc.Options) {
		posix(o)
		o.Groups.Want = only("nothing")
	})))
	if p := byUID(t, people, "anna"); p.Unsure != nil {
		t.Errorf("%+v", p.Unsure)
	}

	s = newUnix(t, `access to dn.subtree="`+slapdtest.GroupsDN+`" attrs=gidNumber by * none`)
	_, _, err := readAll(t, newSource(t, options(s, posix)))
	wantError(t, err, `Groups,dc=WSO2,dc=ORG": it came without any gidNumber`, "read gidNumber")
}

func TestNumbersThatAreNone(t *testing.T) {
	t.Parallel()
	sim := newGroups(t, 1)
	add(t, sim, "cn=unix,"+simGroups, ldapsim.Attributes{"objectClass": {"posixGroup"}, "gidNumber": {"7"}})
	opts := groupOptions(sim, anyGroup)
	membersIn("memberUid")(&opts.Groups)
	src := newSource(t, opts)
	for dn, words := range map[string]string{
		simUser(0):             `entry "uid=sim0000,ou=Users,dc=example,dc=com": gidNumber "seven" is no number`,
		"cn=unix," + simGroups: `group "cn=unix,ou=Groups,dc=example,dc=com": gidNumber "seven" is no number`,
	} {
		before, _ := sim.Entry(dn)
		if err := sim.Replace(dn, "gidNumber", "seven"); err != nil {
			t.Fatal(err)
		}
		_, _, err := readAll(t, src)
		wantError(t, err, words, "")
		if err := sim.Replace(dn, "gidNumber", before["gidNumber"]...); err != nil {
			t.Fatal(err)
		}
	}
}

// Of two people with one uid nobody is guessed to be the member. Where no group names
// them, they are of no concern.
func TestTwoPeopleOfOneUID(t *testing.T) {
	t.Parallel()
	sim := newGroups(t, 0)
	for _, rdn := range []string{"cn=1,", "cn=2,"} {
		add(t, sim, rdn+simUsers, ldapsim.Attributes{"objectClass": {"person"}, "uid": {"anna"}})
	}
	add(t, sim, "cn=unix,"+simGroups, ldapsim.Attributes{"objectClass": {"posixGroup"}, "memberUid": {"bert"}})
	opts := groupOptions(sim, anyGroup)
	membersIn("memberUid", "member")(&opts.Groups)
	src := newSource(t, opts)
	if groups, _ := groupsByUID(t, src); len(groups) != 0 {
		t.Errorf("%q", groups)
	}
	for _, member := range []string{"anna", "ANNA"} { // exactly, and as the simulator compares them
		if err := sim.Replace("cn=unix,"+simGroups, "memberUid", member); err != nil {
			t.Fatal(err)
		}
		_, _, err := readAll(t, src)
		wantError(t, err, `entry "cn=2,ou=Users,dc=example,dc=com": another entry has the uid "anna", too|"cn=unix,ou=Groups,dc=example,dc=com" can't be told`, "a uid of its own")
	}
}
