package cli

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"duosync/ldapsrc/slapdtest"
)

// TestExpressions maps by expressions, of attributes, groups and the preset, on a
// real slapd; check shows what they make of people.
func TestExpressions(t *testing.T) {
	h := newHouse(t, houseOptions{
		slapd: slapdtest.Options{LDIF: plainPeople(3) + group("VPN users", "uid=plain001,"+slapdtest.UsersDN)},
		sync: `  mapping:
    realname: 'upper(sn) + ", " + cn'
    firstname: ""
    email: 'departmentNumber ?? (uid + "@vpn.example.org")'
    notes: 'in_group("vpn USERS") ? "may use the VPN" : ""'
`,
	})
	r, checks := h.check()
	lines := linesOf(checks)
	for _, part := range []string{
		"departmentnumber (for email) came back for nobody", "all that section sync names are there: VPN users",
		"departmentnumber (absent) and uid \"plain000\" → email \"plain000@vpn.example.org\"",
	} {
		if !strings.Contains(lines, part) {
			t.Errorf("check does not say %q:\n%s", part, lines)
		}
	}
	if r.code != 0 {
		t.Errorf("check: exit %d\n%s", r.code, lines)
	}
	h.want(0, "applied")
	var got []string
	for _, u := range h.duo.Users() {
		got = append(got, fmt.Sprintf("%s|%s|%s|%s", u.Username, u.Realname, u.Email, u.Notes))
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{
		"plain000|PLAIN 0, Plain 0|plain000@vpn.example.org|",
		"plain001|PLAIN 1, Plain 1|plain001@vpn.example.org|may use the VPN",
		"plain002|PLAIN 2, Plain 2|plain002@vpn.example.org|",
	}, got); diff != "" {
		t.Errorf("users (-want +got):\n%s", diff)
	}
	h.want(0, "no-changes")
}

// TestAsOf looks into the future in a dry run, and only there.
func TestAsOf(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(8)}})
	h.want(0, "applied")
	h.ldap.Delete("uid=plain004," + slapdtest.UsersDN)
	if r := h.want(0, "applied"); !slices.Equal(r.ops(), []string{"disable plain004"}) {
		t.Fatalf("operations %v", r.ops())
	}
	if r := h.want(0, "no-changes", "--dry-run"); r.report.Summary["waiting"] != 1 {
		t.Errorf("now: %v", r.report.Summary)
	}
	if r := h.want(0, "planned", "--dry-run", "--as-of", "721h"); !slices.Equal(r.ops(), []string{"trash plain004"}) {
		t.Errorf("in a month: %v", r.ops())
	}
	if r := h.want(0, "no-changes", "--dry-run", "--as-of", "719h"); r.report.Summary["waiting"] != 1 {
		t.Errorf("a bit less: %v", r.report.Summary)
	}
	for _, args := range [][]string{{"--as-of", "721h"}, {"--dry-run", "--as-of", "soon"}} {
		if r := h.sync(args...); r.code != exitError || !strings.Contains(r.err, "--as-of") || r.out != "" {
			t.Errorf("sync %v: exit %d\n%s%s", args, r.code, r.out, r.err)
		}
	}
}
