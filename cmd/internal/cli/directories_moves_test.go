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
