package apachedstest

import (
	"errors"
	"fmt"
	"sync"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/internal/testserver"
)

// Person gives the attributes of generated person i, uid=user0000000 with the
// number i (see [testserver.Person]). ApacheDS, unlike OpenLDAP, refuses telephone
// numbers with anything but digits, blanks and + - ( ).
func Person(i int) map[string][]string {
	attrs := testserver.Person(i)
	attrs["objectClass"] = []string{"top", "person", "organizationalPerson", "inetOrgPerson", "wso2Person", "scimPerson", "identityPerson"}
	attrs["mobile"] = []string{fmt.Sprintf("+1 415 555 %04d", i%10000)}
	return attrs
}

// Locked reports whether generated person i is locked or disabled.
func Locked(i int) bool { return i%50 == 13 || i%50 == 26 }

// UID is the uid of generated person i.
func UID(i int) string { return testserver.UID(i) }

// UserDN is the DN of generated person i.
func UserDN(i int) string { return "uid=" + UID(i) + "," + UsersDN }

// loaders add people side by side, since an add is mostly waiting.
const loaders = 4

func (s *Server) addPeople(n int) {
	s.t.Helper()
	s.Do(func(c *ldap.Conn) error {
		errs := make([]error, loaders)
		var wg sync.WaitGroup
		for worker := range loaders {
			wg.Go(func() {
				for i := worker; i < n && errs[worker] == nil; i += loaders {
					errs[worker] = testserver.Add(c, UserDN(i), Person(i))
				}
			})
		}
		wg.Wait()
		return errors.Join(errs...)
	})
}

func (s *Server) addSkeleton() {
	s.t.Helper()
	s.Do(func(c *ldap.Conn) error {
		err := testserver.Add(c, Suffix, map[string][]string{"objectClass": {"domain", "top"}, "dc": {"WSO2"}})
		for _, unit := range []string{"System", "Users", "Groups", "Left"} {
			err = errors.Join(err, testserver.Add(c, "ou="+unit+","+Suffix, map[string][]string{"objectClass": {"organizationalUnit", "top"}, "ou": {unit}}))
		}
		return errors.Join(err, testserver.Add(c, ReaderDN, map[string][]string{
			"objectClass": {"top", "account", "simpleSecurityObject"}, "uid": {"reader"}, "userPassword": {ReaderPassword},
		}))
	})
}
