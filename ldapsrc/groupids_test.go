package ldapsrc_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"duosync/ldapsrc"
	"duosync/ldapsrc/ldapsim"
	"duosync/ldapsrc/membership"
	"duosync/ldapsrc/schema"
	"duosync/ldapsrc/slapdtest"
	dirsync "duosync/sync"
)

// foundGroups reads everybody and gives the groups that were found, by id and name.
func foundGroups(t *testing.T, src *ldapsrc.Source) []dirsync.GroupEntry {
	t.Helper()
	_, info := groupsByUID(t, src)
	return idsAndNames(info.Groups)
}

func idsAndNames(groups []dirsync.GroupEntry) []dirsync.GroupEntry {
	var plain []dirsync.GroupEntry
	for _, g := range groups {
		plain = append(plain, dirsync.GroupEntry{ID: g.ID, Name: g.Name})
	}
	return plain
}

// idOf gives the id that the server itself has given to an entry.
func idOf(t *testing.T, s *slapdtest.Server, dn string) dirsync.SourceID {
	t.Helper()
	values := s.Attr(dn, "entryUUID")
	if len(values) != 1 {
		t.Fatalf("%s has the ids %q", dn, values)
	}
	return dirsync.SourceID(values[0])
}

func TestGroupKeepsItsID(t *testing.T) {
	t.Parallel()
	s := slapdtest.Start(t, slapdtest.Options{People: 2})
	addGroup(s, "cn=sales", slapdtest.UserDN(0))
	addGroup(s, "cn=staff", slapdtest.UserDN(1))
	sales, staff := idOf(t, s, groupDN("sales")), idOf(t, s, groupDN("staff"))
	src := newSource(t, options(s, withGroups(anyGroup, func(g *membership.Groups) { g.Bases = []string{slapdtest.Suffix} })))
	check := func(when string, want ...dirsync.GroupEntry) {
		t.Helper()
		if diff := cmp.Diff(want, foundGroups(t, src)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
	}
	check("as made", dirsync.GroupEntry{ID: sales, Name: "sales"}, dirsync.GroupEntry{ID: staff, Name: "staff"})

	s.Rename(groupDN("sales"), "cn=trade", "")
	check("renamed", dirsync.GroupEntry{ID: staff, Name: "staff"}, dirsync.GroupEntry{ID: sales, Name: "trade"})

	s.Rename(groupDN("trade"), "cn=Sales", slapdtest.LeftDN)
	check("renamed and moved", dirsync.GroupEntry{ID: sales, Name: "Sales"}, dirsync.GroupEntry{ID: staff, Name: "staff"})

	s.Delete(groupDN("staff"))
	addGroup(s, "cn=staff", slapdtest.UserDN(1))
	anew := idOf(t, s, groupDN("staff"))
	if anew == staff {
		t.Fatal("slapd gave an id a second time")
	}
	check("deleted and made anew", dirsync.GroupEntry{ID: sales, Name: "Sales"}, dirsync.GroupEntry{ID: anew, Name: "staff"})
}

// Two groups of one name are two; who is in either is in a group of that name, once.
func TestTwoGroupsOfOneName(t *testing.T) {
	t.Parallel()
	s := slapdtest.Start(t, slapdtest.Options{People: 4})
	there := "cn=staff," + slapdtest.LeftDN
	addGroup(s, "cn=staff", slapdtest.UserDN(0), slapdtest.UserDN(1))
	s.Add(there, map[string][]string{"objectClass": {"groupOfNames"}, "member": {slapdtest.UserDN(1), slapdtest.UserDN(2)}})
	addGroup(s, "cn=all", there, slapdtest.UserDN(3))
	ids := []dirsync.SourceID{idOf(t, s, groupDN("staff")), idOf(t, s, there)}
	slices.Sort(ids)
	everywhere := func(g *membership.Groups) { g.Bases = []string{slapdtest.GroupsDN, slapdtest.LeftDN} }

	groups, info := groupsByUID(t, newSource(t, options(s, withGroups(anyGroup, everywhere))))
	if diff := cmp.Diff([]dirsync.GroupEntry{
		{ID: idOf(t, s, groupDN("all")), Name: "all"}, {ID: ids[0], Name: "staff"}, {ID: ids[1], Name: "staff"},
	}, idsAndNames(info.Groups)); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string][]string{
		slapdtest.UID(0): {"staff"}, slapdtest.UID(1): {"all", "staff"}, slapdtest.UID(2): {"all", "staff"}, slapdtest.UID(3): {"all"},
	}, groups); diff != "" {
		t.Errorf("groups by person (-want +got):\n%s", diff)
	}

	// A base above both finds each once.
	src := newSource(t, options(s, withGroups(only("staff"), func(g *membership.Groups) {
		g.Bases = []string{slapdtest.Suffix, slapdtest.GroupsDN, slapdtest.LeftDN}
	})))
	if found := foundGroups(t, src); len(found) != 2 {
		t.Errorf("below three bases: %v", found)
	}
	if found := foundGroups(t, newSource(t, options(s, withGroups(only("staff"), nil)))); len(found) != 1 {
		t.Errorf("below one of the two bases: %v", found)
	}
}

// A group without an id, or with one that can't be read, is a group all the same.
func TestGroupsWithoutID(t *testing.T) {
	t.Parallel()
	s := slapdtest.Start(t, slapdtest.Options{
		People: 2,
		LDIF:   "dn: " + groupDN("hidden") + "\nobjectClass: groupOfNames\ncn: hidden\nmember: " + slapdtest.UserDN(0) + "\n",
		Access: `access to dn.exact="` + groupDN("hidden") + `" attrs=entryUUID by * none`,
	})
	addGroup(s, "cn=shown", slapdtest.UserDN(1))
	shown := idOf(t, s, groupDN("shown"))
	hidden := []dirsync.GroupEntry{{Name: "hidden"}, {Name: "shown", ID: shown}}
	neither := []dirsync.GroupEntry{{Name: "hidden"}, {Name: "shown"}}
	for _, tt := range []struct {
		name, id string
		want     []dirsync.GroupEntry
	}{
		{"one may not be read", "entryUUID", hidden},
		{"written in another case", "ENTRYuuid", hidden},
		{"an attribute of people", "uid", neither},
	} {
		src := newSource(t, options(s, func(o *ldapsrc.Options) {
			withGroups(anyGroup, nil)(o)
			o.Users.IDAttribute = tt.id
		}))
		if diff := cmp.Diff(tt.want, foundGroups(t, src)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestGroupIDsOfOtherPresets(t *testing.T) {
	t.Parallel()
	ad := newAD(t, 1, 0)
	for name, guid := range map[string][]string{
		"whole": {"\x33\x22\x11\x00\x55\x44\x77\x66\x88\x99\xaa\xbb\xcc\xdd\xee\xff"}, "short": {"no GUID"}, "two": {guidOf(1), guidOf(2)}, "none": nil,
	} {
		attrs := ldapsim.Attributes{"objectClass": {"group"}, "objectSid": {sidOf(7, 2000)}}
		if guid != nil {
			attrs["objectGUID"] = guid
		}
		add(t, ad, "cn="+name+","+simGroups, attrs)
	}
	want := []dirsync.GroupEntry{{Name: "none"}, {Name: "short"}, {Name: "two"}, {Name: "whole", ID: "00112233-4455-6677-8899-aabbccddeeff"}}
	if diff := cmp.Diff(want, foundGroups(t, newSource(t, adOptions(ad, nil)))); diff != "" {
		t.Errorf("Active Directory (-want +got):\n%s", diff)
	}

	sim := newSim(t, 0)
	add(t, sim, simUser(0), ldapsim.Attributes{"objectClass": {"person"}, "nsUniqueId": {"9a7f2b81-1dd211b2-80e3b5c8-0f9b0000"}})
	add(t, sim, simGroups, ldapsim.Attributes{"objectClass": {"top"}})
	add(t, sim, "cn=staff,"+simGroups, ldapsim.Attributes{
		"objectClass": {"groupOfNames"}, "nsUniqueId": {"9A7F2B81-1dd211b2-80e3b5c8-0f9b0001"}, "member": {simUser(0)},
	})
	src := newSource(t, simOptions(sim, func(o *ldapsrc.Options) {
		o.Preset, o.Groups = schema.DS389, membership.Groups{Bases: []string{simGroups}, Want: anyGroup}
	}))
	want = []dirsync.GroupEntry{{Name: "staff", ID: "9a7f2b81-1dd211b2-80e3b5c8-0f9b0001"}}
	if diff := cmp.Diff(want, foundGroups(t, src)); diff != "" {
		t.Errorf("389 (-want +got):\n%s", diff)
	}
}
