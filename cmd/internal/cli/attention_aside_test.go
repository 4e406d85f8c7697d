package cli

import (
	"net/http"
	"strings"
	"testing"

	"duosync/duo/duosim"
	"duosync/ldapsrc/slapdtest"
)

// TestOthersStayInSight: what is about some people only, or beside the runs, calls nothing well
// that a run over all people has found and that nobody has settled: each kind by itself.
func TestOthersStayInSight(t *testing.T) {
	ldif := func(people ...string) string {
		for i := range 10 {
			people = append(people, someone(plain(i), "mail="+plain(i)+"@x.org"))
		}
		return strings.Join(people, "")
	}
	for name, test := range map[string]struct {
		ldif, sync string
		open       func(*house)
		code       int
		says       string
	}{
		"a lock that can't be read": {ldif(), ample, func(h *house) { h.ldap.Modify(userDN(plain(1)), "accountLock", "maybe") }, 4, "1 person needs attention"},
		"a refused disable": {ldif(), ample, func(h *house) {
			h.want(0, "applied")
			if err := h.duo.AddFault(duosim.Fault{Name: "refused", Method: http.MethodPost, Path: "/admin/v1/users/" + h.user(plain(1)).ID, Effect: duosim.Refuse, Code: 40002}); err != nil {
				t.Fatal(err)
			}
			h.ldap.Modify(userDN(plain(1)), "accountLock", "true")
		}, 4, "1 person needs attention"},
		"two claim a name": {ldif(someone("twin", "employeeNumber=same"), someone("other", "employeeNumber=same")), "  mapping: {username: 'employeeNumber ?? uid'}\n" + ample, func(*house) {}, 4, "2 people need attention"},
		"a whole run is held": {ldif(), "", func(h *house) {
			h.want(0, "applied")
			for i := 1; i < 8; i++ {
				h.ldap.Delete(userDN(plain(i)))
			}
		}, 3, "the last run over all people is held (max_remove"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: test.ldif}, sync: test.sync})
			test.open(h)
			if r := h.run("sync"); r.code != test.code {
				t.Fatalf("exit %d\n%s%s", r.code, r.out, r.err)
			}
			for _, args := range [][]string{{"undo", "last"}, {"sync", "--only", plain(9)}, {"history", "last"}, {"rebuild"}, {"rebuild", "--write"}, {"history", "last"}} {
				r := h.run(args...)
				text := strings.Join(strings.Fields(r.out), " ")
				if found := praises(text); len(found) > 0 || !strings.Contains(text, test.says) {
					t.Errorf("%q says %q, want %q in\n%s%s", args, found, test.says, r.out, r.err)
				}
			}
			if test.code == exitHeld {
				contains(t, h.run("due").out, "HELD", "max_remove")
				if r := h.run("check"); len(praises(r.out)) > 0 {
					t.Errorf("check says\n%s", r.out)
				}
			}
		})
	}
}
