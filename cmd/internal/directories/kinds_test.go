package directories_test

import (
	"fmt"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/apachedstest"
	"duosync/ldapsrc/ds389test"
	"duosync/ldapsrc/sambatest"
	"duosync/ldapsrc/slapdtest"
)

// admin is a test's hand in a directory.
type admin interface {
	Do(change func(*ldap.Conn) error)
	Modify(dn, attr string, values ...string)
	Delete(dn string)
	Rename(dn, newRDN, newParent string)
}

// directory is a real server of one kind, and how things are done there.
type directory struct {
	admin
	config            string // the sections ldap and sync.mapping
	users, groups     string // where people and groups are
	left              string // where people are who are no longer selected
	rdn               string // the attribute that people are named by
	person            func(name string, i int) map[string][]string
	group             map[string][]string // attributes of a group, without its members
	lock, unlock      func(d *directory, dn string)
	expire, prolonged func(d *directory, dn string) // nil where the kind knows no expiry
	rename            func(d *directory, dn, name string) (now string)
	// hide takes the right to see who is locked; nil where a server is not told so while
	// it runs.
	hide func(d *directory)
}

// kinds are the kinds of directory that the same life is played on.
func kinds() map[string]func(testing.TB) *directory {
	return map[string]func(testing.TB) *directory{
		"OpenLDAP": openLDAP, "WSO2's ApacheDS": apacheDS, "389": ds389, "FreeIPA's layout": freeIPA, "Samba AD": samba,
	}
}

func section(preset, url, bindDN, password, users, groups, more string) string {
	return fmt.Sprintf("ldap:\n  preset: %s\n  urls: [%q]\n  bind_dn: %q\n  bind_password: %q\n  users: {base_dns: [%q]%s}\n  groups: {base_dns: [%q]}\n",
		preset, url, bindDN, password, users, more, groups)
}

// set gives a hand that sets an attribute; no values remove it.
func set(attribute string, values ...string) func(*directory, string) {
	return func(d *directory, dn string) { d.Modify(dn, attribute, values...) }
}

// renamed gives an entry another name by which it is logged in with.
func renamed(d *directory, dn, name string) string {
	d.Rename(dn, d.rdn+"="+name, "")
	return d.rdn + "=" + name + "," + d.users
}

func inetOrgPerson(classes ...string) func(string, int) map[string][]string {
	return func(name string, i int) map[string][]string {
		return map[string][]string{
			"objectClass": append([]string{"top", "person", "organizationalPerson", "inetOrgPerson"}, classes...),
			"uid":         {name}, "cn": {fmt.Sprintf("Person %d", i)}, "sn": {fmt.Sprint(i)}, "mail": {name + "@example.com"},
		}
	}
}

func openLDAP(t testing.TB) *directory {
	s := slapdtest.Start(t, slapdtest.Options{})
	return &directory{
		admin: s, config: section("openldap", s.URL, slapdtest.ReaderDN, slapdtest.ReaderPassword, slapdtest.UsersDN, slapdtest.GroupsDN, ""),
		users: slapdtest.UsersDN, groups: slapdtest.GroupsDN, left: slapdtest.LeftDN, rdn: "uid",
		person: inetOrgPerson(), group: map[string][]string{"objectClass": {"groupOfNames"}},
		lock: set("pwdAccountLockedTime", "000001010000Z"), unlock: set("pwdAccountLockedTime"), rename: renamed,
		expire: set("pwdEndTime", "20200101000000Z"), prolonged: set("pwdEndTime"),
	}
}

func apacheDS(t testing.TB) *directory {
	s := apachedstest.Start(t, apachedstest.Options{})
	return &directory{
		admin: s, config: section("wso2is", s.URL, apachedstest.ReaderDN, apachedstest.ReaderPassword, apachedstest.UsersDN, apachedstest.GroupsDN, ""),
		users: apachedstest.UsersDN, groups: apachedstest.GroupsDN, left: apachedstest.LeftDN, rdn: "uid",
		person: inetOrgPerson("wso2Person", "scimPerson", "identityPerson"), group: map[string][]string{"objectClass": {"groupOfNames"}},
		lock: set("accountLock", "true"), unlock: set("accountLock", "false"), rename: renamed,
	}
}

func ds389(t testing.TB) *directory {
	s := ds389test.Start(t, ds389test.Options{})
	return &directory{
		admin: s, config: section("389ds", s.URL, s.ReaderDN, ds389test.ReaderPassword, s.UsersDN, s.GroupsDN, ""),
		users: s.UsersDN, groups: s.GroupsDN, left: s.LeftDN, rdn: "uid",
		person: inetOrgPerson(), group: map[string][]string{"objectClass": {"groupOfNames"}},
		lock: set("nsAccountLock", "true"), unlock: set("nsAccountLock"), rename: renamed, hide: hide389(s),
	}
}

// freeIPA is FreeIPA's layout on the server that FreeIPA runs on: users keep their id
// when they are preserved, which is a move.
func freeIPA(t testing.TB) *directory {
	s := ds389test.Start(t, ds389test.Options{Layout: ds389test.FreeIPA()})
	person := inetOrgPerson("ipaObject", "krbTicketPolicyAux")
	return &directory{
		admin: s, config: section("freeipa", s.URL, s.ReaderDN, ds389test.ReaderPassword, s.UsersDN, s.GroupsDN, ""),
		users: s.UsersDN, groups: s.GroupsDN, left: s.LeftDN, rdn: "uid",
		person: func(name string, i int) map[string][]string {
			attrs := person(name, i)
			attrs["ipaUniqueID"] = []string{fmt.Sprintf("7d1c8f5e-ec2f-11f0-9d20-%012x", i)}
			return attrs
		},
		group: map[string][]string{"objectClass": {"groupOfNames"}},
		lock:  set("nsAccountLock", "TRUE"), unlock: set("nsAccountLock", "FALSE"), rename: renamed, hide: hide389(s),
		expire: set("krbPrincipalExpiration", "20200101000000Z"), prolonged: set("krbPrincipalExpiration"),
	}
}

// hide389 has the reader see everything but locks.
func hide389(s *ds389test.Server) func(*directory) {
	return func(d *directory) {
		d.Modify(s.Suffix, "aci", `(targetattr!="nsAccountLock")(version 3.0; acl "reader"; allow (read, search, compare) userdn="ldap:///`+s.ReaderDN+`";)`)
	}
}

func samba(t testing.TB) *directory {
	const enabled, off = "544", "546" // UF_ACCOUNTDISABLE is 2 (MS-ADTS, 2.2.16)
	s := sambatest.Start(t)
	return &directory{
		admin: s, config: section("activedirectory", s.URL, sambatest.ReaderDN, sambatest.ReaderPassword, sambatest.UsersDN, sambatest.GroupsDN, "") +
			"sync:\n  mapping: {username: sAMAccountName}\n",
		users: sambatest.UsersDN, groups: sambatest.GroupsDN, left: sambatest.LeftDN, rdn: "CN",
		person: func(name string, i int) map[string][]string {
			return map[string][]string{
				"objectClass": {"user"}, "sAMAccountName": {name}, "userAccountControl": {enabled},
				"displayName": {fmt.Sprintf("Person %d", i)}, "sn": {fmt.Sprint(i)}, "mail": {name + "@example.com"},
			}
		},
		group: map[string][]string{"objectClass": {"group"}},
		lock:  set("userAccountControl", off), unlock: set("userAccountControl", enabled),
		expire:    set("accountExpires", "132539328000000000"), // 2021, in ticks of 100 ns since 1601
		prolonged: set("accountExpires", "0"),                  // never
		rename: func(d *directory, dn, name string) string {
			d.Modify(dn, "sAMAccountName", name)
			return dn
		},
		hide: func(d *directory) {
			request := ldap.NewModifyRequest(sambatest.OpenGroupDN, nil)
			request.Delete("member", []string{sambatest.AuthenticatedUsers})
			d.Do(func(c *ldap.Conn) error { return c.Modify(request) })
		},
	}
}
