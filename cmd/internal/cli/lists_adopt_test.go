package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"duosync/duo/duosim"
	"duosync/ldapsrc/slapdtest"
)

// TestAdoption takes over users whom somebody else has made: the dry run lists
// each field that it overwrites, and what they have of their own stays theirs.
func TestAdoption(t *testing.T) {
	h := newHouse(t, houseOptions{
		slapd: slapdtest.Options{LDIF: someone("anna", "mail=anna@example.org", "departmentNumber=a.one", "departmentNumber=a.two", "mobile=+12025550101") +
			someone("bert", "departmentNumber=b.one") + someone("cora", "mobile=+12025550104") + someone("dora", "accountLock=true") + group("staff", userDN("anna"))},
		sync: listMapping + ample + "  phones: {on: always}\n  groups: {mirror: [staff]}\n",
	})
	hand := h.handGroup("by hand", "active")
	anna := h.handUser(duosim.User{
		Username: "anna", Realname: "Anna Old", Email: "old@example.org", Notes: "keep me", Aliases: []string{"", "hers", "a.two"}, Groups: []string{hand.ID},
		BypassCodes: []duosim.BypassCode{{ID: "BC1", Code: "123456789", Uses: 1}},
	})
	device := h.enroll("anna", "+12025550199")
	bert := h.handUser(duosim.User{Username: "BERT", Status: "disabled"})
	h.handUser(duosim.User{Username: "cora", Status: "bypass"})
	h.handUser(duosim.User{Username: "dora"})
	start := h.duo.Snapshot()

	// existing: report, and one by one.
	r := h.want(4, "applied")
	r.has(t, "group_create staff")
	for _, uid := range []string{"anna", "bert", "cora"} {
		if !strings.Contains(r.conflict(uid), "--adopt") {
			t.Errorf("%s: %q", uid, r.conflict(uid))
		}
	}
	if diff := cmp.Diff(start.Users, h.duo.Snapshot().Users); diff != "" {
		t.Fatalf("users of others have changed:\n%s", diff)
	}
	h.silent()
	h.want(0, "applied", "--adopt", "bert").has(t, "adopt BERT")
	if u := h.user("bert"); u.ID != bert.ID || u.Status != "disabled" || !slices.Equal(u.Aliases, []string{"b.one"}) {
		t.Errorf("bert is %+v", u)
	}

	// existing: adopt, with a look before.
	h.edit("sync:\n", "sync:\n  existing: adopt\n")
	before := h.duo.Snapshot()
	dry := h.want(0, "planned", "--dry-run")
	dry.has(t, "adopt anna", "adopt cora", "adopt dora")
	if diff := cmp.Diff(before, h.duo.Snapshot()); diff != "" {
		t.Fatalf("a dry run has changed Duo:\n%s", diff)
	}
	if diff := cmp.Diff([]string{
		`realname "Anna Old" -> "anna"`, `lastname "" -> "anna"`, `email "old@example.org" -> "anna@example.org"`,
		`aliases ["a.two","hers"] -> ["a.one","a.two","hers"]`, `groups ["by hand"] -> ["by hand","staff"]`,
		`phones ["+12025550199"] -> ["+12025550101","+12025550199"]`,
	}, dry.changes(t, "adopt", "anna")); diff != "" {
		t.Errorf("overwritten fields (-want +got):\n%s", diff)
	}
	run := h.want(0, "applied")
	if run.report.PlanID != dry.report.PlanID || run.report.Summary["adopt"] != 3 {
		t.Errorf("the run is not what the dry run said: %v", run.report.Summary)
	}
	h.shows("BERT disabled (b.one)", "anna active (a.one a.two hers) [+12025550101 +12025550199] {by hand staff}", "cora bypass [+12025550104]", "dora disabled")
	if u := h.user("anna"); u.ID != anna.ID || u.Notes != "keep me" || len(u.BypassCodes) != 1 || u.Aliases[1] != "hers" {
		t.Errorf("anna is %+v", u)
	}
	h.silent()

	// What is ours of an adopted user goes again, and nothing else.
	h.nextSecond()
	h.ldap.Modify(userDN("anna"), "departmentNumber")
	h.ldap.Modify(userDN("anna"), "mobile")
	h.ldap.Modify(groupDN("staff"), "member", userDN("bert"))
	h.want(0, "applied")
	h.shows("BERT disabled (b.one) {staff}", "anna active (a.two hers) [+12025550199] {by hand}", "cora bypass [+12025550104]", "dora disabled")
	if !slices.ContainsFunc(h.duo.Snapshot().Phones, func(p duosim.Phone) bool { return p.ID == device.ID && p.Activated }) {
		t.Error("the person's own device has changed")
	}
	h.silent()
}

// TestRecycledUsername gives a leaver's username to a new entry with another mail
// address: another human until somebody says otherwise.
func TestRecycledUsername(t *testing.T) {
	h := newHouse(t, houseOptions{
		slapd: slapdtest.Options{LDIF: someone("anna", "mobile=+12025550101", "departmentNumber=alias") + someone("bert")},
		sync:  listMapping + ample + "  phones: {on: always}\n  existing: adopt\n",
	})
	h.want(0, "applied")
	h.enroll("anna", "+12025550199")
	before := h.user("anna")
	h.ldap.Delete(userDN("anna"))
	h.hire("anna", "mail=another@example.com", "mobile=+12025550102", "departmentNumber=alias")
	r := h.want(4, "applied")
	r.has(t, "disable anna")
	if !strings.Contains(r.conflict("anna"), "--adopt") {
		t.Errorf("a new entry under a known name: %q", r.conflict("anna"))
	}
	h.shows("anna disabled (alias) [+12025550101 +12025550199]", "bert active")
	h.silent()
	h.want(0, "applied", "--adopt", "anna").has(t, "adopt anna")
	h.shows("anna active (alias) [+12025550102 +12025550199]", "bert active")
	if u := h.user("anna"); u.ID != before.ID {
		t.Errorf("another user: %s, not %s", u.ID, before.ID)
	}
	h.silent()
}
