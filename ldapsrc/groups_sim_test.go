package ldapsrc_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"

	"duosync/ldapsrc"
	"duosync/ldapsrc/ldapsim"
	"duosync/ldapsrc/membership"
	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
)

const simGroups = "ou=Groups,dc=example,dc=com"

// sidOf makes an objectSid in its binary form, S-1-5-21-domain-number.
func sidOf(domain, number uint32) string {
	b := []byte{1, 3, 0, 0, 0, 0, 0, 5}
	for _, n := range []uint32{21, domain, number} {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	return string(b)
}

// guidOf makes an objectGUID.
func guidOf(i int) string { return fmt.Sprintf("%016d", i) }

// newAD starts a simulated Active Directory of n people, and puts limit to the
// values that come at once.
func newAD(t *testing.T, n, limit int) *ldapsim.Server {
	t.Helper()
	sim := newADWith(t, n, ldapsim.Options{})
	sim.SetFaults(ldapsim.Faults{RangeLimit: limit})
	return sim
}

func newADWith(t *testing.T, n int, opts ldapsim.Options) *ldapsim.Server {
	t.Helper()
	sim := newSimWith(t, 0, opts)
	for i := range n {
		add(t, sim, simUser(i), ldapsim.Attributes{
			"objectClass": {"person", "user"}, "objectCategory": {"person"}, "objectGUID": {guidOf(i)},
			"objectSid": {sidOf(7, 1000+uint32(i))}, "primaryGroupID": {"513"}, "userAccountControl": {"512"}, "sAMAccountType": {"805306368"},
		})
	}
	add(t, sim, simGroups, ldapsim.Attributes{"objectClass": {"top"}})
	return sim
}

func add(t *testing.T, sim *ldapsim.Server, dn string, attrs ldapsim.Attributes) {
	t.Helper()
	if err := sim.Add(dn, attrs); err != nil {
		t.Fatal(err)
	}
}

func addADGroup(t *testing.T, sim *ldapsim.Server, name string, number uint32, members ...string) {
	t.Helper()
	attrs := ldapsim.Attributes{"objectClass": {"group"}, "objectSid": {sidOf(7, number)}}
	if len(members) > 0 {
		attrs["member"] = members
	}
	add(t, sim, "cn="+name+","+simGroups, attrs)
}

// adOptions are those to read it.
func adOptions(sim *ldapsim.Server, change func(*ldapsrc.Options)) ldapsrc.Options {
	return simOptions(sim, func(o *ldapsrc.Options) {
		o.Preset, o.Attributes = schema.ActiveDirectory, []string{"uid", "mail"}
		o.Groups = membership.Groups{Bases: []string{simGroups}, Nested: true, Want: anyGroup}
		if change != nil {
			change(o)
		}
	})
}

func simMembers(n int) []string {
	members := make([]string, n)
	for i := range members {
		members[i] = simUser(i)
	}
	return members
}

// Whatever the number of values, none is lost at the border of a part.
func TestRangesOfMembers(t *testing.T) {
	t.Parallel()
	const limit, people = 20, 101
	sim := newAD(t, people, limit)
	for i, n := range []int{0, 1, 19, 20, 21, 39, 40, 41, 60, 100} {
		addADGroup(t, sim, fmt.Sprintf("g%03d", n), 2000+uint32(i), simMembers(n)...)
	}
	src := newSource(t, adOptions(sim, nil))
	sizes := make(map[string]int)
	for i, p := range mustRead(t, src) {
		for _, name := range p.Groups {
			sizes[name]++
			if n, _ := strconv.Atoi(name[1:]); i >= n {
				t.Errorf("person %d is in %s", i, name)
			}
		}
	}
	want := map[string]int{"g001": 1, "g019": 19, "g020": 20, "g021": 21, "g039": 39, "g040": 40, "g041": 41, "g060": 60, "g100": 100}
	if diff := cmp.Diff(want, sizes); diff != "" {
		t.Errorf("people by group (-want +got):\n%s", diff)
	}
}

// People's own attributes come in ranges, too: all values, in their order, in the
// midst of a paged read.
func TestRangesOfPeople(t *testing.T) {
	t.Parallel()
	sim := newAD(t, 30, 10)
	var many []string
	for i := range 35 {
		many = append(many, fmt.Sprintf("a%02d@example.com", i))
	}
	for _, i := range []int{3, 29} {
		if err := sim.Replace(simUser(i), "mail", many...); err != nil {
			t.Fatal(err)
		}
	}
	src := newSource(t, adOptions(sim, func(o *ldapsrc.Options) { o.PageSize = 7 }))
	people := mustRead(t, src)
	for _, i := range []int{3, 29} {
		if diff := cmp.Diff(many, people[i].Attrs["mail"]); diff != "" {
			t.Errorf("person %d (-want +got):\n%s", i, diff)
		}
		if p := lookup(t, src, people[i].ID)[people[i].ID].Person; p == nil || !slices.Equal(p.Attrs["mail"], many) {
			t.Errorf("person %d looked up: %+v", i, p)
		}
	}
	sim.SetFaults(ldapsim.Faults{RangeLimit: 10, LoseRangeFrom: 10})
	_, _, err := readAll(t, src)
	wantError(t, err, `"uid=sim0003,ou=Users,dc=example,dc=com"|the answer to mail;range=10-* lacks it`, "run again")
}

// A group that can't be read whole fails the read before anybody is visited.
func TestNoTruncatedGroup(t *testing.T) {
	t.Parallel()
	quick := func(o *ldapsrc.Options) { o.Timeout = 2 * time.Second }
	tests := []struct {
		name   string
		faults ldapsim.Faults
		change func(*ldapsrc.Options)
		words  string
		hint   string
	}{
		{"a part is missing", ldapsim.Faults{RangeLimit: 10, LoseRangeFrom: 20}, nil, "the answer to member;range=20-* lacks it", "run again"},
		{"a part is out of sequence", ldapsim.Faults{RangeLimit: 10, ShiftRanges: 1}, nil, "from 10 on were expected, those from 11 on came", "run again"},
		{"a part is empty", ldapsim.Faults{RangeLimit: 10, EmptyRanges: true}, nil, "from 10 on came empty", "run again"},
		{"no rights", ldapsim.Faults{FailOnPage: 1, FailCode: ldap.LDAPResultInsufficientAccessRights}, nil, "reading the groups|LDAP code 50", "right to read"},
		{"a limit", ldapsim.Faults{PagedTotal: 1}, nil, "reading the groups|LDAP code 4", "raise the server's limit"},
		{"no base", ldapsim.Faults{Gone: []string{simGroups}}, nil, "reading the groups|LDAP code 32", "ldap.groups.base_dns"},
		{"the group is gone", ldapsim.Faults{Gone: []string{"cn=big," + simGroups}}, nil, `group "cn=big|was there a moment ago|LDAP code 32`, "run again"},
		{"connection lost", ldapsim.Faults{DropAfter: 2}, nil, "EOF", ""},
		{"no end", ldapsim.Faults{NeverDone: true}, quick, "took longer than 2s", "ldap.timeout"},
		{"a referral", ldapsim.Faults{Referral: "ldap://other.example.com/ou=Groups,dc=example,dc=com"}, nil,
			"reading the groups|other.example.com", "ldap.referral_hosts"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sim := newAD(t, 40, 10)
			addADGroup(t, sim, "small", 2000, simUser(1))
			addADGroup(t, sim, "big", 2001, simMembers(35)...)
			addADGroup(t, sim, "third", 2002, simUser(1))
			sim.SetFaults(tt.faults)
			people, info, err := readAll(t, newSource(t, adOptions(sim, tt.change)))
			wantError(t, err, tt.words, tt.hint)
			if len(people) > 0 || info.Read > 0 {
				t.Errorf("%d people were visited", len(people))
			}
		})
	}
}

// Groups that nobody asks for are not read: their mistakes do not matter.
func TestGroupsAreReadOnDemandOnly(t *testing.T) {
	t.Parallel()
	sim := newAD(t, 3, 0)
	addADGroup(t, sim, "wanted", 2000, simUser(1))
	add(t, sim, "cn=broken,"+simGroups, ldapsim.Attributes{"objectClass": {"group"}, "objectSid": {sidOf(7, 2001)}, "member": {"no DN"}})
	sim.SetFaults(ldapsim.Faults{Gone: []string{simGroups}})
	people := mustRead(t, newSource(t, adOptions(sim, func(o *ldapsrc.Options) { o.Groups.Want = nil })))
	for _, p := range people {
		if p.Groups != nil || p.Attrs["primarygroupid"] != nil || p.Attrs["objectsid"] != nil {
			t.Errorf("groups were not asked for: %+v", p)
		}
	}
	sim.SetFaults(ldapsim.Faults{})
	src := newSource(t, adOptions(sim, func(o *ldapsrc.Options) { o.Groups.Want = only("wanted") }))
	if groups, _ := groupsByUID(t, src); !cmp.Equal(groups, map[string][]string{"sim0001": {"wanted"}}) {
		t.Errorf("%q", groups)
	}
	_, _, err := readAll(t, newSource(t, adOptions(sim, nil)))
	wantError(t, err, `group "cn=broken,ou=Groups,dc=example,dc=com"|member holds "no DN"`, "ldap.groups.member_attribute")
}

// People are in their primary group, which does not list them.
func TestPrimaryGroup(t *testing.T) {
	t.Parallel()
	sim := newAD(t, 6, 0)
	addADGroup(t, sim, "Domain Users", 513)
	addADGroup(t, sim, "Staff", 2000, simUser(1))
	addADGroup(t, sim, "Everyone", 2001, "CN=domain users,OU=Groups,DC=example,DC=com")
	add(t, sim, "cn=Users of another domain,"+simGroups, ldapsim.Attributes{"objectClass": {"group"}, "objectSid": {sidOf(8, 513)}})
	for i, number := range map[int]string{2: "2000", 3: "9999"} {
		if err := sim.Replace(simUser(i), "primaryGroupID", number); err != nil {
			t.Fatal(err)
		}
	}
	if err := sim.Replace(simUser(4), "primaryGroupID"); err != nil {
		t.Fatal(err)
	}
	groups, info := groupsByUID(t, newSource(t, adOptions(sim, nil)))
	usual := []string{"Domain Users", "Everyone"}
	want := map[string][]string{"sim0000": usual, "sim0001": {"Domain Users", "Everyone", "Staff"}, "sim0002": {"Staff"}, "sim0005": usual}
	if diff := cmp.Diff(want, groups); diff != "" {
		t.Errorf("groups by person (-want +got):\n%s", diff)
	}
	if len(info.Groups) != 4 {
		t.Errorf("found %+v", info.Groups)
	}
	src := newSource(t, adOptions(sim, func(o *ldapsrc.Options) { o.Groups.Want = only("Everyone") }))
	people := mustRead(t, src)
	if p := people[0]; !slices.Equal(p.Groups, []string{"Everyone"}) || p.Attrs["objectsid"] != nil {
		t.Errorf("by way of a group that is not wanted: %+v", p)
	}
	if p := lookup(t, src, people[0].ID)[people[0].ID].Person; p == nil || !slices.Equal(p.Groups, []string{"Everyone"}) {
		t.Errorf("looked up: %+v", p)
	}

	for _, tt := range []struct{ attribute, value, words, hint string }{
		{"objectSid", "", `entry "uid=sim0000,ou=Users,dc=example,dc=com": 0 values of objectSid`, "read objectSid"},
		{"objectSid", "short", "5 bytes are no objectSid", "read objectSid"},
		{"primaryGroupID", "many", `"many" is no number`, ""},
	} {
		before, _ := sim.Entry(simUser(0))
		var values []string
		if tt.value != "" {
			values = []string{tt.value}
		}
		if err := sim.Replace(simUser(0), tt.attribute, values...); err != nil {
			t.Fatal(err)
		}
		_, _, err := readAll(t, src)
		wantError(t, err, tt.words, tt.hint)
		if err := sim.Replace(simUser(0), tt.attribute, before[tt.attribute]...); err != nil {
			t.Fatal(err)
		}
	}
	if err := sim.Replace("cn=Staff,"+simGroups, "objectSid"); err != nil {
		t.Fatal(err)
	}
	_, _, err := readAll(t, src)
	wantError(t, err, `group "cn=Staff,ou=Groups,dc=example,dc=com"|0 values of objectSid`, "let the account read objectSid")
}

// ldapsim gives members as they were written, as ApacheDS does.
func TestMembersInAnyNotation(t *testing.T) {
	t.Parallel()
	sim := newSim(t, 3)
	add(t, sim, `cn=Smith\2C J. \22Q\22+uid=odd,`+simUsers, ldapsim.Attributes{"objectClass": {"person"}})
	add(t, sim, simGroups, ldapsim.Attributes{"objectClass": {"top"}})
	add(t, sim, "cn=g,"+simGroups, ldapsim.Attributes{"objectClass": {"groupOfNames"}, "member": {
		"UID = SIM0001; OU=users , DC=Example,DC=com", `userid=\73im0002,ou=Users,domainComponent=example,dc=com`,
		`uid=ODD + commonName=smith\,  j. \"q\",ou=Users,dc=example,dc=com`, "", "uid=sim0001,ou=Users,dc=example,dc=org",
	}})
	groups, _ := groupsByUID(t, newSource(t, simOptions(sim, func(o *ldapsrc.Options) {
		o.Groups = membership.Groups{Bases: []string{simGroups}, Want: anyGroup}
	})))
	want := map[string][]string{"sim0001": {"g"}, "sim0002": {"g"}, "odd": {"g"}}
	if diff := cmp.Diff(want, groups); diff != "" {
		t.Errorf("groups by person (-want +got):\n%s", diff)
	}
}

// Only Active Directory's own continuations are left aside.
func TestReferralsOfActiveDirectory(t *testing.T) {
	t.Parallel()
	tests := []struct {
		url   string
		aside bool
	}{
		{"ldap://example.com/CN=Configuration,DC=example,DC=com", true},
		{"ldap://ForestDnsZones.example.com/DC=ForestDnsZones,DC=example,DC=com", true},
		{"ldap://DomainDnsZones.example.com/dc=domaindnszones,dc=Example,dc=com??sub", true},
		{"refldap://example.com/CN=Schema,CN=Configuration,DC=example,DC=com", true},
		{"ldap://example.com/CN%3DConfiguration,DC%3Dexample,DC%3Dcom", true},
		{"ldap://child.example.com/DC=child,DC=example,DC=com", false},
		{"ldap://example.com/CN=Configuration,DC=other,DC=com", false},
		{"ldap://example.com/CN=Configuration,OU=Users,DC=example,DC=com", false},
		{"ldap://example.com/OU=Users,DC=example,DC=com", false},
		{"ldap://example.com/DC=example,DC=com", false},
		{"ldap://example.com/", false},
		{"ldap://example.com/nonsense", false},
		{"ldap://exa mple.com/CN=Configuration,DC=example,DC=com", false},
	}
	for _, tt := range tests {
		t.Run(tt.url, func(t *testing.T) {
			t.Parallel()
			sim := newAD(t, 5, 0)
			fromRoot := func(o *ldapsrc.Options) { o.Users.Bases = []string{"dc=example,dc=com"} }
			sim.SetFaults(ldapsim.Faults{Referral: tt.url})
			src := newSource(t, adOptions(sim, fromRoot))
			people, _, err := readAll(t, src)
			if tt.aside != (err == nil) || tt.aside && len(people) != 5 {
				t.Errorf("%d people, %v", len(people), err)
			}
			if err == nil {
				found := lookup(t, src, people[0].ID, "00000000-0000-4000-8000-000000000000")
				if !found[people[0].ID].Present || found["00000000-0000-4000-8000-000000000000"].Present {
					t.Errorf("looked up: %+v", found)
				}
			}
			_, _, err = readAll(t, newSource(t, simOptions(sim, func(o *ldapsrc.Options) {
				fromRoot(o)
				o.Users.IDAttribute, o.Preset = "objectGUID", schema.Custom
			})))
			if err == nil {
				t.Error("another preset left it aside")
			}
			sim.SetFaults(ldapsim.Faults{ReferralResult: tt.url})
			if _, _, err = readAll(t, src); err == nil {
				t.Error("the whole base is elsewhere, and nothing was said")
			}
		})
	}
}

func TestPresetsOnTheWire(t *testing.T) {
	t.Parallel()
	sim := newSim(t, 0)
	add(t, sim, simUser(0), ldapsim.Attributes{"objectClass": {"nsPerson"}, "nsUniqueId": {"9A7F2B81-1dd211b2-80e3b5c8-0f9b0000"}, "nsAccountLock": {"TRUE"}})
	add(t, sim, simUser(1), ldapsim.Attributes{"objectClass": {"person"}, "nsUniqueId": {"9a7f2b81-1dd211b2-80e3b5c8-0f9b0001"}})
	src := newSource(t, simOptions(sim, func(o *ldapsrc.Options) { o.Preset = schema.DS389 }))
	people := mustRead(t, src)
	if len(people) != 2 || people[0].ID != "9a7f2b81-1dd211b2-80e3b5c8-0f9b0000" ||
		people[0].Standing != dirsync.Disabled || people[1].Standing != dirsync.Enabled {
		t.Errorf("389: %+v", people)
	}
	if w := lookup(t, src, people[0].ID)[people[0].ID]; w.Person == nil || w.Person.Standing != dirsync.Disabled {
		t.Errorf("389 looked up: %+v", w)
	}

	ad := newAD(t, 2, 0)
	if err := ad.Replace(simUser(1), "userAccountControl", "66050"); err != nil {
		t.Fatal(err)
	}
	src = newSource(t, adOptions(ad, func(o *ldapsrc.Options) { o.Groups.Want = nil }))
	people = mustRead(t, src)
	if len(people) != 2 || people[1].ID != "30303030-3030-3030-3030-303030303031" ||
		people[0].Standing != dirsync.Enabled || people[1].Standing != dirsync.Disabled {
		t.Errorf("Active Directory: %+v", people)
	}
	if w := lookup(t, src, people[1].ID)[people[1].ID]; w.Person == nil || w.Person.ID != people[1].ID {
		t.Errorf("Active Directory looked up: %+v", w)
	}
}

// A user of Active Directory without a primary group, while one may count, is one whose
// groups can't be told.
func TestHiddenPrimaryGroup(t *testing.T) {
	t.Parallel()
	sim := newAD(t, 2, 0)
	addADGroup(t, sim, "Domain Users", 513)
	if err := sim.Replace(simUser(0), "primaryGroupID"); err != nil {
		t.Fatal(err)
	}
	people := mustRead(t, newSource(t, adOptions(sim, func(o *ldapsrc.Options) {
		o.Groups = membership.Groups{Bases: []string{simGroups}, Want: anyGroup, Nested: true}
	})))
	for _, p := range people {
		hidden := p.DN == simUser(0)
		if told := p.Unsure != nil && p.Unsure.Groups; told != hidden || hidden != (p.Standing == dirsync.Unreadable) {
			t.Errorf("%s: %s, %+v", p.DN, p.Standing, p.Unsure)
		}
	}
}
