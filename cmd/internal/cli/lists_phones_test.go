package cli

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"duosync/duo/duosim"
	"duosync/ldapsrc/slapdtest"
)

// TestConnectorCases goes through what WSO2's own connector got wrong: a number
// that is there at create, comes later, changes or goes. The device that the
// person has enrolled stays in all of them, also where the directory says its
// number.
func TestConnectorCases(t *testing.T) {
	const first, second, own = "+12025550101", "+12025550102", "+12025550199"
	for on, want := range map[string]struct{ later, changed, own, empty, back string }{
		"always": {later: " [" + first + "]", changed: " [" + second + " " + own + "]", own: " [" + own + "]", empty: " [" + own + "]", back: " [" + first + " " + own + "]"},
		"create": {changed: " [" + first + " " + own + "]", own: " [" + first + " " + own + "]", empty: " [" + first + " " + own + "]", back: " [" + first + " " + own + "]"},
	} {
		t.Run(on, func(t *testing.T) {
			h := newHouse(t, houseOptions{
				slapd: slapdtest.Options{LDIF: someone("with", "mobile="+first) + someone("without")},
				sync:  listMapping + ample + "  phones: {on: " + on + "}\n",
			})
			step := func(what string, lines ...string) {
				t.Helper()
				if r := h.sync(); r.code != 0 {
					t.Fatalf("%s: exit %d\n%s", what, r.code, brief(r.out))
				}
				h.shows(lines...)
				h.silent()
				if t.Failed() {
					t.Fatal(what)
				}
			}
			mobile := func(uid string, numbers ...string) { h.ldap.Modify(userDN(uid), "mobile", numbers...) }

			step("new at create", "with active ["+first+"]", "without active")
			device := h.enroll("with", own)
			mobile("without", "+1 202 555-0103")
			later := ""
			if on == "always" {
				later = " [+12025550103]"
			}
			step("new later", "with active ["+first+" "+own+"]", "without active"+later)
			mobile("with", "(202) 555-0102")
			step("changed", "with active"+want.changed, "without active"+later)
			mobile("with", own)
			step("the number of the person's own device", "with active"+want.own, "without active"+later)
			mobile("with")
			step("empty", "with active"+want.empty, "without active"+later)
			mobile("with", first)
			step("back", "with active"+want.back, "without active"+later)

			device.Users = []string{h.user("with").ID}
			i := slices.IndexFunc(h.duo.Snapshot().Phones, func(p duosim.Phone) bool { return p.ID == device.ID })
			if i < 0 || fmt.Sprint(h.duo.Snapshot().Phones[i]) != fmt.Sprint(device) {
				t.Errorf("the person's own device has changed: %+v", h.duo.Snapshot().Phones)
			}
			for _, p := range h.duo.Snapshot().Phones {
				if len(p.Users) == 0 {
					t.Errorf("the phone %s is left without anybody", p.Number)
				}
			}
		})
	}
}

// TestLimitsAreToldBeforeACall meets Duo's one-to-many limits: each is told by
// name, all that fits is done, and Duo is never asked for more than it holds.
func TestLimitsAreToldBeforeACall(t *testing.T) {
	const shared, fresh = "+12025550177", "+12025550178"
	h := newHouse(t, houseOptions{
		slapd: slapdtest.Options{LDIF: someone("joiner") + someone("mover") + someone("caller") + someone("sharer1") + someone("sharer2") +
			group("staff", userDN("mover")) + group("lab", userDN("nobody"))},
		sync: listMapping + ample + "  phones: {on: always, taken: share}\n  groups: {mirror: [staff, lab]}\n",
	})
	h.want(0, "applied")

	var groups []string
	for i := range 99 {
		groups = append(groups, h.handGroup(fmt.Sprintf("hand%02d", i), "active").ID)
	}
	h.change("joiner", func(u *duosim.User) { u.Groups = append(u.Groups, groups...) })
	h.change("mover", func(u *duosim.User) { u.Groups = append(u.Groups, groups...) })
	caller := h.user("caller")
	for i := range 99 {
		h.handPhone(duosim.Phone{Number: fmt.Sprintf("+120255510%02d", i), Users: []string{caller.ID}})
	}
	var users []string
	for i := range 99 {
		users = append(users, h.handUser(duosim.User{Username: fmt.Sprintf("other%02d", i)}).ID)
	}
	h.handPhone(duosim.Phone{Number: shared, Users: users})

	h.ldap.Modify(groupDN("staff"), "member", userDN("joiner"))
	h.ldap.Modify(groupDN("lab"), "member", userDN("joiner"), userDN("mover"))
	h.ldap.Modify(userDN("caller"), "mobile", "+1 202 555 0111", "+1 202 555 0112")
	h.ldap.Modify(userDN("sharer1"), "mobile", shared)
	h.ldap.Modify(userDN("sharer2"), "mobile", shared)
	h.duo.ResetCalls()
	r := h.sync()
	if r.code != 4 || r.report.Outcome != "applied" {
		t.Errorf("exit %d, %s: %q", r.code, r.report.Outcome, r.failures())
	}
	if n := h.codes(50001); n > 0 {
		t.Errorf("%d calls were answered with 500/50001", n)
	}
	told := func(r result) {
		t.Helper()
		for username, part := range map[string]string{"joiner": "100 groups", "caller": "100 phones", "sharer2": "100 users"} {
			if reason := r.conflict(username); !strings.Contains(reason, part) && !strings.Contains(reason, "has "+part) {
				t.Errorf("%s: %q does not tell of %s", username, reason, part)
			}
		}
	}
	told(r)
	if n := len(h.user("joiner").Groups); n != 100 {
		t.Errorf("joiner is in %d groups", n)
	}
	if mover := lines(h.duo.Snapshot()); !slices.ContainsFunc(mover, func(line string) bool {
		return strings.HasPrefix(line, "mover ") && strings.Contains(line, " lab") && !strings.Contains(line, "staff")
	}) {
		t.Errorf("mover did not go from one group to the other, which there is room for")
	}
	if n := len(h.user("caller").Phones); n != 100 {
		t.Errorf("caller has %d phones", n)
	}
	if len(h.user("sharer1").Phones) != 1 || len(h.user("sharer2").Phones) != 0 {
		t.Errorf("the shared phone: %v and %v", h.user("sharer1").Phones, h.user("sharer2").Phones)
	}
	h.duo.ResetCalls()
	r = h.want(0, "no-changes")
	told(r)
	if calls := h.duo.Calls(); len(calls) > 0 {
		t.Errorf("what was told is asked for again: %+v", calls)
	}

	// Room is made: the next look at all of Duo brings in the rest.
	h.change("joiner", func(u *duosim.User) { u.Groups = u.Groups[1:] })
	h.change("other00", func(u *duosim.User) { u.Phones = nil })
	h.want(0, "applied", "--refresh")
	if len(h.user("joiner").Groups) != 100 || len(h.user("sharer2").Phones) != 1 {
		t.Errorf("after room was made: %v, %v", h.user("joiner").Groups, h.user("sharer2").Phones)
	}

	// Where Duo says 500/50001 all the same, it is not asked again.
	if err := h.duo.AddFault(duosim.Fault{Name: "full", Method: "POST", Path: "/admin/v1/users/*/phones", Effect: duosim.Error50001}); err != nil {
		t.Fatal(err)
	}
	h.ldap.Modify(userDN("mover"), "mobile", fresh)
	h.duo.ResetCalls()
	h.want(4, "partial")
	if n := h.codes(50001); n != 1 {
		t.Errorf("500/50001 was met %d times", n)
	}
	h.duo.ResetCalls()
	r = h.want(0, "no-changes")
	if calls := h.duo.Calls(); len(calls) > 0 || !strings.Contains(r.conflict("mover"), "limit") {
		t.Errorf("after a limit that Duo told: %q, %+v", r.conflict("mover"), calls)
	}
}
