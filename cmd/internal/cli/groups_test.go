package cli

import (
	"fmt"
	"strings"
	"testing"

	"duosync/ldapsrc/slapdtest"

	"github.com/google/go-cmp/cmp"
)

func group(name string, members ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "dn: cn=%s,%s\nobjectClass: groupOfNames\ncn: %s\n", name, slapdtest.GroupsDN, name)
	for _, dn := range members {
		fmt.Fprintf(&b, "member: %s\n", dn)
	}
	return b.String() + "\n"
}

// TestGroupScope narrows the scope by groups, nested ones too, on a real slapd.
func TestGroupScope(t *testing.T) {
	dn := func(uid string) string { return "uid=" + uid + "," + slapdtest.UsersDN }
	h := newHouse(t, houseOptions{
		slapd: slapdtest.Options{LDIF: plainPeople(6) +
			group("staff", dn("plain000"), dn("plain001"), "cn=Night Shift,"+slapdtest.GroupsDN) +
			group("Night Shift", dn("plain002"), dn("plain003"), "cn=staff,"+slapdtest.GroupsDN) +
			group("robots", dn("plain003"), dn("plain005"))},
		sync: "  scope: {include_groups: [Staff], exclude_groups: [robots]}\n",
	})
	r := h.want(0, "applied")
	if diff := cmp.Diff([]string{"create plain000", "create plain001", "create plain002"}, r.ops()); diff != "" {
		t.Errorf("operations (-want +got):\n%s", diff)
	}
	if r.report.Source.Groups != 2 || r.report.Source.Read != 6 {
		t.Errorf("source %+v", r.report.Source)
	}
	h.ldap.Modify("cn=Night Shift,"+slapdtest.GroupsDN, "member", dn("plain004"))
	r = h.want(0, "applied")
	if diff := cmp.Diff([]string{"disable plain002", "create plain004"}, r.ops()); diff != "" {
		t.Errorf("operations (-want +got):\n%s", diff)
	}
	h.ldap.Modify("cn=robots,"+slapdtest.GroupsDN, "member", dn("plain000"))
	h.want(0, "no-changes") // left alone, and the link kept
	if r := h.run("check", "--format", "json"); !strings.Contains(r.out, "all that section sync names are there: robots, staff") {
		t.Errorf("check: exit %d\n%s", r.code, r.out)
	}
	h.ldap.Delete("cn=staff," + slapdtest.GroupsDN)
	h.writes()
	if r := h.want(1, "failed"); !strings.Contains(r.report.Error, "Staff") || h.writes() != 0 {
		t.Errorf("an include group that is gone: %q", r.report.Error)
	}
	if r := h.run("check", "--format", "json"); r.code != 1 || !strings.Contains(r.out, "include_groups, Staff cannot be found") {
		t.Errorf("check: exit %d\n%s", r.code, r.out)
	}
	h.ldap.Delete("cn=robots," + slapdtest.GroupsDN)
	if r := h.run("check", "--format", "json"); r.code != 1 || !strings.Contains(r.out, "include_groups, Staff; of sync.scope.exclude_groups, robots cannot be found") {
		t.Errorf("check: exit %d\n%s", r.code, r.out)
	}
}
