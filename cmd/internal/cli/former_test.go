package cli

import (
	"fmt"
	"strings"
	"testing"

	"duosync/cmd/internal/version"
	"duosync/ldapsrc/ldapsim"
)

const (
	adPeople   = "ou=people,dc=example,dc=com"
	adFilter   = `filter: '(&(objectCategory=person)(objectClass=user))'`
	adUsername = `mapping: {username: uid}`
)

// adUser adds an account of Active Directory, whose two names are given.
func adUser(t *testing.T, sim *ldapsim.Server, i int, uid, sam, accountType string) string {
	t.Helper()
	dn := fmt.Sprintf("cn=Person %d,%s", i, adPeople)
	if err := sim.Add(dn, ldapsim.Attributes{
		"objectClass": {"person", "user"}, "objectCategory": {"person"}, "objectGUID": {fmt.Sprintf("%016d", i)}, "cn": {fmt.Sprintf("Person %d", i)},
		"userAccountControl": {"512"}, "sAMAccountType": {accountType}, "uid": {uid}, "sAMAccountName": {sam},
	}); err != nil {
		t.Fatal(err)
	}
	return dn
}

// newFormerHouse is an Active Directory of twelve people and a state that was made with the
// values which the preset filled in in earlier versions; now the file leaves them out.
func newFormerHouse(t *testing.T, more func(*ldapsim.Server)) (*house, *ldapsim.Server) {
	t.Helper()
	sim, err := ldapsim.New(ldapsim.Options{Suffixes: []string{"dc=example,dc=com"}, Binds: map[string]string{"cn=reader": bindPassword}})
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	for _, dn := range []string{"dc=example,dc=com", adPeople} {
		if err := sim.Add(dn, ldapsim.Attributes{"objectClass": {"top"}}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 12 {
		name := fmt.Sprintf("person%02d", i)
		adUser(t, sim, i, name, name, "805306368")
	}
	if more != nil {
		more(sim)
	}
	h := newHouse(t, houseOptions{
		ldap: fmt.Sprintf("ldap: {preset: activedirectory, urls: [%q], bind_dn: cn=reader, bind_password: %q, users: {base_dns: [%q], %s}}",
			sim.URL(), bindPassword, adPeople, adFilter),
		sync: "  " + adUsername + "\n",
	})
	h.want(0, "applied")
	h.duo.ResetCalls()
	h.edit(", "+adFilter, "")
	h.edit("  "+adUsername+"\n", "")
	return h, sim
}

// TestNewDefaultsThatConcernNobody: another version has other defaults, and an installation
// where they come to the same runs on: no call, no hold, and leavers go as ever.
func TestNewDefaultsThatConcernNobody(t *testing.T) {
	h, sim := newFormerHouse(t, nil)
	h.want(0, "no-changes")
	if calls := h.duo.Calls(); len(calls) > 0 {
		t.Errorf("the first run under the new defaults called Duo %d times", len(calls))
	}
	if err := sim.Delete("cn=Person 3," + adPeople); err != nil {
		t.Fatal(err)
	}
	if ops := h.want(0, "applied").ops(); len(ops) != 1 || ops[0] != "disable person03" {
		t.Errorf("the leaver after it: %q", ops)
	}
}

// TestNewDefaultsInOneRunWithALeaver: who left meanwhile goes, whatever else is new.
func TestNewDefaultsInOneRunWithALeaver(t *testing.T) {
	h, sim := newFormerHouse(t, nil)
	if err := sim.Delete("cn=Person 3," + adPeople); err != nil {
		t.Fatal(err)
	}
	if ops := h.want(0, "applied").ops(); len(ops) != 1 || ops[0] != "disable person03" {
		t.Errorf("%q", ops)
	}
}

// TestNewDefaultsThatConcernSomebody: whom they would rename or leave out is held, and told
// with the lines that keep what was; with these lines everything is as before.
func TestNewDefaultsThatConcernSomebody(t *testing.T) {
	h, _ := newFormerHouse(t, func(sim *ldapsim.Server) {
		adUser(t, sim, 20, "renata", "r.miller", "805306368")
		adUser(t, sim, 21, "trust", "OTHER$", "805306370") // an account of a trust
	})
	const filter, username = `ldap: {users: {filter: '(&(objectCategory=person)(objectClass=user))'}}`, `sync: {mapping: {username: 'uid'}}`
	r := h.want(3, "held")
	g := r.guard(t, "scope_changed")
	if g.Affected != 2 || !strings.Contains(g.Detail, "duosync "+version.Number()) || !strings.Contains(g.Detail, filter) || !strings.Contains(g.Detail, username) {
		t.Errorf("%+v", g)
	}
	if n := h.writes(); n > 0 {
		t.Errorf("%d writes", n)
	}

	// One of the lines keeps what it is about, and the hold names the other alone:
	// both would be renamed.
	h.edit("users: {", "users: {"+adFilter+", ")
	g = h.want(3, "held").guard(t, "scope_changed")
	if g.Affected != 2 || strings.Contains(g.Detail, "filter") || !strings.Contains(g.Detail, username) {
		t.Errorf("with the former filter: %+v", g)
	}
	h.edit("sync:\n", "sync:\n  "+adUsername+"\n")
	h.want(0, "no-changes")
	if n := h.writes(); n > 0 {
		t.Errorf("%d writes", n)
	}

	// Whoever changes the scope by hand as well is told of no version.
	h.edit(adFilter, `filter: '(uid=person*)'`)
	if g = h.want(3, "held").guard(t, "scope_changed"); g.Detail != "" {
		t.Errorf("with a filter of their own: %+v", g)
	}
}
