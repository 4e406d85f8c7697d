// Package apachedstest runs a private ApacheDS 2.0.0.AM26 for tests: the server
// that WSO2 Identity Server embeds as its user store, with its schema, its
// suffix and its limit of 1000 entries for everyone but the administrator. It
// listens on loopback, keeps its data in a temporary directory and ends with the
// test.
package apachedstest

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"duosync/ldapsrc/internal/testserver"
)

// Where a started server keeps what. Suffix and bases are those of WSO2's store.
const (
	Suffix   = "dc=WSO2,dc=ORG"
	UsersDN  = "ou=Users," + Suffix
	GroupsDN = "ou=Groups," + Suffix
	LeftDN   = "ou=Left," + Suffix // under the suffix, outside the users' base

	AdminDN        = "uid=admin,ou=system" // no limits apply
	AdminPassword  = "secret"
	ReaderDN       = "uid=reader,ou=System," + Suffix // may read everything; the size limit applies
	ReaderPassword = "reader-pw"
)

// defaultSizeLimit is ApacheDS's own limit, and so WSO2's (ads-maxSizeLimit).
const defaultSizeLimit = 1000

// packages are the Debian packages that the server needs; Java comes with the
// first. Debian's apacheds does not depend on all the libraries it is linked to.
const packages = "apacheds libapache-directory-api-java libapache-directory-jdbm-java libcaffeine-java"

// Options say how a server starts. The zero value is a server with the four
// organizational units and the reader's account.
type Options struct {
	// People is the number of generated people below UsersDN; see Person. One
	// takes some 7 ms to load.
	People int
	// SizeLimit is the most entries that one search gives to anyone but the
	// administrator, all its pages together; 0 stands for defaultSizeLimit.
	SizeLimit int
}

// Server is a running ApacheDS.
type Server struct {
	testserver.Admin // changes entries, without any limit

	URL    string // ldap://, StartTLS is offered
	TLSURL string // ldaps://
	CAFile string // the server's certificate, which signed itself

	t       testing.TB
	opts    Options
	process *testserver.Process
}

// Start starts a server, loads it, and ends it with the test. Without ApacheDS
// the test fails: nothing stands in for the real server.
func Start(t testing.TB, opts Options) *Server {
	t.Helper()
	for _, path := range []string{config, java, keytool, library + "/apacheds-jdbm1.jar", libraries + "/apache-directory-api-all.jar", libraries + "/caffeine.jar"} {
		if _, err := os.Stat(path); err != nil {
			t.Fatalf("these tests need a real ApacheDS: apt-get install %s (%v)", packages, err)
		}
	}
	s := &Server{t: t, opts: opts, process: testserver.NewProcess(t)}
	s.Admin = testserver.Admin{T: t, Server: s.process, DN: AdminDN, Password: AdminPassword}
	for _, dir := range []string{"conf", "cache", "partitions", "run", "log"} {
		if err := os.Mkdir(s.process.Path(dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s.certify()
	s.process.Write("conf/log4j.properties", []byte(logging))
	s.launch()
	s.addSchema()
	s.addSkeleton()
	s.addPeople(opts.People)
	return s
}

const (
	java      = "/usr/bin/java"
	keytool   = "/usr/bin/keytool"
	config    = "/etc/apacheds/config.ldif"
	library   = "/usr/share/apacheds/lib"
	libraries = "/usr/share/java"

	logging = `log4j.rootCategory=ERROR, stdout
log4j.appender.stdout=org.apache.log4j.ConsoleAppender
log4j.appender.stdout.layout=org.apache.log4j.PatternLayout
log4j.appender.stdout.layout.ConversionPattern=%p %c: %m%n
`
)

// certify makes the server's key and certificate, and CAFile.
func (s *Server) certify() {
	s.t.Helper()
	s.CAFile = s.process.Path("ca.pem")
	for _, args := range [][]string{
		{
			"-genkeypair", "-keyalg", "EC", "-groupname", "secp256r1", "-validity", "2", "-dname", "CN=localhost",
			"-ext", "SAN=dns:localhost,ip:127.0.0.1", "-alias", "server",
		},
		{"-exportcert", "-rfc", "-alias", "server", "-file", s.CAFile},
	} {
		args = append(args, "-storetype", "PKCS12", "-keystore", s.process.Path("keys.p12"), "-storepass", keysPassword)
		if out, err := exec.CommandContext(s.t.Context(), keytool, args...).CombinedOutput(); err != nil {
			s.t.Fatalf("keytool: %v\n%s", err, out)
		}
	}
}

func (s *Server) launch() {
	s.t.Helper()
	s.process.Launch(3, func() error {
		s.configure()
		return s.process.Run(s.command(), s.answers, time.Minute, 50*time.Millisecond)
	})
	s.URL, s.TLSURL = s.process.URL(), s.process.TLSURL()
}

func (s *Server) command() *exec.Cmd {
	jars := []string{library + "/*"}
	for _, name := range []string{"caffeine", "commons-collections4", "commons-lang3", "commons-codec", "commons-pool2"} {
		jars = append(jars, libraries+"/"+name+".jar")
	}
	return exec.CommandContext(s.t.Context(), java,
		"--add-exports", "java.base/sun.security.x509=ALL-UNNAMED",
		"--add-exports", "java.base/sun.security.util=ALL-UNNAMED",
		"--add-exports", "java.base/sun.security.tools.keytool=ALL-UNNAMED",
		"-Xmx384m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", // it lives for seconds
		"-Djava.awt.headless=true", "-Djava.io.tmpdir="+s.process.Path("cache"),
		"-Dlog4j.configuration=file:"+s.process.Path("conf/log4j.properties"), "-Dapacheds.log.dir="+s.process.Path("log"),
		"-Dapacheds.controls=org.apache.directory.api.ldap.codec.controls.search.pagedSearch.PagedResultsFactory",
		"-cp", strings.Join(jars, ":"), "org.apache.directory.server.UberjarMain", s.process.Path(""))
}

// answers reports whether both ports are open and the administrator is let in:
// the server listens some time before it knows anyone.
func (s *Server) answers() error {
	if err := s.process.Listens(); err != nil {
		return err
	}
	c, err := s.Dial()
	if err != nil {
		return err
	}
	return c.Close()
}
