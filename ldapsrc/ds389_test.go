package ldapsrc_test

import (
	"fmt"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc"
	"duosync/ldapsrc/conn"
	"duosync/ldapsrc/ds389test"
	"duosync/ldapsrc/internal/testserver"
	"duosync/ldapsrc/schema"
)

// The limits of a 389 Directory Server on paged searches hide in the account. A limit on
// what a search gives is got round by parts, one on what it looks at is an error that
// names it.
func TestLimitsOf389(t *testing.T) {
	t.Parallel()
	const people, limit = 130, 50
	s := ds389test.Start(t, ds389test.Options{PagedSizeLimit: limit})
	s.Do(func(c *ldap.Conn) error {
		for i := range people {
			name := fmt.Sprintf("person%03d", i)
			err := testserver.Add(c, "uid="+name+","+s.UsersDN, map[string][]string{
				"objectClass": {"inetOrgPerson"}, "uid": {name}, "cn": {fmt.Sprint(i, " Person")}, "sn": {"P"},
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	for _, id := range []string{"nsUniqueId", "uid"} {
		for _, page := range []int{7, 50, 1000} {
			src := newSource(t, ldapsrc.Options{
				Servers: conn.Servers{URLs: []string{s.URL}, BindDN: s.ReaderDN, BindPassword: ds389test.ReaderPassword, PageSize: page},
				Users:   ldapsrc.Users{Bases: []string{s.UsersDN}, IDAttribute: id}, Attributes: []string{"uid", "cn"}, Preset: schema.DS389,
			})
			read, info, err := readAll(t, src)
			if cut := info.CutAt > 0; err != nil || len(read) != people || cut != (page > 7) { // it bounds each page
				t.Errorf("%s, pages of %d: %d people, cut off at %d: %v", id, page, len(read), info.CutAt, err)
			}
		}
	}
	s.Modify(s.ReaderDN, "nsPagedSizeLimit", "-1")
	s.Modify(s.ReaderDN, "nsPagedLookThroughLimit", "20")
	_, _, err := readAll(t, newSource(t, ldapsrc.Options{
		Servers: conn.Servers{URLs: []string{s.URL}, BindDN: s.ReaderDN, BindPassword: ds389test.ReaderPassword},
		Users:   ldapsrc.Users{Bases: []string{s.UsersDN}}, Preset: schema.DS389,
	}))
	wantError(t, err, "LDAP code 11", "nsPagedLookThroughLimit")
}
