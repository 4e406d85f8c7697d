package docs_test

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"duosync/duo/duosim"
	"duosync/ldapsrc/ds389test"
	"duosync/ldapsrc/sambatest"
)

// accountPages are the pages whose commands make the account that duosync reads with.
func accountPages() []string {
	return []string{"docs/openldap.md", "docs/389ds.md", "docs/freeipa.md", "docs/activedirectory.md"}
}

const (
	suffix   = "dc=example,dc=org" // of the pages
	password = "change-me"         // of the account, there
)

// TestAccounts makes the account of each page as the page says, on a real server of that
// kind, and reads with it and with the page's configuration: the check finds nothing
// wrong, and the dry run finds the person.
func TestAccounts(t *testing.T) {
	t.Run("OpenLDAP", func(t *testing.T) {
		s := newReader(t, "docs/openldap.md")
		admin, server, socket := startSlapd(t)
		s.files("account.ldif", "rights.ldif")
		s.commands("-W -S", "-w secret -s "+password, "-W", "-w secret", "ldap://localhost", server, "ldapi:///", socket)
		s.run(0, fmt.Sprintf("ldapadd -x -H %s -D %s -w secret <<'EOF'\n%sEOF", server, admin, person("ou=people,"+suffix)))
		s.reads(server, suffix)
	})
	t.Run("389", func(t *testing.T) {
		s, server := newReader(t, "docs/389ds.md"), ds389test.Start(t, ds389test.Options{})
		s.suffix, s.locked = server.Suffix, true
		s.files("account.ldif")
		s.commands("-W", "-w "+ds389test.AdminPassword, "ldap://localhost", server.URL)
		s.run(0, fmt.Sprintf("ldapadd -x -H %s -D '%s' -w %s <<'EOF'\n%sEOF", server.URL, ds389test.AdminDN, ds389test.AdminPassword, person(server.UsersDN)+"\n"+locked(server.UsersDN)))
		s.reads(server.URL, server.Suffix)
	})
	t.Run("FreeIPA", func(t *testing.T) {
		s, server := newReader(t, "docs/freeipa.md"), ds389test.Start(t, ds389test.Options{Layout: ds389test.FreeIPA()})
		s.suffix = server.Suffix
		s.files("account.ldif")
		s.commands("-W", "-w "+ds389test.AdminPassword, "ldap://localhost", server.URL)
		server.Add("uid=ada,"+server.UsersDN, map[string][]string{
			"objectClass": {"inetOrgPerson", "ipaObject", "krbTicketPolicyAux"}, "uid": {"ada"}, "cn": {"Ada"}, "sn": {"L"}, "givenName": {"A"}, "mail": {"ada@example.org"},
			"ipaUniqueID": {"7d1c8f5e-ec2f-11f0-9d20-000000000001"},
		})
		server.Add("cn=vpn-users,"+server.GroupsDN, map[string][]string{"objectClass": {"groupOfNames"}, "cn": {"vpn-users"}, "member": {"uid=ada," + server.UsersDN}})
		server.Modify(server.Suffix, "aci", `(targetattr!="userPassword")(version 3.0; acl "whoever is logged in"; allow (read, search, compare) userdn="ldap:///all";)`)
		s.reads(server.URL, server.Suffix)
	})
	t.Run("Active Directory", func(t *testing.T) {
		s, server := newReader(t, "docs/activedirectory.md"), sambatest.Start(t)
		s.suffix = sambatest.Suffix
		s.files("account.ldf", "member.ldf")
		for _, file := range []string{"account.ldf", "member.ldf"} {
			s.run(0, fmt.Sprintf("ldapmodify -x -H %s -D %s -w %s -f %s", server.URL, sambatest.AdminDN, sambatest.AdminPassword, file))
		}
		if got := server.Attr("CN=duosync,CN=Users,"+sambatest.Suffix, "userAccountControl"); len(got) != 1 || got[0] != "66050" {
			t.Errorf("userAccountControl %v", got)
		}
		s.run(0, fmt.Sprintf(`printf 'dn: CN=duosync,CN=Users,%s\nchangetype: modify\nreplace: unicodePwd\nunicodePwd:: %%s\n-\nreplace: userAccountControl\nuserAccountControl: 66048\n' \
"$(printf '"%s"' | iconv -t UTF-16LE | base64)" | LDAPTLS_REQCERT=never ldapmodify -x -H ldaps://127.0.0.1 -D %s -w %s`,
			sambatest.Suffix, sambatest.ReaderPassword, sambatest.AdminDN, sambatest.AdminPassword))
		server.AddPerson("ada", map[string][]string{"sn": {"L"}, "givenName": {"A"}, "mail": {"ada@example.org"}})
		s.password = sambatest.ReaderPassword
		s.reads(server.URL, sambatest.Suffix)
	})
}

func person(base string) string {
	return "dn: uid=ada," + base + "\nobjectClass: inetOrgPerson\nuid: ada\ncn: Ada\nsn: L\ngivenName: A\nmail: ada@example.org\n"
}

func locked(base string) string {
	return strings.ReplaceAll(person(base), "ada", "eve") + "nsAccountLock: true\n"
}

// reader is a site on which a page makes the account.
type reader struct {
	*site
	page   *page
	name   string
	suffix string // of the server
	locked bool   // somebody is locked there
	// password of the account, where it is not that of the page
	password string
}

func newReader(t *testing.T, name string) *reader {
	t.Helper()
	s := &site{t: t, dir: t.TempDir()}
	s.account(duosim.Options{})
	return &reader{site: s, page: readPages(t)[name], name: name, suffix: suffix}
}

// here has a text of the page speak of the server's suffix.
func (r *reader) here(text string) string {
	text = regexp.MustCompile(`(?i)`+suffix).ReplaceAllLiteralString(text, r.suffix)
	domain := strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(r.suffix), "dc=", ""), ",", ".")
	return strings.ReplaceAll(text, "duosync@example.org", "duosync@"+domain)
}

// files writes the page's LDIF, in its order, under these names.
func (r *reader) files(names ...string) {
	r.t.Helper()
	for _, b := range r.page.blocks {
		if b.language() == "ldif" && len(names) > 0 {
			r.write(names[0], r.here(b.text))
			names = names[1:]
		}
	}
	if len(names) > 0 {
		r.t.Fatalf("%s has no LDIF for %v", r.name, names)
	}
}

// commands runs the page's commands, with old and new in turn.
func (r *reader) commands(changes ...string) {
	r.t.Helper()
	for _, b := range r.page.blocks {
		if b.language() == "sh" {
			r.play(r.name, b, scene{replace: func(_ *site, line string) []string {
				return append([]string{suffix, r.suffix}, changes...)
			}})
		}
	}
}

// reads reads with the account and the page's configuration.
func (r *reader) reads(server, suffix string) {
	r.t.Helper()
	for _, b := range r.page.blocks {
		if b.language() != "yaml" {
			continue
		}
		text := regexp.MustCompile(`(?m)^  urls: .*`).ReplaceAllLiteralString(r.here(b.text), fmt.Sprintf("  urls: [%q]", server))
		text = regexp.MustCompile(`(?m)^  ca_file: .*\n`).ReplaceAllString(text, "")
		r.write("config.yaml", strings.ReplaceAll(text, "${LDAP_PASSWORD}", cmp.Or(r.password, password))+r.read("duo/duo.yaml"))
		break
	}
	out := r.run(0, "duosync check")
	for _, trouble := range []string{"FAIL", "LDAP limits  note"} {
		if strings.Contains(out, trouble) {
			r.t.Errorf("%s in\n%s", trouble, out)
		}
	}
	if r.locked && strings.Contains(out, "back for nobody") {
		r.t.Errorf("the lock is not seen:\n%s", out)
	}
	who := regexp.MustCompile(`(?m)^  bind_dn: ([^ \n]*)`).FindStringSubmatch(r.read("config.yaml"))[1]
	if out := r.run(0, fmt.Sprintf("ldapsearch -x -H %s -D %s -w %s -b %s '(|(objectClass=simpleSecurityObject)(cn=duosync))' userPassword", server, who, cmp.Or(r.password, password), suffix)); strings.Contains(out, "userPassword:") {
		r.t.Errorf("the account reads passwords:\n%s", out)
	}
	if out := r.run(0, "duosync sync --dry-run"); !strings.Contains(out, "create") || !strings.Contains(out, "ada") {
		r.t.Errorf("nobody is created:\n%s", out)
	}
}

// startSlapd starts a slapd with its configuration in cn=config, as installations have it,
// and gives its administrator, URL and socket.
func startSlapd(t *testing.T) (admin, server, socket string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "slapd") //nolint:usetesting // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	admin, path := "cn=admin,"+suffix, filepath.Join(dir, "ldapi")
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "slapd.d"), 0o700), os.Mkdir(filepath.Join(dir, "db"), 0o700)); err != nil {
		t.Fatal(err)
	}
	root := fmt.Sprintf("gidNumber=%d+uidNumber=%d,cn=peercred,cn=external,cn=auth", os.Getgid(), os.Getuid())
	load := func(args []string, ldif string) {
		t.Helper()
		cmd := exec.Command("/usr/sbin/slapd", append([]string{"-T", "add", "-F", filepath.Join(dir, "slapd.d")}, args...)...)
		cmd.Stdin = strings.NewReader(ldif)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("slapadd: %v\n%s", err, out)
		}
	}
	load([]string{"-n", "0"}, fmt.Sprintf(`dn: cn=config
objectClass: olcGlobal
cn: config

dn: cn=module{0},cn=config
objectClass: olcModuleList
cn: module{0}
olcModulePath: /usr/lib/ldap
olcModuleLoad: back_mdb

dn: cn=schema,cn=config
objectClass: olcSchemaConfig
cn: schema

include: file:///etc/ldap/schema/core.ldif
include: file:///etc/ldap/schema/cosine.ldif
include: file:///etc/ldap/schema/inetorgperson.ldif

dn: olcDatabase={0}config,cn=config
objectClass: olcDatabaseConfig
olcDatabase: {0}config
olcAccess: {0}to * by dn.exact=%s manage by * break

dn: olcDatabase={1}mdb,cn=config
objectClass: olcDatabaseConfig
objectClass: olcMdbConfig
olcDatabase: {1}mdb
olcDbDirectory: %s/db
olcSuffix: %s
olcRootDN: %s
olcRootPW: secret
olcAccess: {0}to attrs=userPassword by self write by anonymous auth by * none
olcAccess: {1}to * by self read by * none
`, root, dir, suffix, admin))
	load([]string{"-b", suffix}, "dn: "+suffix+"\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n\ndn: ou=people,"+suffix+
		"\nobjectClass: organizationalUnit\nou: people\n\ndn: ou=groups,"+suffix+"\nobjectClass: organizationalUnit\nou: groups\n")
	socket = "ldapi://" + strings.ReplaceAll(path, "/", "%2F")
	for range 5 { // another process may take the port
		if server = launch(t, filepath.Join(dir, "slapd.d"), socket); server != "" {
			return admin, server, socket
		}
	}
	t.Fatal("slapd does not listen")
	return "", "", ""
}

// launch starts slapd on a free port and gives its URL, "" where it does not listen there.
func launch(t *testing.T, config, socket string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/usr/sbin/slapd", "-F", config, "-h", "ldap://"+address+"/ "+socket, "-d", "0")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() { _ = cmd.Wait(); close(gone) }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-gone })
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		select {
		case <-gone:
			return ""
		case <-time.After(10 * time.Millisecond):
		}
		if conn, err := net.Dial("tcp", address); err == nil {
			_ = conn.Close()
			return "ldap://" + address
		}
	}
	return ""
}
