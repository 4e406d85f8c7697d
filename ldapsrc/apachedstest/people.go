package apachedstest

import (
	"errors"
	"fmt"
	"sync"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/internal/ldapadmin"
)

// Person gives the attributes of generated person i, uid=user0000000 with the
// number i: the same for the same i, with names in several scripts, a lock in
// every spelling, people without mail or with two addresses. ApacheDS, unlike
// OpenLDAP, refuses telephone numbers with anything but digits, blanks and
// + - ( ).
func Person(i int) map[string][]string {
	given := pick(i, "Anna", "Ravi", "Zoë", "Łukasz", "李", "O'Neill", "Jean-Luc", "Fatima")
	family := pick(i/8, "Silva", "Perera", "Müller", `Smith, "J."`, "van der Berg", "d'Arc", "Kumar")
	attrs := map[string][]string{
		"objectClass": {"top", "person", "organizationalPerson", "inetOrgPerson", "wso2Person", "scimPerson", "identityPerson"},
		"uid":         {UID(i)},
		"cn":          {given + " " + family},
		"sn":          {family},
		"givenName":   {given},
		"scimId":      {fmt.Sprintf("5c1d0000-0000-4000-8000-%012x", i)},
		"mobile":      {fmt.Sprintf("+1 415 555 %04d", i%10000)},
	}
	switch i % 20 {
	case 7: // without mail
	case 11:
		attrs["mail"] = []string{UID(i) + "@example.com", UID(i) + "@example.org"}
	default:
		attrs["mail"] = []string{UID(i) + "@example.com"}
	}
	switch i % 50 {
	case 13:
		attrs["accountLock"] = []string{pick(i/50, "true", "TRUE", "True")}
	case 26:
		attrs["accountDisabled"] = []string{"true"}
	case 39:
		attrs["accountLock"] = []string{"false"}
	}
	return attrs
}

// Locked reports whether generated person i is locked or disabled.
func Locked(i int) bool { return i%50 == 13 || i%50 == 26 }

// UID is the uid of generated person i.
func UID(i int) string { return fmt.Sprintf("user%07d", i) }

// UserDN is the DN of generated person i.
func UserDN(i int) string { return "uid=" + UID(i) + "," + UsersDN }

func pick(i int, choices ...string) string { return choices[i%len(choices)] }

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
					errs[worker] = ldapadmin.Add(c, UserDN(i), Person(i))
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
		err := ldapadmin.Add(c, Suffix, map[string][]string{"objectClass": {"domain", "top"}, "dc": {"WSO2"}})
		for _, unit := range []string{"System", "Users", "Groups", "Left"} {
			err = errors.Join(err, ldapadmin.Add(c, "ou="+unit+","+Suffix, map[string][]string{"objectClass": {"organizationalUnit", "top"}, "ou": {unit}}))
		}
		return errors.Join(err, ldapadmin.Add(c, ReaderDN, map[string][]string{
			"objectClass": {"top", "account", "simpleSecurityObject"}, "uid": {"reader"}, "userPassword": {ReaderPassword},
		}))
	})
}
