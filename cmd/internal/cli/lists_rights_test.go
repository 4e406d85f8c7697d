package cli

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"duosync/ldapsrc/slapdtest"
)

// TestRightsThatVanish takes from the bind account the right to see an
// attribute: for all the world nobody has a phone, an address or a lock any more.
// That is held, whatever the floor; nothing is cleared, nobody is let in.
func TestRightsThatVanish(t *testing.T) {
	ldif := gates("mobile", "mail", "lock")
	for i := range 4 {
		uid := fmt.Sprintf("plain%d", i)
		ldif += someone(uid, "mail="+uid+"@example.org", fmt.Sprintf("mobile=+1202555010%d", i))
	}
	h := newHouse(t, houseOptions{
		slapd: slapdtest.Options{
			LDIF:   ldif + someone("locked", "accountLock=true", "mail=l@example.org") + someone("disabled", "accountDisabled=TRUE"),
			Access: gate("attrs=mobile", "mobile") + gate("attrs=mail", "mail") + gate("attrs=accountLock,accountDisabled,unlockTime", "lock"),
		},
		sync: listMapping + ample + "  phones: {on: always}\n",
	})
	h.want(0, "applied")
	h.ldap.Modify(userDN("plain3"), "accountLock", "TRUE")
	h.want(0, "applied").has(t, "disable plain3")
	before := h.duo.Snapshot()
	for _, c := range []struct {
		name, attribute string
		gates           []string
	}{
		{"the phones", "mobile", []string{"mobile"}},
		{"the addresses", "mail", []string{"mail"}},
		{"the locks", "accountlock", []string{"lock"}},
		{"everything", "mobile", []string{"mobile", "mail", "lock"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.t = t
			for _, g := range c.gates {
				h.open(g, false)
			}
			h.hire("new-"+c.attribute, "accountLock=true", "mail=new@example.org", "mobile=+12025550150")
			h.writes()
			for _, args := range [][]string{nil, {"--refresh"}} {
				r := h.want(3, "held", args...)
				if !strings.Contains(r.out, `"min_attribute"`) || !strings.Contains(strings.ToLower(r.out), c.attribute) {
					t.Errorf("what holds is not told: %+v", r.report.Guards)
				}
				if n := h.writes(); n > 0 {
					t.Errorf("%d writes while held", n)
				}
				if diff := cmp.Diff(before, h.duo.Snapshot()); diff != "" {
					t.Fatalf("Duo has changed:\n%s", diff)
				}
			}
			for _, g := range c.gates {
				h.open(g, true)
			}
			h.want(0, "no-changes")
			h.ldap.Delete(userDN("new-" + c.attribute))
			h.silent()
		})
	}
	if slices.ContainsFunc(lines(h.duo.Snapshot()), func(line string) bool { return strings.HasPrefix(line, "new-") }) {
		t.Error("somebody was made who is locked")
	}
}
