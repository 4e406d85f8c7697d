// Package slapdtest runs a private OpenLDAP server for tests: real protocol,
// real schema checks, real TLS, on loopback, with its data in a temporary
// directory. It ends with the test.
package slapdtest

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"text/template"
	"time"

	"duosync/ldapsrc/internal/testserver"
)

// Where a started server keeps what.
const (
	Suffix   = "dc=WSO2,dc=ORG"
	UsersDN  = "ou=Users," + Suffix
	GroupsDN = "ou=Groups," + Suffix
	LeftDN   = "ou=Left," + Suffix // under the suffix, outside the users' base

	AdminDN        = "cn=admin," + Suffix // no limits apply
	AdminPassword  = "admin-pw"
	ReaderDN       = "uid=reader,ou=System," + Suffix // may read everything; limits apply
	ReaderPassword = "reader-pw"
)

// Options say how a server starts. The zero value is a server with the four
// organizational units and the reader's account.
type Options struct {
	// Schema holds attribute types and object classes besides, as slapd.conf(5) has
	// them.
	Schema string
	// LDIF holds entries to load besides, in the order of parents before
	// children.
	LDIF string
	// People is the number of generated people below UsersDN (writePeople).
	People int
	// SizeLimit is the most entries that an unpaged search gives the reader; 0
	// stands for slapd's own 500.
	SizeLimit int
	// PagedTotal is the most entries that a paged search gives the reader in
	// all; 0 is without limit.
	PagedTotal int
	// Access are slapd.access(5) lines that come before the usual ones.
	Access string
	// Provider has the server tell contextCSN (slapo-syncprov(5)).
	Provider bool
	// Dynlist has the server show whom the searches of dynamic groups find, as their
	// members (slapo-dynlist(5)).
	Dynlist bool
	// DefaultPolicy is the DN of the password policy of those who have none of their own
	// (slapo-ppolicy(5)); the reader may see that in the server's configuration.
	DefaultPolicy string
	// Socket has the server listen on a socket, too, and take the user of this process there
	// for the reader.
	Socket bool
	// Global are lines of the server's configuration (slapd.conf(5)) besides, before those of
	// the database; Limits are those of the reader, in place of the sizes above.
	Global, Limits string
	// TLS are the lines that say how TLS is spoken, in place of the usual ones; {{.Dir}} in them
	// is where the certificates are. "none" has it speak none.
	TLS string
	// RSA has the server's key be one of RSA, in place of ECDSA.
	RSA bool
	// RequireTLS has the server refuse binds on unencrypted connections with
	// code 13.
	RequireTLS bool
}

// Server is a running slapd.
type Server struct {
	testserver.Admin // changes entries, without any limit

	URL     string // ldap://, StartTLS is offered
	TLSURL  string // ldaps://
	Socket  string // the path of a socket; "" without one
	CAFile  string
	OtherCA string // an authority that did not sign the certificate
	// ClientCertFile and ClientKeyFile belong to the reader's account (SASL
	// EXTERNAL).
	ClientCertFile string
	ClientKeyFile  string

	t       testing.TB
	opts    Options
	process *testserver.Process
}

//go:embed testdata/wso2.schema
var schema []byte

const slapd = "/usr/sbin/slapd"

// Start loads and starts a server, and ends it with the test. Without slapd the
// test fails: nothing stands in for the real server.
func Start(t testing.TB, opts Options) *Server {
	t.Helper()
	if _, err := os.Stat(slapd); err != nil {
		t.Fatalf("these tests need a real OpenLDAP server: apt-get install slapd ldap-utils (%v)", err)
	}
	s := &Server{t: t, opts: opts, process: testserver.NewProcess(t)}
	s.Admin = testserver.Admin{T: t, Server: s.process, DN: AdminDN, Password: AdminPassword}
	s.certify()
	s.process.Write("wso2.schema", schema)
	s.process.Write("more.schema", []byte(opts.Schema))
	if err := os.Mkdir(s.process.Path("db"), 0o700); err != nil {
		t.Fatal(err)
	}
	if opts.Socket {
		s.Socket = socketPath(t)
	}
	s.configure()
	s.load()
	s.launch()
	s.URL, s.TLSURL = s.process.URL(), s.process.TLSURL()
	return s
}

// socketPath is one short enough for a socket, whatever the test's name is.
func socketPath(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ldapi") //nolint:usetesting // t.TempDir may be longer than a socket's path can be
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "ldapi")
}

//nolint:gochecknoglobals // a constant in all but name
var confTemplate = template.Must(template.New("slapd.conf").Parse(`
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
include /etc/ldap/schema/dyngroup.schema
include {{.Dir}}/wso2.schema
include {{.Dir}}/more.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload ppolicy
{{if .Provider}}moduleload syncprov
{{end -}}
{{if .Dynlist}}moduleload dynlist
{{end -}}
pidfile {{.Dir}}/slapd.pid
{{.TLS}}
authz-regexp "^cn=reader$" "{{.Reader}}"
{{if .Socket}}authz-regexp "^gidNumber={{.Group}}[+]uidNumber={{.User}},cn=peercred,cn=external,cn=auth$" "{{.Reader}}"
{{end -}}
threads 2
{{if .RequireTLS}}security simple_bind=128
{{end -}}
sizelimit {{.SizeLimit}}
{{.Global}}
{{if .DefaultPolicy}}database config
access to * by dn.exact="{{.Reader}}" read by * none
{{end -}}
database mdb
suffix "{{.Suffix}}"
rootdn "{{.Admin}}"
rootpw {{.AdminPassword}}
directory {{.Dir}}/db
maxsize 4294967296
dbnosync
index objectClass,entryUUID,uid eq
limits dn.exact="{{.Reader}}" {{if .Limits}}{{.Limits}}{{else}}size.soft={{.SizeLimit}} size.hard={{.SizeLimit}} size.prtotal={{.PagedTotal}}{{end}}
{{.Access}}
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{{.Reader}}" read by * none
overlay ppolicy
{{if .DefaultPolicy}}ppolicy_default "{{.DefaultPolicy}}"
{{end -}}
{{if .Provider}}overlay syncprov
{{end -}}
{{if .Dynlist}}overlay dynlist
dynlist-attrset groupOfURLs memberURL member
{{end -}}
`))

func (s *Server) configure() {
	s.t.Helper()
	data := map[string]any{
		"Dir": s.process.Path(""), "Suffix": Suffix, "Admin": AdminDN, "AdminPassword": AdminPassword, "Reader": ReaderDN,
		"SizeLimit": orElse(s.opts.SizeLimit, "500"), "PagedTotal": orElse(s.opts.PagedTotal, "unlimited"),
		"Access": s.opts.Access, "RequireTLS": s.opts.RequireTLS, "Provider": s.opts.Provider, "Dynlist": s.opts.Dynlist,
		"DefaultPolicy": s.opts.DefaultPolicy, "Global": s.opts.Global, "Limits": s.opts.Limits, "TLS": s.tls(),
		"Socket": s.opts.Socket, "User": os.Getuid(), "Group": os.Getgid(),
	}
	var conf bytes.Buffer
	if err := confTemplate.Execute(&conf, data); err != nil {
		s.t.Fatal(err)
	}
	s.process.Write("slapd.conf", conf.Bytes())
}

const usualTLS = `TLSCACertificateFile {{.Dir}}/ca.pem
TLSCertificateFile {{.Dir}}/server.pem
TLSCertificateKeyFile {{.Dir}}/server.key
TLSVerifyClient try`

// tls gives the lines that say how TLS is spoken.
func (s *Server) tls() string {
	lines := s.opts.TLS
	switch lines {
	case "":
		lines = usualTLS
	case withoutTLS:
		return ""
	}
	return strings.ReplaceAll(lines, "{{.Dir}}", s.process.Path(""))
}

const withoutTLS = "none"

func orElse(limit int, word string) string {
	if limit == 0 {
		return word
	}
	return fmt.Sprint(limit)
}

// load fills the database with slapadd, which takes some 70 µs an entry.
func (s *Server) load() {
	s.t.Helper()
	file, err := os.Create(s.process.Path("data.ldif"))
	if err != nil {
		s.t.Fatal(err)
	}
	_, err = fmt.Fprint(file, skeleton(), s.opts.LDIF, "\n\n")
	err = errors.Join(err, writePeople(file, s.opts.People), file.Close())
	if err != nil {
		s.t.Fatal(err)
	}
	args := []string{"-T", "add", "-q", "-f", s.process.Path("slapd.conf"), "-b", Suffix, "-l", s.process.Path("data.ldif")}
	if out, err := exec.Command(slapd, args...).CombinedOutput(); err != nil {
		s.t.Fatalf("slapadd: %v\n%s", err, out)
	}
}

func skeleton() string {
	var out strings.Builder
	out.WriteString("dn: " + Suffix + "\nobjectClass: dcObject\nobjectClass: organization\ndc: WSO2\no: WSO2\n\n")
	for _, unit := range []string{"System", "Users", "Groups", "Left"} {
		_, _ = fmt.Fprintf(&out, "dn: ou=%s,%s\nobjectClass: organizationalUnit\nou: %[1]s\n\n", unit, Suffix)
	}
	_, _ = fmt.Fprintf(&out, "dn: %s\nobjectClass: account\nobjectClass: simpleSecurityObject\nuid: reader\nuserPassword: %s\n\n",
		ReaderDN, ReaderPassword)
	return out.String()
}

func (s *Server) launch() {
	s.t.Helper()
	s.process.Launch(5, func() error {
		urls := s.process.URL() + "/"
		if s.opts.TLS == withoutTLS {
			s.process.TLSPort = s.process.Port
		} else {
			urls += " " + s.process.TLSURL() + "/"
		}
		if s.Socket != "" {
			urls += " ldapi://" + url.PathEscape(s.Socket)
		}
		cmd := exec.Command(slapd, "-f", s.process.Path("slapd.conf"), "-h", urls, "-d", "0")
		return s.process.Run(cmd, s.process.Listens, 20*time.Second, 5*time.Millisecond)
	})
}

// LimitPagedTotal restarts the server with another Options.PagedTotal.
func (s *Server) LimitPagedTotal(n int) {
	s.t.Helper()
	s.opts.PagedTotal = n
	s.configure()
	s.Restart()
}

// Allow restarts the server with another Options.Access.
func (s *Server) Allow(access string) {
	s.t.Helper()
	s.opts.Access = access
	s.configure()
	s.Restart()
}

// Stop kills the server at once, as a crash does. It may be started again.
func (s *Server) Stop() { s.process.Stop() }

// Restart starts a stopped server again, with its data, on the same ports.
func (s *Server) Restart() {
	s.t.Helper()
	s.Stop()
	s.launch()
}
