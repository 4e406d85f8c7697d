package cli

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"duosync/duo/duosim"
	"duosync/ldapsrc/slapdtest"
)

// gate is an access rule for slapd that shows the reader what is named only while
// the group is open; see (*house).open.
func gate(what, group string) string {
	return "access to " + what + " by group=\"cn=" + group + ",ou=System," + slapdtest.Suffix + "\" read by * none\n"
}

// gates are the groups that gate speaks of, open.
func gates(names ...string) string {
	var b strings.Builder
	for _, name := range names {
		b.WriteString("dn: cn=" + name + ",ou=System," + slapdtest.Suffix + "\nobjectClass: groupOfNames\ncn: " + name +
			"\nmember: " + slapdtest.ReaderDN + "\n\n")
	}
	return b.String()
}

// open gives the reader the rights behind a gate, or takes them.
func (h *house) open(group string, open bool) {
	h.t.Helper()
	member := slapdtest.AdminDN
	if open {
		member = slapdtest.ReaderDN
	}
	h.ldap.Modify("cn="+group+",ou=System,"+slapdtest.Suffix, "member", member)
}

// due gives when somebody's removal is due, by a report.
func (r result) due(t *testing.T, username string) time.Time {
	t.Helper()
	var doc struct {
		Waiting []struct {
			Username string
			Due      time.Time
		}
	}
	if err := json.Unmarshal([]byte(r.out), &doc); err != nil {
		t.Fatal(err)
	}
	for _, w := range doc.Waiting {
		if w.Username == username {
			return w.Due
		}
	}
	t.Fatalf("%s is not waiting:\n%s", username, brief(r.out))
	return time.Time{}
}

// TestGraceOfSeconds takes a leaver through all steps, and back, by the clock.
func TestGraceOfSeconds(t *testing.T) {
	h := newHouse(t, houseOptions{
		slapd: slapdtest.Options{
			LDIF:   someone("gone-anna", "mobile=+12025550101") + someone("gone-bert") + someone("stays") + group("staff", userDN("gone-anna")) + gates("seen"),
			Access: gate("dn.regex=\"^uid=gone-[^,]*,"+slapdtest.UsersDN+"$\"", "seen"),
		},
		sync: listMapping + ample + "  phones: {on: always}\n  groups: {mirror: [staff]}\n" +
			"  on_missing: {action: disable, after: 0s, then: trash, grace: 2s}\n",
	})
	h.want(0, "applied")
	h.enroll("gone-anna", "+12025550199")
	h.change("gone-anna", func(u *duosim.User) { u.BypassCodes = []duosim.BypassCode{{ID: "BC1", Code: "123456789", Uses: -1}} })
	before := h.user("gone-anna")

	start := time.Now().UTC().Format(time.RFC3339)
	h.open("seen", false)
	h.want(0, "applied").has(t, "disable gone-anna", "disable gone-bert")
	h.shows("gone-anna disabled [+12025550101 +12025550199] {staff}", "gone-bert disabled", "stays active")
	due := h.sync("--dry-run", "--as-of", start).due(t, "gone-anna")
	if r := h.sync("--dry-run", "--as-of", due.Add(-time.Second).Format(time.RFC3339)); len(r.ops()) > 0 || r.report.Summary["waiting"] != 2 {
		t.Errorf("a second before: %v", r.ops())
	}
	h.sync("--dry-run", "--as-of", due.Add(time.Second).Format(time.RFC3339)).has(t, "trash gone-anna", "trash gone-bert")

	// Duo refuses one of the two: that one stays disabled, and each run sends it and tells it.
	bert := h.user("gone-bert")
	if err := h.duo.AddFault(duosim.Fault{
		Name: "no trash", Path: "/admin/v1/users/bulk_send_to_trash", Params: map[string]string{"user_id_list": "*" + bert.ID + "*"},
		Effect: duosim.Refuse, Code: 40002, Detail: "user_id_list",
	}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Until(due.Add(time.Second)))
	h.duo.ResetCalls()
	r := h.want(4, "partial")
	r.has(t, "trash gone-anna", "trash gone-bert")
	h.shows("gone-anna pending deletion [+12025550101 +12025550199] {staff}", "gone-bert disabled", "stays active")
	if slices.ContainsFunc(h.duo.Calls(), func(c duosim.Call) bool { return c.Method == "DELETE" }) {
		t.Error("something was deleted")
	}
	h.duo.ResetCalls()
	r = h.want(4, "partial")
	r.has(t, "trash gone-bert")
	h.shows("gone-anna pending deletion [+12025550101 +12025550199] {staff}", "gone-bert disabled", "stays active")

	h.open("seen", true)
	h.want(0, "applied").has(t, "restore gone-anna", "enable gone-bert")
	h.shows("gone-anna active [+12025550101 +12025550199] {staff}", "gone-bert active", "stays active")
	after := h.user("gone-anna")
	if after.ID != before.ID || !slices.Equal(after.Phones, before.Phones) || !slices.Equal(after.Groups, before.Groups) || len(after.BypassCodes) != 1 {
		t.Errorf("back is\n%+v\nnot\n%+v", after, before)
	}
	h.silent()
}

// TestStatusByExpression lets the directory give bypass, and disables by a group;
// what people did by hand in Duo stays.
func TestStatusByExpression(t *testing.T) {
	h := newHouse(t, houseOptions{
		slapd: slapdtest.Options{LDIF: someone("plain") + someone("robot") + someone("out") + someone("hand-off") + someone("hand-bypass") + someone("locked-out") +
			someone("lockable") + group("robots", userDN("robot")) + group("outs", userDN("out"))},
		sync: ample + `  mapping: {status: 'in_group("robots") ? "bypass" : in_group("outs") ? "disabled" : preset'}` + "\n",
	})
	// Without allow_bypass nobody gets it, and that person is told.
	r := h.want(4, "partial")
	if !strings.Contains(r.out, "allow_bypass") {
		t.Errorf("bypass without allow_bypass is not told:\n%s", brief(r.out))
	}
	h.shows("hand-bypass active", "hand-off active", "lockable active", "locked-out active", "plain active")

	h.edit("sync:\n", "sync:\n  allow_bypass: true\n")
	h.want(0, "applied").has(t, "create robot")
	h.change("hand-off", func(u *duosim.User) { u.Status = "disabled" })
	h.change("hand-bypass", func(u *duosim.User) { u.Status = "bypass" })
	h.change("locked-out", func(u *duosim.User) { u.Status = "locked out" })
	h.ldap.Modify(groupDN("robots"), "member", userDN("plain"))
	h.ldap.Modify(userDN("lockable"), "accountLock", "true")
	h.want(0, "applied").has(t, "update plain", "update robot", "disable lockable")
	byHand := []string{"hand-bypass bypass", "hand-off disabled"}
	h.shows(append(byHand, "lockable disabled", "locked-out locked out", "plain bypass", "robot active")...)
	h.silent()

	// Everybody changes, and the whole of Duo is looked at: by hand is by hand.
	for _, uid := range []string{"hand-off", "hand-bypass", "locked-out"} {
		h.ldap.Modify(userDN(uid), "mail", uid+"@example.org")
	}
	h.ldap.Modify(groupDN("robots"), "member", userDN("hand-off"), userDN("locked-out"))
	h.ldap.Modify(userDN("lockable"), "accountLock", "false")
	h.want(0, "applied", "--refresh")
	h.shows(append(byHand, "lockable active", "locked-out locked out", "plain active", "robot active")...)
	h.silent()

	// Who is disabled in the directory is disabled, whatever somebody gave by hand.
	h.nextSecond()
	h.ldap.Modify(groupDN("robots"), "member", userDN("nobody"))
	h.ldap.Modify(groupDN("outs"), "member", userDN("hand-bypass"), userDN("hand-off"), userDN("locked-out"))
	h.want(0, "applied")
	h.shows("hand-bypass disabled", "hand-off disabled", "lockable active", "locked-out disabled", "out active", "plain active", "robot active")
	h.silent()
	// And back: what was disabled by hand before stays so.
	h.ldap.Modify(groupDN("outs"), "member", userDN("plain"))
	h.want(0, "applied")
	h.shows("hand-bypass active", "hand-off disabled", "lockable active", "locked-out active", "out active", "plain disabled", "robot active")
	h.silent()
}
