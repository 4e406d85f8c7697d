package cli

import (
	"fmt"
	"slices"
	"testing"

	"duosync/ldapsrc/slapdtest"
)

// TestLockOutsideIsHidden: somebody is locked outside of a narrowed filter, and disabled for it. The
// right to read that lock is lost before the filter is put back: nobody is let in for it, also
// where another lock is seen still. Once it can be read again, all is as the directory says.
func TestLockOutsideIsHidden(t *testing.T) {
	t.Parallel()
	for _, others := range []bool{false, true} {
		t.Run(fmt.Sprintf("others are locked: %v", others), func(t *testing.T) {
			t.Parallel()
			server := slapdtest.Start(t, slapdtest.Options{People: 6})
			all, narrow := "filter: (objectClass=identityPerson)", "filter: (&(objectClass=identityPerson)(!(uid="+slapdtest.UID(0)+")))"
			h := newHouse(t, houseOptions{ldap: fmt.Sprintf("ldap: {preset: openldap, urls: [%q], bind_dn: %q, bind_password: %q, users: {base_dns: [%q], %s}}",
				server.URL, slapdtest.ReaderDN, bindPassword, slapdtest.UsersDN, all)})
			lock := func(i int) { server.Modify(slapdtest.UserDN(i), "pwdAccountLockedTime", "000001010000Z") }
			step := func(what string, code int, operations ...string) {
				t.Helper()
				r := h.sync()
				var got []string
				for _, o := range r.report.Operations {
					got = append(got, o.Action+" "+o.Username+" "+o.Result)
				}
				if r.code != code || !slices.Equal(got, operations) {
					t.Fatalf("%s: exit %d, %q; want %d, %q\n%s", what, r.code, got, code, operations, r.out)
				}
			}
			if others {
				lock(1)
			}
			if r := h.sync(); r.code != 0 {
				t.Fatalf("exit %d\n%s", r.code, r.out)
			}
			h.edit(all, narrow)
			lock(0)
			step("locked outside", 3, "disable "+slapdtest.UID(0)+" applied")
			server.Allow(fmt.Sprintf("access to dn.base=%q attrs=pwdAccountLockedTime by * none\n", slapdtest.UserDN(0)))
			step("hidden outside", 3)
			h.edit(narrow, all)
			step("hidden, in scope again", 3, "enable "+slapdtest.UID(0)+" held")
			step("once more", 3, "enable "+slapdtest.UID(0)+" held")
			server.Allow("")
			step("seen again", 0)
		})
	}
}
