// Package sambatest runs a private Samba domain controller for tests: the protocol, the
// schema and the account states of Active Directory, on loopback, with its files in a
// temporary directory. It ends with the test.
//
// Samba's ports are compiled in, so that there is one at a time on a machine: a second
// test waits for the first. They are below 1024, and its files need extended attributes
// that root alone may write.
package sambatest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/internal/testserver"
)

// Where a started server keeps what.
const (
	Suffix   = "DC=lab,DC=test"
	UsersDN  = "OU=Staff," + Suffix
	GroupsDN = "OU=Teams," + Suffix
	LeftDN   = "OU=Left," + Suffix // under the suffix, outside the users' base

	BuiltinDN     = "CN=Users," + Suffix // where Domain Users is
	AdminDN       = "CN=Administrator," + BuiltinDN
	AdminPassword = "Passw0rd.Lab"

	ReaderDN       = "CN=reader," + BuiltinDN // a plain user
	ReaderPassword = "Reader0.Lab"

	// OpenGroupDN is the group by which every user may read others' attributes
	// (Pre-Windows 2000 Compatible Access), AuthenticatedUsers its member that says so.
	OpenGroupDN        = "CN=Pre-Windows 2000 Compatible Access,CN=Builtin," + Suffix
	AuthenticatedUsers = "CN=S-1-5-11,CN=ForeignSecurityPrincipals," + Suffix

	// URL is where every server of this package answers.
	URL  = "ldap://127.0.0.1:389"
	port = 389
)

// Server is a running domain controller.
type Server struct {
	testserver.Admin // changes entries

	URL string

	t       testing.TB
	process *testserver.Process
}

const (
	samba = "/usr/sbin/samba"
	tool  = "/usr/bin/samba-tool"
)

// Start makes a domain, starts its controller with three organizational units, and ends
// it with the test. It takes some ten seconds, and as long as other tests have one. Where
// there is no Samba, or the test does not run as root, it fails: nothing stands in for the
// real server.
func Start(t testing.TB) *Server {
	t.Helper()
	for _, path := range []string{samba, tool, "/usr/share/samba/setup/provision.ldif"} {
		if _, err := os.Stat(path); err != nil {
			t.Fatalf("these tests need a real Samba: apt-get install samba-ad-dc samba-ad-provision (%v)", err)
		}
	}
	if os.Getuid() != 0 {
		t.Fatal("Samba's ports and files need root: run these tests as root")
	}
	alone(t)
	s := &Server{t: t, URL: URL, process: testserver.NewProcess(t)}
	s.Admin = testserver.Admin{T: t, Server: s.process, DN: AdminDN, Password: AdminPassword}
	s.process.Port, s.process.TLSPort = port, 636
	s.provision()
	s.process.Launch(1, func() error {
		cmd := exec.CommandContext(t.Context(), samba, "-F", "--no-process-group", "-M", "single", "-s", s.process.Path("d/etc/smb.conf"))
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		return s.process.Run(cmd, s.answers, time.Minute, 50*time.Millisecond)
	})
	for _, dn := range []string{UsersDN, GroupsDN, LeftDN} {
		s.Add(dn, map[string][]string{"objectClass": {"organizationalUnit"}})
	}
	return s
}

// alone waits until no other test of this machine has a Samba.
func alone(t testing.TB) {
	t.Helper()
	lock, err := os.OpenFile(filepath.Join(os.TempDir(), "duosync-sambatest.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = lock.Close() }) // runs after the server's own end
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
}

// provision makes the domain, and bends its configuration to loopback.
func (s *Server) provision() {
	s.t.Helper()
	options := map[string]string{
		"interfaces": "lo", "bind interfaces only": "yes", "server services": "ldap", "ldap server require strong auth": "no",
		"log file": s.process.Path("log"), "pid directory": s.process.Path("run"), "ncalrpc dir": s.process.Path("run/ncalrpc"),
		"winbindd socket directory": s.process.Path("run/wb"),
	}
	args := []string{
		"domain", "provision", "--targetdir=" + s.process.Path("d"), "--realm=LAB.TEST", "--domain=LAB", "--server-role=dc",
		"--host-name=dc1", "--dns-backend=NONE", "--host-ip=127.0.0.1", "--adminpass=" + AdminPassword, "--option=vfs objects=",
	}
	lines := "[global]\n"
	for name, value := range options {
		args = append(args, "--option="+name+"="+value)
		lines += fmt.Sprintf("\t%s = %s\n", name, value)
	}
	if err := os.Mkdir(s.process.Path("run"), 0o755); err != nil { //nolint:gosec // Samba wants to be let in
		s.t.Fatal(err)
	}
	if out, err := exec.CommandContext(s.t.Context(), tool, args...).CombinedOutput(); err != nil {
		s.t.Fatalf("samba-tool domain provision: %v\n%s", err, out)
	}
	s.AddAccount("reader", ReaderPassword)
	conf, err := os.ReadFile(s.process.Path("d/etc/smb.conf"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.process.Write("d/etc/smb.conf", append([]byte(lines), conf...))
}

// AddAccount adds a user with a password, CN=name below [BuiltinDN].
func (s *Server) AddAccount(name, password string) {
	s.t.Helper()
	args := []string{"user", "create", name, password, "-H", s.process.Path("d/private/sam.ldb"), "-s", s.process.Path("d/etc/smb.conf")}
	if out, err := exec.CommandContext(s.t.Context(), tool, args...).CombinedOutput(); err != nil {
		s.t.Fatalf("samba-tool user create: %v\n%s", err, out)
	}
}

func (s *Server) answers() error {
	c, err := s.Dial()
	if err != nil {
		return err
	}
	return c.Close()
}

// AddPerson adds a user, enabled and without a password, by the sAMAccountName, which is
// the name of the entry as well.
func (s *Server) AddPerson(name string, attrs map[string][]string) {
	s.t.Helper()
	s.Do(func(c *ldap.Conn) error { return AddPerson(c, name, attrs) })
}

// AddPerson adds a user over a connection that is there.
func AddPerson(c *ldap.Conn, name string, attrs map[string][]string) error {
	const normalWithoutPassword = "544" // UF_NORMAL_ACCOUNT, UF_PASSWD_NOTREQD (MS-ADTS, 2.2.16)
	all := map[string][]string{"objectClass": {"user"}, "sAMAccountName": {name}, "userAccountControl": {normalWithoutPassword}}
	for attribute, values := range attrs {
		all[attribute] = values
	}
	return testserver.Add(c, "CN="+name+","+UsersDN, all)
}
