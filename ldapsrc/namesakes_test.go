package ldapsrc_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"duosync/ldapsrc"
	"duosync/ldapsrc/ldapsim"
	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
)

// newExact starts a simulated directory that tells DNs apart by outer blanks, with
// two people and two groups that differ in such a blank only.
func newExact(t *testing.T) *ldapsim.Server {
	t.Helper()
	sim, err := ldapsim.New(ldapsim.Options{
		Suffixes: []string{"dc=example,dc=com"}, Binds: map[string]string{simDN: simPassword}, ExactBlanks: true,
	})
	if err := errors.Join(err, sim.Start("127.0.0.1:0")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	for _, dn := range []string{"dc=example,dc=com", simUsers, simGroups} {
		add(t, sim, dn, ldapsim.Attributes{"objectClass": {"top"}})
	}
	for i, rdn := range []string{`cn=x`, `cn=x\20`, "cn=y"} {
		add(t, sim, rdn+","+simUsers, ldapsim.Attributes{
			"objectClass": {"person", "user"}, "objectCategory": {"person"}, "objectGUID": {guidOf(i)}, "sAMAccountType": {"805306368"}, "uid": {fmt.Sprint(i)},
			"objectSid": {sidOf(7, 1000+uint32(i))}, "primaryGroupID": {"1"}, "userAccountControl": {"512"},
		})
	}
	return sim
}

// Of two people or groups whose DNs differ in a blank only, each has their own groups.
func TestNamesakesAreToldApart(t *testing.T) {
	t.Parallel()
	plain, blank, other := `cn=x,`+simUsers, `cn=x\20,`+simUsers, "cn=y,"+simUsers
	tests := []struct {
		name    string
		members map[string][]string // by group
		want    map[string][]string // by uid
	}{
		{"each in one", map[string][]string{"one": {plain}, "two": {blank}}, map[string][]string{"0": {"one"}, "1": {"two"}}},
		{"only the first", map[string][]string{"one": {plain}}, map[string][]string{"0": {"one"}}},
		{"only the second", map[string][]string{"one": {blank}}, map[string][]string{"1": {"one"}}},
		{"both in one", map[string][]string{"one": {plain, blank}}, map[string][]string{"0": {"one"}, "1": {"one"}}},
		{"in other letters", map[string][]string{"one": {"CN=X," + simUsers}, "two": {`CN=X\20,` + simUsers}, "three": {"CN=Y," + simUsers}},
			map[string][]string{"0": {"one"}, "1": {"two"}, "2": {"three"}}},
		{"groups that are twins", map[string][]string{"g": {plain}, `g\20`: {blank}, "outer": {"cn=g," + simGroups}},
			map[string][]string{"0": {"g", "outer"}, "1": {"g "}}},
		{"the other twin nested", map[string][]string{"g": {plain}, `g\20`: {blank}, "outer": {`cn=g\20,` + simGroups}},
			map[string][]string{"0": {"g"}, "1": {"g ", "outer"}}},
		{"the other twin nested, in other letters", map[string][]string{"g": {plain}, `g\20`: {blank}, "outer": {`CN=G\20,` + simGroups}},
			map[string][]string{"0": {"g"}, "1": {"g ", "outer"}}},
		{"one group alone", map[string][]string{"g": {plain}, "outer": {`cn=g\20,` + simGroups, other}}, map[string][]string{"0": {"g"}, "2": {"outer"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sim := newExact(t)
			number := uint32(2000)
			for name, members := range tt.members {
				number++
				addADGroup(t, sim, name, number, members...)
			}
			src := newSource(t, adOptions(sim, nil))
			groups, _ := groupsByUID(t, src)
			if diff := cmp.Diff(tt.want, groups); diff != "" {
				t.Errorf("groups by person (-want +got):\n%s", diff)
			}
			for _, p := range mustRead(t, src) {
				again := lookup(t, src, p.ID)[p.ID].Person
				if again == nil || !cmp.Equal(again.Groups, p.Groups) {
					t.Errorf("%s: %q, and looked up %+v", p.DN, p.Groups, again)
				}
			}
		})
	}
}

// A person and a group of nearly one DN are two, too: neither the person nor the
// group's people get what is the other's.
func TestPersonAndGroupOfOneName(t *testing.T) {
	t.Parallel()
	sim := newExact(t)
	add(t, sim, `cn=y\20,`+simUsers, ldapsim.Attributes{
		"objectClass": {"group"}, "objectSid": {sidOf(7, 3000)}, "member": {`cn=x\20,` + simUsers}, "objectGUID": {guidOf(70)},
	})
	addADGroup(t, sim, "person", 2000, "cn=y,"+simUsers)
	addADGroup(t, sim, "group", 2001, `cn=y\20,`+simUsers)
	groups, _ := groupsByUID(t, newSource(t, adOptions(sim, nil)))
	if diff := cmp.Diff(map[string][]string{"1": {"group"}, "2": {"person"}}, groups); diff != "" {
		t.Errorf("groups by person (-want +got):\n%s", diff)
	}
}

// A person of whom the read shows nobody else of nearly that name does not get the
// groups of somebody whom the filter left out.
func TestNamesakeOutsideTheFilter(t *testing.T) {
	t.Parallel()
	sim := newExact(t)
	addADGroup(t, sim, "one", 2000, `cn=x\20,`+simUsers)
	groups, _ := groupsByUID(t, newSource(t, adOptions(sim, func(o *ldapsrc.Options) { o.Users.Filter = "(&(objectClass=user)(!(uid=1)))" })))
	if len(groups) != 0 {
		t.Errorf("%q", groups)
	}
}

// Who can't be told apart at all ends the read: an entry that was deleted and made
// anew under its DN while it was read.
func TestNamesakesThatCannotBeToldApart(t *testing.T) {
	t.Parallel()
	for _, member := range []string{simUser(0), strings.ToUpper(simUser(0))} {
		sim := newGroups(t, 200)
		simGroup(t, sim, "cn=g,"+simGroups, member)
		pages := 0
		sim.SetFaults(ldapsim.Faults{BeforePage: func(page int) {
			if page == 2 && pages == 0 {
				pages++
				if err := sim.Delete(simUser(0)); err != nil {
					t.Error(err)
				}
				simAdd(t, sim, 0, simUsers)
			}
		}})
		_, _, err := readAll(t, newSource(t, groupOptions(sim, anyGroup)))
		wantError(t, err, `"uid=sim0000,ou=Users,dc=example,dc=com"|can't be told`, "run again")
	}
}

// Members are known in whichever way their letters are composed, many of them, too.
func TestMembersComposedAnotherWay(t *testing.T) {
	t.Parallel()
	const people = 1200
	sim := newGroups(t, 0)
	var members []string
	for i := range people {
		add(t, sim, fmt.Sprintf("cn=Jos\u00e9 %d,%s", i, simUsers), ldapsim.Attributes{"objectClass": {"person"}, "uid": {fmt.Sprint(i)}})
		members = append(members, fmt.Sprintf("cn=JOSE\u0301  %d,%s", i, simUsers))
	}
	simGroup(t, sim, "cn=g,"+simGroups, members...)
	simGroup(t, sim, "cn=\u00e9quipe,"+simGroups, "cn=\u212bsa,"+simUsers)
	simGroup(t, sim, "cn=outer,"+simGroups, "cn=e\u0301quipe,"+simGroups)
	add(t, sim, "cn=\u00e5sa,"+simUsers, ldapsim.Attributes{"objectClass": {"person"}, "uid": {"asa"}})
	src := newSource(t, groupOptions(sim, anyGroup))
	groups, info := groupsByUID(t, src)
	if len(groups) != people+1 || info.Read != people+1 || len(info.Warnings) != 0 {
		t.Errorf("%d of %d in groups; %q", len(groups), info.Read, info.Warnings)
	}
	if diff := cmp.Diff([]string{"outer", "\u00e9quipe"}, groups["asa"]); diff != "" {
		t.Error(diff)
	}
	for _, p := range mustRead(t, src)[:3] {
		if again := lookup(t, src, p.ID)[p.ID].Person; again == nil || len(again.Groups) != 1 {
			t.Errorf("looked up: %+v", again)
		}
	}
}

// Two people of nearly one uid, and a group of one of them.
func TestUIDsThatDifferInCase(t *testing.T) {
	t.Parallel()
	sim := newGroups(t, 0)
	for i, name := range []string{"anna", "Anna", "bert"} {
		add(t, sim, fmt.Sprintf("cn=%d,%s", i, simUsers), ldapsim.Attributes{"objectClass": {"person"}, "uid": {name}})
	}
	add(t, sim, "cn=g,"+simGroups, ldapsim.Attributes{"objectClass": {"posixGroup"}, "memberUid": {"Anna", "BERT"}})
	opts := groupOptions(sim, anyGroup)
	opts.Groups.Filter, opts.Groups.MemberAttributes = "(objectClass=posixGroup)", []string{"memberUid"}
	groups, _ := groupsByUID(t, newSource(t, opts))
	if diff := cmp.Diff(map[string][]string{"Anna": {"g"}, "bert": {"g"}}, groups); diff != "" {
		t.Errorf("groups by person (-want +got):\n%s", diff)
	}
}

func TestUnreadableStatusOnTheWire(t *testing.T) {
	t.Parallel()
	sim := newAD(t, 3, 0)
	for i, values := range [][]string{nil, {"many"}} {
		if err := sim.Replace(simUser(i), "userAccountControl", values...); err != nil {
			t.Fatal(err)
		}
	}
	src := newSource(t, adOptions(sim, nil))
	people := mustRead(t, src)
	for i, want := range []*dirsync.Unsure{{Attribute: "useraccountcontrol"}, {Attribute: "useraccountcontrol", Value: "many"}, nil} {
		p := lookup(t, src, people[i].ID)[people[i].ID].Person
		if diff := cmp.Diff(want, people[i].Unsure); diff != "" || (people[i].Standing == dirsync.Unreadable) != (want != nil) || p.Standing != people[i].Standing {
			t.Errorf("%s: %s %s", people[i].DN, people[i].Standing, diff)
		}
	}
}

func TestRolesComeWithTheLock(t *testing.T) {
	t.Parallel()
	sim := newSim(t, 0)
	add(t, sim, simUser(0), ldapsim.Attributes{
		"objectClass": {"person"}, "nsUniqueId": {"9a7f2b81-1dd211b2-80e3b5c8-0f9b0000"}, "nsAccountLock": {"true"}, "nsRole": {"cn=locked,dc=example,dc=com"},
	})
	p := mustRead(t, newSource(t, simOptions(sim, func(o *ldapsrc.Options) { o.Preset = schema.DS389 })))[0]
	kind, _ := schema.Of(schema.DS389)
	if p.Standing != dirsync.Disabled || len(p.Attrs[kind.Via["nsaccountlock"]]) != 1 {
		t.Errorf("%+v", p)
	}
}
