// Package ds389test runs a private 389 Directory Server for tests, the server that Red
// Hat's directory products and FreeIPA are made of: on loopback, with its files in a
// temporary directory, and nothing of it in /etc. It ends with the test.
package ds389test

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // the form in which the server takes a password
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/internal/testserver"
)

// Where a started server keeps what.
const (
	AdminDN        = "cn=Directory Manager" // no limits apply
	AdminPassword  = "admin-pw"
	ReaderPassword = "reader-pw"
)

// Layout says where people and groups are, and what the server knows of them.
type Layout struct {
	Suffix, UsersDN, GroupsDN string
	LeftDN                    string // under the suffix, outside the users' base
	ReaderDN                  string // may read everything; limits apply
	schema                    string // beside the server's own, in its form
}

// Plain is a directory as 389's own tools make it.
func Plain() Layout {
	const suffix = "dc=example,dc=com"
	return Layout{
		Suffix: suffix, UsersDN: "ou=people," + suffix, GroupsDN: "ou=groups," + suffix, LeftDN: "ou=left," + suffix,
		ReaderDN: "uid=reader,ou=system," + suffix,
	}
}

// FreeIPA is the layout of a FreeIPA server: people and groups below cn=accounts, with
// ids of their own, and those who are only preserved elsewhere.
func FreeIPA() Layout {
	const suffix = "dc=ipa,dc=test"
	return Layout{
		Suffix: suffix, UsersDN: "cn=users,cn=accounts," + suffix, GroupsDN: "cn=groups,cn=accounts," + suffix,
		LeftDN: "cn=deleted users,cn=accounts,cn=provisioning," + suffix, ReaderDN: "uid=reader,cn=sysaccounts,cn=etc," + suffix,
		schema: ipaSchema,
	}
}

// ipaSchema is what of FreeIPA's schema (install/share/60basev2.ldif) the tests need. The
// server has the Kerberos classes itself (60kerberos.ldif).
const ipaSchema = `attributeTypes: (2.16.840.1.113730.3.8.3.1 NAME 'ipaUniqueID' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE)
attributeTypes: (2.16.840.1.113719.1.301.4.42.1 NAME 'krbPrincipalExpiration' EQUALITY generalizedTimeMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE)
objectClasses: (2.16.840.1.113730.3.8.4.1 NAME 'ipaObject' AUXILIARY MUST ipaUniqueID)
objectClasses: (2.16.840.1.113719.1.301.6.8.2 NAME 'krbTicketPolicyAux' AUXILIARY MAY krbPrincipalExpiration)
`

// Options say how a server starts. The zero value is Plain with no people.
type Options struct {
	Layout Layout // the zero value is Plain
	// PagedSizeLimit is the most entries that a page gives the reader (nsPagedSizeLimit):
	// a search in larger pages is ended. 0 is without limit.
	PagedSizeLimit int
}

// Server is a running 389 Directory Server.
type Server struct {
	testserver.Admin // changes entries, without any limit
	Layout

	URL string

	t       testing.TB
	opts    Options
	process *testserver.Process
}

const (
	slapd    = "/usr/sbin/ns-slapd"
	template = "/usr/share/dirsrv/data/template-dse.ldif"
	config   = "/etc/dirsrv/config"
)

// Start starts a server with its suffix and the containers of its layout, and ends it
// with the test. Without 389 Directory Server the test fails: nothing stands in for it.
func Start(t testing.TB, opts Options) *Server {
	t.Helper()
	for _, path := range []string{slapd, template, config} {
		if _, err := os.Stat(path); err != nil {
			t.Fatalf("these tests need a real 389 Directory Server: apt-get install 389-ds-base (%v)", err)
		}
	}
	if opts.Layout.Suffix == "" {
		opts.Layout = Plain()
	}
	s := &Server{t: t, opts: opts, Layout: opts.Layout, process: testserver.NewProcess(t)}
	s.Admin = testserver.Admin{T: t, Server: s.process, DN: AdminDN, Password: AdminPassword}
	for _, dir := range []string{"conf", "conf/schema", "db", "lock", "tmp", "cert", "ldif", "bak", "run", "inst", "log"} {
		if err := os.Mkdir(s.process.Path(dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"slapd-collations.conf", "certmap.conf"} {
		data, err := os.ReadFile(config + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		s.process.Write("conf/"+name, data)
	}
	s.process.Write("conf/schema/98test.ldif", []byte("dn: cn=schema\n"+opts.Layout.schema))
	s.process.Write("conf/schema/99user.ldif", []byte("dn: cn=schema\n"))
	s.process.Launch(5, func() error {
		s.configure()
		cmd := exec.CommandContext(t.Context(), slapd, "-D", s.process.Path("conf"), "-i", s.process.Path("run/pid"), "-d", "0")
		return s.process.Run(cmd, s.answers, time.Minute, 20*time.Millisecond)
	})
	s.URL = s.process.URL()
	s.addSuffix()
	return s
}

func (s *Server) answers() error {
	c, err := s.Dial()
	if err != nil {
		return err
	}
	return c.Close()
}

// configure fills in the server's own template, as its setup does.
func (s *Server) configure() {
	s.t.Helper()
	me, err := user.Current()
	if err != nil {
		s.t.Fatal(err)
	}
	data, err := os.ReadFile(template)
	if err != nil {
		s.t.Fatal(err)
	}
	salt := []byte("unsalted")
	digest := sha1.Sum(append([]byte(AdminPassword), salt...)) //nolint:gosec // as above
	values := map[string]string{
		"rootdn": AdminDN, "ds_passwd": "{SSHA}" + base64.StdEncoding.EncodeToString(append(digest[:], salt...)),
		"ds_port": fmt.Sprint(s.process.Port), "ds_user": me.Username, "ds_suffix": s.Suffix, "fqdn": "localhost", "db_lib": "bdb",
		"ldapi_enabled": "off", "ldapi_autobind": "off", "ldapi": s.process.Path("run/socket"),
		"schema_dir": s.process.Path("conf/schema"), "config_dir": s.process.Path("conf"), "db_home_dir": s.process.Path("db"),
	}
	for _, dir := range []string{"lock", "tmp", "cert", "ldif", "bak", "run", "inst", "log", "db"} {
		values[dir+"_dir"] = s.process.Path(dir)
	}
	for name, value := range values {
		data = bytes.ReplaceAll(data, []byte("%"+name+"%"), []byte(value))
	}
	text := strings.Replace(string(data), "\ncn: config\n", "\ncn: config\nnsslapd-listenhost: 127.0.0.1\n", 1)
	// Of its plug-ins two are off until somebody wants them: memberOf, and the numbers by
	// which two changes of one second differ.
	for _, plugin := range []string{"MemberOf Plugin", "USN"} {
		start := "\ndn: cn=" + plugin + ",cn=plugins,cn=config\n"
		head, tail, found := strings.Cut(text, start)
		entry, others, more := strings.Cut(tail, "\n\n")
		on := strings.Replace(entry, "nsslapd-pluginenabled: off", "nsslapd-pluginenabled: on", 1)
		if !found || !more || on == entry {
			s.t.Fatalf("%s has no plug-in %s that is off", template, plugin)
		}
		text = head + start + on + "\n\n" + others
	}
	s.process.Write("conf/dse.ldif", []byte(text))
}

// addSuffix adds a database, the suffix and what is above people and groups.
func (s *Server) addSuffix() {
	s.t.Helper()
	s.Do(func(c *ldap.Conn) error {
		entries := []struct {
			dn    string
			attrs map[string][]string
		}{
			{"cn=userroot,cn=ldbm database,cn=plugins,cn=config", map[string][]string{
				"objectClass": {"extensibleObject", "nsBackendInstance"}, "cn": {"userroot"}, "nsslapd-suffix": {s.Suffix},
			}},
			{`cn="` + s.Suffix + `",cn=mapping tree,cn=config`, map[string][]string{
				"objectClass": {"extensibleObject", "nsMappingTree"}, "cn": {s.Suffix}, "nsslapd-state": {"backend"}, "nsslapd-backend": {"userroot"},
			}},
			{s.Suffix, map[string][]string{"objectClass": {"domain"}, "aci": {
				`(targetattr="*")(version 3.0; acl "reader"; allow (read, search, compare) userdn="ldap:///` + s.ReaderDN + `";)`,
			}}},
		}
		for _, e := range entries {
			if err := testserver.Add(c, e.dn, e.attrs); err != nil {
				return err
			}
		}
		for _, dn := range []string{s.UsersDN, s.GroupsDN, s.LeftDN, parent(s.ReaderDN)} {
			if err := s.addAbove(c, dn); err != nil {
				return err
			}
		}
		reader := map[string][]string{"objectClass": {"account", "simpleSecurityObject"}, "userPassword": {ReaderPassword}}
		if s.opts.PagedSizeLimit > 0 {
			reader["nsPagedSizeLimit"] = []string{fmt.Sprint(s.opts.PagedSizeLimit)}
		}
		return testserver.Add(c, s.ReaderDN, reader)
	})
}

// addAbove adds a container, and those above it.
func (s *Server) addAbove(c *ldap.Conn, dn string) error {
	if dn == s.Suffix {
		return nil
	}
	if err := s.addAbove(c, parent(dn)); err != nil {
		return err
	}
	class := "nsContainer"
	if strings.HasPrefix(dn, "ou=") {
		class = "organizationalUnit"
	}
	err := testserver.Add(c, dn, map[string][]string{"objectClass": {class}})
	if ldap.IsErrorWithCode(err, ldap.LDAPResultEntryAlreadyExists) {
		return nil
	}
	return err
}

func parent(dn string) string {
	_, above, _ := strings.Cut(dn, ",")
	return above
}
