package ldapsrc_test

import (
	"fmt"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc"
	"duosync/ldapsrc/conn"
	"duosync/ldapsrc/ds389test"
	"duosync/ldapsrc/sambatest"
	"duosync/ldapsrc/schema"
)

// productTrouble is one of an account at a server of some kind.
type productTrouble struct {
	name  string
	set   func(dn string) // to the account, or the server
	tries int             // wrong passwords before
	words string
	hint  string
	heal  func(dn string)
}

// What Active Directory, or Samba in its place, says of an account is told, and the
// remedy lets it in.
func TestAdviceOnActiveDirectory(t *testing.T) {
	t.Parallel()
	s := sambatest.Start(t)
	modify := func(attribute string, values ...string) func(string) {
		return func(dn string) { s.Modify(dn, attribute, values...) }
	}
	const password, normal, never = sambatest.ReaderPassword, "512", "0"
	read := func(dn, password string, change func(*ldapsrc.Options)) error {
		opts := ldapsrc.Options{
			Servers:    conn.Servers{URLs: []string{s.URL}, BindDN: dn, BindPassword: password},
			Users:      ldapsrc.Users{Bases: []string{sambatest.BuiltinDN}},
			Attributes: []string{"sAMAccountName"}, Preset: schema.ActiveDirectory,
		}
		if change != nil {
			change(&opts)
		}
		_, _, err := readAll(t, newSource(t, opts))
		return err
	}
	s.Modify(sambatest.Suffix, "lockoutThreshold", "2")
	for _, x := range []productTrouble{
		{"off", modify("userAccountControl", "514"), 0, "data 533", "is disabled: enable it", modify("userAccountControl", normal)},
		{"ended", modify("accountExpires", "116444736000000001"), 0, "data 701", "has expired: give it an end to come", modify("accountExpires", never)},
		{"fresh", modify("pwdLastSet", "0"), 0, "data 773", "must change its password first", modify("pwdLastSet", "-1")},
		{"hours", modify("logonHours", string(make([]byte, 21))), 0, "data 530", "let it at any (logonHours)", modify("logonHours")},
		{"places", modify("userWorkstations", "elsewhere"), 0, "data 531", "let it from here (userWorkstations)", modify("userWorkstations")},
		{"locked", modify("description", "x"), 3, "data 775", "is locked out: unlock it", modify("lockoutTime", "0")},
	} {
		t.Run(x.name, func(t *testing.T) {
			s.AddAccount(x.name, password)
			dn := "CN=" + x.name + "," + sambatest.BuiltinDN
			x.set(dn)
			for range x.tries {
				wantError(t, read(dn, "wrong-pw", nil), "LDAP code 49", "")
			}
			wantError(t, read(dn, password, nil), x.words, x.hint)
			x.heal(dn)
			if err := read(dn, password, nil); err != nil {
				t.Errorf("after the remedy: %v", err)
			}
		})
	}
	for name, x := range map[string]struct {
		dn, password string
		change       func(*ldapsrc.Options)
		words, hint  string
	}{
		"wrong password":  {sambatest.ReaderDN, "wrong-pw", nil, "data 52e", "the account or its password is wrong"},
		"nobody":          {"", "", nil, "LDAP code 1)", "set ldap.bind_dn and ldap.bind_password"},
		"plain to TLS":    {sambatest.ReaderDN, password, func(o *ldapsrc.Options) { o.URLs = []string{"ldap://127.0.0.1:636"} }, "speaks TLS on this port", "use ldaps://127.0.0.1:636"},
		"TLS to plain":    {sambatest.ReaderDN, password, func(o *ldapsrc.Options) { o.URLs = []string{"ldaps://127.0.0.1:389"} }, "but plain LDAP", "with ldap.start_tls: true"},
		"base":            {sambatest.ReaderDN, password, func(o *ldapsrc.Options) { o.Users.Bases = []string{"OU=Nowhere," + sambatest.Suffix} }, "LDAP code 32)", "check ldap.users.base_dns"},
		"base of another": {sambatest.ReaderDN, password, func(o *ldapsrc.Options) { o.Users.Bases = []string{"DC=example,DC=org"} }, "LDAP code 32)", "check ldap.users.base_dns"},
	} {
		t.Run(name, func(t *testing.T) { wantError(t, read(x.dn, x.password, x.change), x.words, x.hint) })
	}
}

// What 389 Directory Server says of an account is told, with its limits by their names.
func TestAdviceOn389(t *testing.T) {
	t.Parallel()
	s := ds389test.Start(t, ds389test.Options{})
	modify := func(attribute string, values ...string) func(string) {
		return func(dn string) { s.Modify(dn, attribute, values...) }
	}
	global := func(attribute string, values ...string) func(string) {
		return func(string) { s.Modify("cn=config", attribute, values...) }
	}
	const password = ds389test.ReaderPassword
	s.Do(func(c *ldap.Conn) error {
		for i := range 30 {
			request := ldap.NewAddRequest(fmt.Sprintf("uid=p%d,%s", i, s.UsersDN), nil)
			for name, value := range map[string]string{"objectClass": "inetOrgPerson", "cn": "x", "sn": "x"} {
				request.Attribute(name, []string{value})
			}
			if err := c.Add(request); err != nil {
				return err
			}
		}
		return nil
	})
	read := func(dn, password string) error {
		_, _, err := readAll(t, newSource(t, ldapsrc.Options{
			Servers: conn.Servers{URLs: []string{s.URL}, BindDN: dn, BindPassword: password, PageSize: 10},
			Users:   ldapsrc.Users{Bases: []string{s.UsersDN}}, Attributes: []string{"uid"}, Preset: schema.DS389,
		}))
		return err
	}
	account := func(name string) string {
		dn := "uid=" + name + ",ou=system," + s.Suffix
		s.Add(dn, map[string][]string{"objectClass": {"account", "simpleSecurityObject"}, "uid": {name}, "userPassword": {password}})
		return dn
	}
	global("passwordMaxFailure", "2")("")
	for _, x := range []productTrouble{
		{"inactive", modify("nsAccountLock", "true"), 0, "LDAP code 53)", "is inactivated: activate it", modify("nsAccountLock")},
		{"locked", global("passwordLockout", "on"), 2, "LDAP code 19)", "is locked out after wrong passwords: unlock it", modify("accountUnlockTime", "20200101000000Z")},
		{"ended", func(dn string) {
			global("passwordExp", "on")(dn)
			modify("passwordExpirationTime", "20200101000000Z")(dn)
		}, 0, "LDAP code 49)|password expired", "the password of ldap.bind_dn has expired", modify("passwordExpirationTime", "20900101000000Z")},
		{"fresh", func(dn string) {
			s.Delete(dn)
			global("passwordMustChange", "on")(dn)
			account("fresh")
		}, 0, "LDAP code 53)", "must change its password first", modify("passwordExpirationTime", "20900101000000Z")},
	} {
		t.Run(x.name, func(t *testing.T) {
			dn := account(x.name)
			x.set(dn)
			for range x.tries {
				wantError(t, read(dn, "wrong-pw"), "LDAP code 49", "")
			}
			wantError(t, read(dn, password), x.words, x.hint)
			x.heal(dn)
			if err := read(dn, password); err != nil {
				t.Errorf("after the remedy: %v", err)
			}
		})
	}
	for _, limit := range []string{"nsPagedLookThroughLimit", "nsLookThroughLimit"} {
		t.Run(limit, func(t *testing.T) {
			s.Modify(s.ReaderDN, "nsPagedLookThroughLimit")
			s.Modify(s.ReaderDN, limit, "5")
			wantError(t, read(s.ReaderDN, password), "LDAP code ", limit)
			s.Modify(s.ReaderDN, limit, "-1")
			if err := read(s.ReaderDN, password); err != nil {
				t.Errorf("after the remedy: %v", err)
			}
		})
	}
	t.Run("nobody", func(t *testing.T) {
		s.Modify("cn=config", "nsslapd-allow-anonymous-access", "off")
		wantError(t, read("", ""), "LDAP code 48)", "set ldap.bind_dn and ldap.bind_password")
	})
	t.Run("plain", func(t *testing.T) { // the last one: nothing can be changed after it
		s.Modify("cn=config", "nsslapd-require-secure-binds", "on")
		wantError(t, read(s.ReaderDN, password), "LDAP code 13)", "ldap.start_tls: true")
	})
}
