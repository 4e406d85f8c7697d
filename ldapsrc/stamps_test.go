package ldapsrc_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"

	"duosync/ldapsrc"
	"duosync/ldapsrc/ldapsim"
	"duosync/ldapsrc/membership"
	"duosync/ldapsrc/schema"
	"duosync/ldapsrc/slapdtest"
	dirsync "duosync/sync"
)

func TestStamps(t *testing.T) {
	t.Parallel()
	sim := newSim(t, 120)
	if err := sim.Replace(simUser(1), "modifyTimestamp"); err != nil { // stamps anew
		t.Fatal(err)
	}
	src := newSource(t, simOptions(sim, nil))
	people := mustRead(t, src)
	var ids []dirsync.SourceID
	for _, p := range people {
		ids = append(ids, p.ID)
	}
	gone := "uid=gone," + simUsers
	byID, byDN, err := src.Stamps(t.Context(), append(ids, "00000000-0000-4000-8000-000000000000", "no id"), []string{simUser(0), "UID=sim0002, " + simUsers, gone, "no DN", ""})
	if err != nil || len(byID) != 120 || len(byDN) != 2 {
		t.Fatalf("%d by id, %v by DN, %v", len(byID), byDN, err)
	}
	attrs, _ := sim.Entry(simUser(0))
	if want := "time " + attrs["modifyTimestamp"][0]; byID[ids[0]] != want || byDN[simUser(0)] != want || byDN["UID=sim0002, "+simUsers] == "" {
		t.Errorf("%q by id, %q by DN, want %q", byID[ids[0]], byDN, want)
	}
	sim.SetFaults(ldapsim.Faults{Denied: []string{simUser(0)}, Elsewhere: map[string]string{simUser(1): "ldap://other.example.com/"}})
	if _, byDN, err := src.Stamps(t.Context(), nil, []string{simUser(0), simUser(1), simUser(2)}); err != nil || len(byDN) != 1 {
		t.Errorf("what can't be read has no stamp: %v, %v", byDN, err)
	}
	sim.SetFaults(ldapsim.Faults{FailOnPage: 1, FailCode: ldap.LDAPResultBusy})
	_, _, err = src.Stamps(t.Context(), nil, []string{simUser(0)})
	wantError(t, err, "LDAP code 51", "try again later")
	_, _, err = src.Stamps(t.Context(), ids[:1], nil)
	wantError(t, err, "LDAP code 51", "try again later")
	if byID, byDN, err := src.Stamps(t.Context(), nil, nil); err != nil || len(byID)+len(byDN) != 0 {
		t.Errorf("nothing: %v %v %v", byID, byDN, err)
	}
}

// Active Directory's stamp is whenChanged.
func TestStampsOfActiveDirectory(t *testing.T) {
	t.Parallel()
	sim := newAD(t, 1, 0)
	if err := sim.Replace(simUser(0), "whenChanged", "20261124062009.0Z"); err != nil {
		t.Fatal(err)
	}
	src := newSource(t, adOptions(sim, nil))
	id := mustRead(t, src)[0].ID
	byID, byDN, err := src.Stamps(t.Context(), []dirsync.SourceID{id}, []string{simUser(0), simGroups})
	if err != nil || byID[id] != "time 20261124062009.0Z" || byDN[simUser(0)] != byID[id] || len(byDN) != 1 {
		t.Errorf("%v %v %v", byID, byDN, err)
	}
}

func TestLookupGroups(t *testing.T) {
	t.Parallel()
	s := slapdtest.Start(t, slapdtest.Options{
		People: 2,
		LDIF:   "dn: " + groupDN("hidden") + "\nobjectClass: groupOfNames\ncn: hidden\nmember: " + slapdtest.UserDN(0) + "\n",
		Access: `access to dn.exact="` + groupDN("hidden") + `" attrs=entryUUID by * none`,
	})
	addGroup(s, "cn=sales", slapdtest.UserDN(0))
	addGroup(s, "cn=staff", slapdtest.UserDN(1))
	src := newSource(t, options(s, withGroups(anyGroup, nil)))
	_, info, err := readAll(t, src)
	if err != nil || len(info.Groups) != 3 {
		t.Fatalf("%+v, %v", info, err)
	}
	hidden, sales, staff := info.Groups[0], info.Groups[1], info.Groups[2]
	if hidden.ID != "" || hidden.Stamp == "" || sales.Stamp == "" || sales.DN != groupDN("sales") || sales.Members != 1 || sales.Persons != 1 {
		t.Errorf("%+v", info.Groups)
	}
	time.Sleep(1100 * time.Millisecond) // stamps are whole seconds
	s.Rename(groupDN("sales"), "cn=Trade", slapdtest.LeftDN)
	s.Delete(groupDN("staff"))
	nowhere := dirsync.GroupEntry{DN: groupDN("nowhere")}
	odd := dirsync.GroupEntry{ID: "no UUID"}
	found, err := src.LookupGroups(t.Context(), []dirsync.GroupEntry{hidden, sales, staff, nowhere, odd})
	if err != nil || len(found) != 2 {
		t.Fatalf("%+v, %v", found, err)
	}
	if now := found[sales.Key()]; now.ID != sales.ID || now.Name != "Trade" || now.DN != "cn=Trade,"+slapdtest.LeftDN || now.Stamp == "" || now.Stamp == sales.Stamp {
		t.Errorf("renamed and moved: %+v, before %+v", now, sales)
	}
	if now := found[hidden.Key()]; now.Name != "hidden" || now.Stamp != hidden.Stamp {
		t.Errorf("without id: %+v", now)
	}
}

func TestLookupGroupsDoubts(t *testing.T) {
	t.Parallel()
	sim := newGroups(t, 2)
	simGroup(t, sim, "cn=g,"+simGroups, simUser(0))
	src := newSource(t, groupOptions(sim, anyGroup))
	_, info, err := readAll(t, src)
	if err != nil {
		t.Fatal(err)
	}
	byID, byDN := info.Groups[0], dirsync.GroupEntry{DN: info.Groups[0].DN}
	for _, tt := range []struct {
		faults ldapsim.Faults
		group  dirsync.GroupEntry
		words  string
	}{
		{ldapsim.Faults{BlindFilter: "entryUUID"}, byID, "not found by searching"},
		{ldapsim.Faults{Gone: []string{"dc=example,dc=com"}}, byID, "LDAP code 32"},
		{ldapsim.Faults{Referral: "ldap://other.example.com/dc=com"}, byID, "referral"},
		{ldapsim.Faults{PagedTotal: 1}, byID, "LDAP code 4"},
		{ldapsim.Faults{Denied: []string{byDN.DN}}, byDN, "LDAP code 50"},
		{ldapsim.Faults{Elsewhere: map[string]string{byDN.DN: "ldap://other.example.com/"}}, byDN, "LDAP code 10"},
		{ldapsim.Faults{BlindFilter: "objectClass"}, dirsync.GroupEntry{DN: "no DN"}, "no DN"},
	} {
		sim.SetFaults(tt.faults)
		_, err := src.LookupGroups(t.Context(), []dirsync.GroupEntry{tt.group})
		wantError(t, err, tt.words, "")
	}
}

// A directory of Active Directory is one domain: where the server can be told so, a read from
// the root of a forest brings that domain, whole, and no referral. What is elsewhere can be
// asked for; and where referrals may be followed, none is left out.
func TestOneDomainOfAForest(t *testing.T) {
	t.Parallel()
	const child = "ldap://child.example.com/dc=child,dc=example,dc=com"
	for _, offered := range []bool{true, false} {
		t.Run(fmt.Sprint(offered), func(t *testing.T) {
			t.Parallel()
			sim := newADWith(t, 3, ldapsim.Options{DomainScope: offered})
			sim.SetFaults(ldapsim.Faults{Referral: child})
			fromRoot := func(o *ldapsrc.Options) { o.Users.Bases = []string{"dc=example,dc=com"} }
			src := newSource(t, adOptions(sim, fromRoot))
			people, _, err := readAll(t, src)
			if offered != (err == nil) || offered && len(people) != 3 {
				t.Errorf("%d people, %v", len(people), err)
			}
			if elsewhere, err := src.Elsewhere(t.Context()); err != nil || !cmp.Equal(elsewhere, []string{child}) {
				t.Errorf("elsewhere: %q, %v", elsewhere, err)
			}
			following := newSource(t, adOptions(sim, func(o *ldapsrc.Options) {
				fromRoot(o)
				o.ReferralHosts = []string{"friend.example.com"}
			}))
			_, _, err = readAll(t, following)
			wantError(t, err, "a part of it is elsewhere", "ldap.referral_hosts")
			if elsewhere, err := following.Elsewhere(t.Context()); err != nil || elsewhere != nil {
				t.Errorf("elsewhere, though it is followed: %q, %v", elsewhere, err)
			}
		})
	}
}

// No search bears the control: it would keep a global catalog from the people of other
// domains that it holds, and they would look gone.
func TestSearchesOfACatalogAreWhole(t *testing.T) {
	t.Parallel()
	sim := newADWith(t, 3, ldapsim.Options{DomainScope: true, Catalog: true})
	src := newSource(t, adOptions(sim, func(o *ldapsrc.Options) { o.Users.Bases = []string{"dc=example,dc=com"} }))
	people := mustRead(t, src)
	if found := lookup(t, src, people[0].ID); len(people) != 3 || found[people[0].ID].Person == nil {
		t.Errorf("%d people, looked up: %+v", len(people), found)
	}
}

// From the root of a forest, a second look is not led to other domains; a read is.
func TestDomainScope(t *testing.T) {
	t.Parallel()
	for _, offered := range []bool{true, false} {
		t.Run(fmt.Sprint(offered), func(t *testing.T) {
			t.Parallel()
			sim, err := ldapsim.New(ldapsim.Options{
				Suffixes: []string{"dc=example,dc=com"}, Binds: map[string]string{simDN: simPassword}, DomainScope: offered,
			})
			if err := errors.Join(err, sim.Start("127.0.0.1:0")); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = sim.Close() })
			for _, dn := range []string{"dc=example,dc=com", simUsers} {
				add(t, sim, dn, ldapsim.Attributes{"objectClass": {"top"}})
			}
			simAdd(t, sim, 0, simUsers)
			src := newSource(t, simOptions(sim, nil))
			id := mustRead(t, src)[0].ID
			sim.SetFaults(ldapsim.Faults{Referral: "ldap://child.example.com/dc=child,dc=example,dc=com"})
			_, _, stampErr := src.Stamps(t.Context(), []dirsync.SourceID{id}, nil)
			_, groupErr := src.LookupGroups(t.Context(), []dirsync.GroupEntry{{ID: id}})
			found, err := src.Lookup(t.Context(), []dirsync.SourceID{id})
			if err := errors.Join(stampErr, groupErr, err); offered != (err == nil) || offered && found[id].Person == nil {
				t.Errorf("%+v, %v", found, err)
			}
			_, _, err = readAll(t, src)
			wantError(t, err, "a part of it is elsewhere", "ldap.referral_hosts")
			// Where referrals may be followed, people may have come by way of one.
			_, err = newSource(t, simOptions(sim, func(o *ldapsrc.Options) { o.ReferralHosts = []string{"friend.example.com"} })).
				Lookup(t.Context(), []dirsync.SourceID{id})
			wantError(t, err, "a part of it is elsewhere", "")
		})
	}
}

// OpenLDAP tells how far it has come by its naming context.
func TestContextCSN(t *testing.T) {
	t.Parallel()
	s := slapdtest.Start(t, slapdtest.Options{People: 3, Provider: true})
	src := newSource(t, options(s, nil))
	key := "csn:dc=wso2,dc=org:000"
	_, before, err := readAll(t, src)
	if err != nil || before.Marker[key] == "" {
		t.Fatalf("%+v, %v", before, err)
	}
	s.Modify(slapdtest.UserDN(0), "sn", "Another")
	_, after, err := readAll(t, src)
	if err != nil || !before.Marker.Behind(after.Marker) || after.Marker.Behind(before.Marker) || after.Identity != before.Identity {
		t.Errorf("%+v, then %+v (%v)", before, after, err)
	}
	byID, byDN, err := src.Stamps(t.Context(), []dirsync.SourceID{idOf(t, s, slapdtest.UserDN(0))}, []string{slapdtest.UserDN(0)})
	want := []string{"csn " + s.Attr(slapdtest.UserDN(0), "entryCSN")[0]}
	if err != nil || len(byID) != 1 || !cmp.Equal([]string{byDN[slapdtest.UserDN(0)]}, want) {
		t.Errorf("%v %v %v, want %q", byID, byDN, err, want)
	}
	s.Restart()
	if found, err := src.Lookup(t.Context(), []dirsync.SourceID{idOf(t, s, slapdtest.UserDN(1))}); err != nil || len(found) != 1 {
		t.Errorf("after a restart: %v, %v", found, err)
	}
	s.Stop()
	_, err = src.Lookup(t.Context(), []dirsync.SourceID{"00000000-0000-4000-8000-000000000000"})
	wantError(t, err, "can't be asked again|refused", "")
}

// People say to be in a group by memberOf, where the group itself shows nobody any more.
func TestStillMembers(t *testing.T) {
	t.Parallel()
	sim := newAD(t, 2, 0)
	group := dirsync.GroupEntry{DN: "cn=staff," + simGroups}
	if err := sim.Replace(simUser(0), "memberOf", group.DN); err != nil {
		t.Fatal(err)
	}
	src := newSource(t, adOptions(sim, nil))
	people := mustRead(t, src)
	for _, test := range []struct {
		ids  []dirsync.SourceID
		want bool
	}{{[]dirsync.SourceID{people[0].ID, people[1].ID}, true}, {[]dirsync.SourceID{people[1].ID}, false}, {nil, false}} {
		if got, err := src.StillMembers(t.Context(), group, test.ids); err != nil || got != test.want {
			t.Errorf("%v: %v, %v", test.ids, got, err)
		}
	}
	// OpenLDAP without the overlay knows no such attribute.
	s := slapdtest.Start(t, slapdtest.Options{People: 1})
	plain := newSource(t, options(s, nil))
	if got, err := plain.StillMembers(t.Context(), group, []dirsync.SourceID{mustRead(t, plain)[0].ID}); err != nil || got {
		t.Errorf("without memberOf: %v, %v", got, err)
	}
}

// A group that its class forbids to be empty, and that shows nobody, hides its members:
// OpenLDAP would not have it so. Another group is as it shows.
func TestHiddenMembers(t *testing.T) {
	t.Parallel()
	s := slapdtest.Start(t, slapdtest.Options{People: 2, Access: `access to dn.exact="` + groupDN("hidden") + `" attrs=member by * none` + "\n"})
	addGroup(s, "cn=hidden", slapdtest.UserDN(0))
	addGroup(s, "cn=shown", slapdtest.UserDN(1))
	_, info, err := readAll(t, newSource(t, options(s, func(o *ldapsrc.Options) {
		o.Preset = schema.WSO2IS
		o.Groups = membership.Groups{Bases: []string{slapdtest.GroupsDN}, Want: anyGroup, Nested: true}
	})))
	if err != nil || len(info.Groups) != 2 {
		t.Fatalf("%+v, %v", info.Groups, err)
	}
	for _, g := range info.Groups {
		if g.Hidden != (g.Name == "hidden") || g.Members != map[bool]int{true: 0, false: 1}[g.Hidden] {
			t.Errorf("%+v", g)
		}
	}
}
