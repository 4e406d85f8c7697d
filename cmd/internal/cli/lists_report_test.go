package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"duosync/duo/duosim"
	"duosync/ldapsrc/slapdtest"
)

// TestReportOfLists checks how the JSON report tells of lists, and counts them.
func TestReportOfLists(t *testing.T) {
	h := newHouse(t, houseOptions{
		slapd: slapdtest.Options{LDIF: someone("anna", "departmentNumber=a1", "departmentNumber=a2", "mobile=+12025550101", "mobile=+12025550102") +
			someone("bert", "mail=bert@example.org") + group("staff", userDN("anna")) + group("lab", userDN("bert"))},
		sync: listMapping + ample + "  phones: {on: always}\n  groups: {mirror: ['/.*/'], when_unmirrored: delete}\n" +
			"  on_missing: {action: delete}\nenroll: {email: true}\n",
	})
	both := func(args ...string) result {
		t.Helper()
		before := h.duo.Snapshot()
		dry := h.want(0, "planned", append(args, "--dry-run")...)
		if diff := cmp.Diff(before, h.duo.Snapshot()); diff != "" {
			t.Errorf("a dry run has changed Duo:\n%s", diff)
		}
		run := h.want(0, "applied", args...)
		if run.report.PlanID != dry.report.PlanID || run.report.PlanID == "" {
			t.Errorf("the run has the plan %s, the dry run %s", run.report.PlanID, dry.report.PlanID)
		}
		if diff := cmp.Diff(dry.report.Summary, run.report.Summary); diff != "" {
			t.Errorf("summaries (-dry run +run):\n%s", diff)
		}
		return run
	}
	counts := func(r result, want map[string]int) {
		t.Helper()
		for name, n := range r.report.Summary {
			if n != want[name] {
				t.Errorf("summary: %s is %d, want %d", name, n, want[name])
			}
		}
	}
	changes := func(r result, action, username string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, r.changes(t, action, username)); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", action, username, diff)
		}
	}

	r := both()
	counts(r, map[string]int{"create": 2, "group_create": 2, "phone_create": 2, "enroll_mail": 1})
	changes(r, "create", "anna", `username "" -> "anna"`, `realname "" -> "anna"`, `lastname "" -> "anna"`, `status "" -> "active"`,
		`aliases [] -> ["a1","a2"]`, `groups [] -> ["staff"]`, `phones [] -> ["+12025550101","+12025550102"]`)
	h.enroll("bert", "+12025550199")

	h.ldap.Modify(userDN("anna"), "departmentNumber", "a2", "a3")
	h.ldap.Modify(userDN("anna"), "mobile", "+12025550102", "+12025550103")
	h.ldap.Modify(groupDN("staff"), "member", userDN("bert"))
	h.ldap.Rename(groupDN("lab"), "cn=laboratory", "")
	r = both()
	counts(r, map[string]int{"update": 6, "group_update": 1, "phone_create": 1, "phone_delete": 1})
	changes(r, "update", "anna", `groups ["staff"] -> []`, `aliases ["a1","a2"] -> ["a2"]`, `aliases ["a2"] -> ["a2","a3"]`,
		`phones ["+12025550101","+12025550102"] -> ["+12025550101","+12025550102","+12025550103"]`,
		`phones ["+12025550101","+12025550102","+12025550103"] -> ["+12025550102","+12025550103"]`)
	changes(r, "group_update", "lab", `name "lab" -> "laboratory"`)

	h.ldap.Delete(groupDN("laboratory"))
	h.ldap.Delete(userDN("anna"))
	r = both()
	counts(r, map[string]int{"disable": 1, "delete": 1, "group_delete": 1, "phone_delete": 2, "update": 0, "unchanged": 1})
	h.shows("bert active [+12025550199] {staff}")
	var left []string
	for _, p := range h.duo.Snapshot().Phones {
		left = append(left, p.Number)
	}
	if diff := cmp.Diff([]string{"+12025550199"}, left); diff != "" {
		t.Errorf("phones left (-want +got):\n%s", diff)
	}
	h.silent()

	// The share of a phone that somebody else made is neither made nor deleted.
	h.edit("{on: always}", "{on: always, taken: share}")
	h.handUser(duosim.User{Username: "other"})
	h.enroll("other", "+12025550177")
	h.ldap.Modify(userDN("bert"), "mobile", "+12025550177")
	r = both()
	counts(r, map[string]int{"update": 1})
	changes(r, "update", "bert", `phones ["+12025550199"] -> ["+12025550177","+12025550199"]`)
	h.silent()
}
