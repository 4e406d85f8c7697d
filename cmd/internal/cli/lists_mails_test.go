package cli

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"duosync/duo/duosim"
	"duosync/ldapsrc/slapdtest"
)

// TestEnrollMails sends each new person one mail, a few a run, also when the
// reply is lost after Duo has sent it; and none to who needs none.
func TestEnrollMails(t *testing.T) {
	mail := func(uid string) string { return "mail=" + uid + "@example.org" }
	ldif := someone("phoned", mail("phoned"), "mobile=+12025550101") + someone("nomail") + someone("locked", mail("locked"), "accountLock=true") +
		someone("known", mail("known"))
	for _, uid := range []string{"new1", "new2", "new3", "new4", "new5", "selfmade"} {
		ldif += someone(uid, mail(uid))
	}
	h := newHouse(t, houseOptions{
		slapd: slapdtest.Options{LDIF: ldif},
		duo: duosim.Options{Faults: duosim.Faults{Rules: []duosim.Fault{
			{Name: "lost", Path: "/admin/v1/users/enroll", Nth: 2, Effect: duosim.CutAfter},
			{Name: "late", Path: "/admin/v1/users/enroll", Nth: 4, Effect: duosim.ErrorAfter},
		}}},
		sync: listMapping + ample + "  existing: adopt\nenroll: {email: true, max_per_run: 2}\n",
	})
	h.handUser(duosim.User{Username: "known"})
	mailed := func() []string {
		var names []string
		for _, m := range h.duo.Mails() {
			names = append(names, m.Username)
		}
		slices.Sort(names)
		return names
	}
	r := h.sync()
	if r.report.Summary["enroll_mail"] != 2 || len(mailed()) != 2 {
		t.Errorf("first run: %v, mails to %v", r.report.Summary, mailed())
	}
	h.enroll("selfmade", "+12025550199")
	for range 4 {
		r = h.sync()
		if n := r.report.Summary["enroll_mail"]; n > 2 || r.code == exitError {
			t.Errorf("exit %d, %d mails in one run\n%s", r.code, n, r.err)
		}
	}
	if diff := cmp.Diff([]string{"new1", "new2", "new3", "new4", "new5"}, mailed()); diff != "" {
		t.Errorf("mails (-want +got):\n%s", diff)
	}
	for _, m := range h.duo.Mails() {
		if m.To != m.Username+"@example.org" {
			t.Errorf("the mail for %s went to %s", m.Username, m.To)
		}
	}
	for name, hits := range h.duo.FaultHits() {
		if hits == 0 {
			t.Errorf("the fault %s never struck", name)
		}
	}
	h.silent()
	h.want(0, "no-changes", "--refresh")
	// Who comes back is not mailed again.
	h.ldap.Modify(userDN("new1"), "accountLock", "true")
	h.want(0, "applied")
	h.ldap.Modify(userDN("new1"), "accountLock", "false")
	h.ldap.Modify(userDN("locked"), "accountLock", "false")
	h.want(0, "applied", "--refresh").has(t, "enable new1", "create locked", "enroll_mail locked")
	h.silent()
	if diff := cmp.Diff([]string{"locked", "new1", "new2", "new3", "new4", "new5"}, mailed()); diff != "" {
		t.Errorf("mails (-want +got):\n%s", diff)
	}
}
