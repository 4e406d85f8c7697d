package cli

import (
	"strings"
	"testing"

	"duosync/ldapsrc/slapdtest"
)

// TestGroupsOfEachMapping: in_group() in the mapping of a directory, the first or another one,
// asks for a group of that directory, which is read for it.
func TestGroupsOfEachMapping(t *testing.T) {
	for _, second := range []bool{false, true} {
		h := newTwoHouses(t)
		more := `, mapping: {notes: 'in_group("staff") ? "in" : "out"'}`
		hr, students := directory("hr", h.ldap.URL, more), directory("students", h.students.URL, "")
		who, others := "anna bert cora", "dora"
		if second {
			h.students.Modify("cn=staff,"+slapdtest.GroupsDN, "member", "uid=dora,"+slapdtest.UsersDN)
			hr, students = directory("hr", h.ldap.URL, ""), directory("students", h.students.URL, more)
			who, others = others, who
		}
		h.configure(ldapSection(h.ldap.URL), hr, students)
		h.want(0, "applied")
		for _, user := range h.duo.Users() {
			want := ""
			switch in := user.Username == "anna" || user.Username == "dora"; {
			case strings.Contains(others, user.Username):
			case in:
				want = "in"
			default:
				want = "out"
			}
			if user.Notes != want || !strings.Contains(who+" "+others, user.Username) {
				t.Errorf("second %v: the notes of %s are %q, want %q", second, user.Username, user.Notes, want)
			}
		}
	}
}

// TestWhoDoesNotMove: on two slapds nobody moves who was locked, or left alone, though Duo was
// not told; nor whose former entry a narrower filter hides. Whoever was in, and is gone, does.
func TestWhoDoesNotMove(t *testing.T) {
	h := newTwoHouses(t)
	for _, uid := range []string{"emil", "fay", "gus", "hal", "ida"} {
		h.add(h.ldap, uid, uid+"@example.com")
	}
	h.add(h.students, "hal", "hal@example.com")
	person := func(uid string) string { return "uid=" + uid + "," + slapdtest.UsersDN }
	lockable := []string{"inetOrgPerson", "wso2Person", "scimPerson", "identityPerson"}
	h.ldap.Delete(person("fay"))
	h.ldap.Add(person("fay"), map[string][]string{"objectClass": lockable, "uid": {"fay"}, "cn": {"fay"}, "sn": {"fay"}, "givenName": {"fay"}, "mail": {"fay@example.com"}})
	hr, students := directory("hr", h.ldap.URL, ""), directory("students", h.students.URL, "")
	section := h.configure(ldapSection(h.ldap.URL), hr, students)
	h.want(0, "applied")

	// Fay is locked, and the run is held whole; emil is left alone.
	h.edit("  groups: {mirror: [hr/staff]}", "  groups: {mirror: [hr/staff]}\n  limits: {max_remove: 0, floor: 0}\n  scope: {exclude_users: [emil]}")
	h.ldap.Modify(person("fay"), "accountLock", "true")
	h.want(3, "held")
	h.edit("\n  limits: {max_remove: 0, floor: 0}\n  scope: {exclude_users: [emil]}", "")
	for _, uid := range []string{"emil", "fay", "gus"} {
		h.ldap.Delete(person(uid))
		h.add(h.students, uid, uid+"@example.com")
	}
	users := len(h.duo.Users())
	r := h.want(3, "held")
	h.wantOps("after the lock and the exclusion", r, "adopt gus")
	if g := r.guard(t, "ids_changed"); g.Affected != 2 || len(h.duo.Users()) != users {
		t.Errorf("who waits: %+v", g)
	}
	h.want(3, "held", "--adopt", "emil")
	h.want(0, "applied", "--adopt", "fay")
	h.want(0, "no-changes")

	// A narrower filter hides hal of hr, who is in students, too; ida is in no other directory.
	section = h.configure(section, directory("hr", h.ldap.URL, ", users: {filter: '(&(objectClass=person)(!(|(uid=hal)(uid=ida))))'}"), students)
	h.writes()
	r = h.want(3, "held")
	if g := r.guard(t, "scope_changed"); g.About.Directory != "hr" || g.Affected != 2 || h.writes() != 0 {
		t.Errorf("narrowed: %+v, %q", g, r.ops())
	}
	section = h.configure(section, hr, students)
	h.want(0, "no-changes")

	// Taken out with people who are in hr, too: only those who are ours by it are held.
	for _, uid := range []string{"bert", "cora", "ida"} {
		h.add(h.students, uid, uid+"@example.com")
	}
	h.edit("  groups: {mirror: [hr/staff]}", "  groups: {mirror: [hr/staff]}\n  limits: {floor: 0}")
	h.want(0, "no-changes")
	h.configure(section, hr)
	for range 2 {
		r = h.want(3, "held")
		for _, g := range r.report.Guards {
			if g.Held && g.Name != "scope_changed" {
				t.Errorf("taken out: held by %+v", g)
			}
		}
	}
}
