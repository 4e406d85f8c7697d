package directories_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"
)

// stores are the primary and the secondary user store of one WSO2 Identity Server, as
// it has them with Active Directory beside its own ApacheDS.
type stores struct {
	*house
	primary, secondary *directory
}

// hold is what Duo holds of a person by name, ids left out.
type hold map[string]user

// as gives the section of a configuration for one directory, as an item of directories.
func as(name string, d *directory) string {
	section := strings.TrimPrefix(d.config, "ldap:\n")
	section, _, _ = strings.Cut(section, "sync:\n")
	return "  - name: " + name + "\n" + strings.ReplaceAll("  "+strings.TrimSuffix(section, "\n"), "\n", "\n  ") + "\n"
}

func newStores(t *testing.T) *stores {
	t.Helper()
	s := &stores{house: &house{t: t, config: filepath.Join(t.TempDir(), "config.yaml")}, primary: apacheDS(t), secondary: samba(t)}
	var section string
	s.duo, section = account(t, filepath.Dir(s.config))
	s.write("directories:\n" + as("primary", s.primary) + as("secondary", s.secondary) +
		"    mapping: {username: sAMAccountName}\nsync:\n  on_missing: {action: disable}\n  groups: {mirror: ['/team.*/']}\nstate: {dsn: state.db}\n" + section)
	return s
}

// enter adds a person to a directory.
func (s *stores) enter(d *directory, name string, i int) (dn string) {
	s.t.Helper()
	dn = d.rdn + "=" + name + "," + d.users
	d.Do(func(c *ldap.Conn) error {
		request := ldap.NewAddRequest(dn, nil)
		for attribute, values := range d.person(name, i) {
			request.Attribute(attribute, values)
		}
		return c.Add(request)
	})
	return dn
}

// team adds a group to a directory.
func (s *stores) team(d *directory, name string, members ...string) {
	s.t.Helper()
	d.Do(func(c *ldap.Conn) error {
		request := ldap.NewAddRequest("cn="+name+","+d.groups, nil)
		for attribute, values := range d.group {
			request.Attribute(attribute, values)
		}
		request.Attribute("member", members)
		return c.Add(request)
	})
}

// holding gives what Duo holds, and the ids.
func (s *stores) holding() (held hold, ids map[string]string) {
	snapshot := s.duo.Snapshot()
	names := map[string]string{}
	for _, g := range snapshot.Groups {
		names[g.ID] = g.Name
	}
	held, ids = hold{}, map[string]string{}
	for _, u := range snapshot.Users {
		var in []string
		for _, id := range u.Groups {
			in = append(in, names[id])
		}
		held[u.Username], ids[u.Username] = user{Email: u.Email, Status: u.Status, Group: strings.Join(in, " ")}, u.ID
	}
	return held, ids
}

// after runs a sync, and compares exit code and Duo with what is wanted.
func (s *stores) after(stage string, code int, want hold, more ...string) run {
	s.t.Helper()
	r := s.sync(more...)
	if r.code != code {
		s.t.Errorf("%s: exit %d in place of %d: %s %v %v %v\n%s", stage, r.code, code, r.report.Outcome, r.report.Summary, r.report.Guards, r.report.Warnings, r.err)
	}
	held, _ := s.holding()
	if diff := cmp.Diff(want, held); diff != "" {
		s.t.Fatalf("%s: Duo holds (-want +got):\n%s", stage, diff)
	}
	return r
}

// WSO2's ApacheDS as the primary store and Active Directory as a secondary one, in one
// Duo account: precedence, moves in either direction, a locked person who moves, one
// store down, one narrowed, one under another name.
func TestTwoStores(t *testing.T) {
	s := newStores(t)
	want := hold{}
	is := func(name, status, group string) {
		want[name] = user{Email: name + "@example.com", Status: status, Group: group}
	}
	dns := map[string]string{}
	for i := range 12 {
		p, q := fmt.Sprintf("prim%02d", i), fmt.Sprintf("second%02d", i)
		dns[p], dns[q] = s.enter(s.primary, p, i), s.enter(s.secondary, q, i)
		is(p, active, "")
		is(q, active, "")
	}
	dns["both"] = s.enter(s.primary, "both", 20)
	shadow := s.enter(s.secondary, "both", 20)
	s.team(s.primary, "team-red", dns["prim01"], dns["both"])
	s.team(s.secondary, "team-blue", dns["second01"], shadow)
	is("both", active, "team-red")
	is("prim01", active, "team-red")
	is("second01", active, "team-blue")
	r := s.after("made", 0, want)
	if len(r.report.Shadowed) != 1 {
		t.Errorf("shadowed: %v", r.report.Shadowed)
	}
	s.duo.ResetCalls()
	s.after("again", 0, want)
	if n := len(s.duo.Calls()); n != 0 {
		t.Errorf("a run without changes made %d calls", n)
	}

	// A lock of the shadowed person says nothing of the one who counts; one of theirs does.
	s.secondary.lock(s.secondary, shadow)
	s.primary.lock(s.primary, dns["prim02"])
	is("prim02", disabled, "")
	s.after("locks", 0, want)

	_, before := s.holding()
	s.primary.Delete(dns["prim01"])
	s.secondary.Delete(dns["second01"])
	s.primary.Delete(dns["prim02"])
	dns["prim01"] = s.enter(s.secondary, "prim01", 1)
	dns["second01"] = s.enter(s.primary, "second01", 1)
	dns["prim02"] = s.enter(s.secondary, "prim02", 2) // and not locked there
	s.secondary.Modify("cn=team-blue,"+s.secondary.groups, "member", shadow, dns["prim01"])
	s.primary.Modify("cn=team-red,"+s.primary.groups, "member", dns["both"], dns["second01"])
	is("prim01", active, "team-blue")
	is("second01", active, "team-red")
	s.after("moved", 3, want) // prim02 was locked: an admin says whether it is she
	is("prim02", active, "")
	s.after("adopted", 0, want, "--adopt", "prim02")
	_, now := s.holding()
	if !maps.Equal(before, now) {
		t.Errorf("somebody became another user: %s", cmp.Diff(before, now))
	}

	s.duo.ResetCalls()
	_, url, _ := strings.Cut(s.secondary.config, `urls: ["`)
	url, _, _ = strings.Cut(url, `"`)
	s.edit(url, "ldap://127.0.0.1:1")
	s.primary.Modify(dns["prim05"], "mail", "five@example.com")
	s.after("one is down", 1, want)
	if n := len(s.duo.Calls()); n != 0 {
		t.Errorf("with a store down %d calls were made", n)
	}
	s.edit("ldap://127.0.0.1:1", url)

	// Narrowed: its own people are held, and nobody else.
	s.edit(`base_dns: ["`+s.secondary.users+`"]`, `base_dns: ["`+s.secondary.left+`"]`)
	s.secondary.Rename(dns["second03"], "CN=second03", s.secondary.left)
	want["prim05"] = user{Email: "five@example.com", Status: active}
	s.after("narrowed", 3, want)
	s.edit(`base_dns: ["`+s.secondary.left+`"]`, `base_dns: ["`+s.secondary.users+`"]`)
	s.secondary.Rename("CN=second03,"+s.secondary.left, "CN=second03", s.secondary.users)
	s.after("wide again", 0, want)

	// Under another name it is another directory, with the same people.
	s.edit("name: secondary", "name: staff")
	s.after("under another name", 3, want)
	held, now := s.holding()
	if diff := cmp.Diff(want, held); diff != "" {
		t.Errorf("under another name Duo holds (-want +got):\n%s", diff)
	}
	if !maps.Equal(before, now) {
		t.Errorf("under another name somebody became another user: %s", cmp.Diff(before, now))
	}
}
