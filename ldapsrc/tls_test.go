package ldapsrc_test

import (
	"crypto/tls"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"duosync/ldapsrc"
	"duosync/ldapsrc/conn"
	"duosync/ldapsrc/schema"
	"duosync/ldapsrc/slapdtest"
	dirsync "duosync/sync"
)

// The remedy for a server that knows RSA key exchange only is one.
func TestOldKeyExchange(t *testing.T) {
	t.Setenv("GODEBUG", "tlsrsakex=1")
	s := slapdtest.Start(t, slapdtest.Options{People: 3, RSA: true, TLS: tls12(":-KX-ALL:+RSA")})
	if read := mustRead(t, newSource(t, options(s, nil))); len(read) != 3 {
		t.Errorf("%d people", len(read))
	}
}

// A server that ends with its first connection is not taken for one without TLS.
func TestGoneAfterTheFirstConnection(t *testing.T) {
	t.Parallel()
	listener := listen(t)
	go func() {
		near, err := listener.Accept()
		_ = listener.Close()
		if err == nil {
			_ = near.Close()
		}
	}()
	src := newSource(t, ldapsrc.Options{
		Servers: conn.Servers{URLs: []string{"ldaps://" + listener.Addr().String()}},
		Users:   ldapsrc.Users{Bases: []string{slapdtest.UsersDN}},
		Preset:  schema.OpenLDAP,
	})
	_, _, err := readAll(t, src)
	wantError(t, err, "TLS", "the other side closed the connection")
}

// terminator speaks TLS before a server, with any certificate.
func terminator(t *testing.T, s *slapdtest.Server, config *tls.Config) (url string) {
	t.Helper()
	listener := listen(t)
	startRelay(t, tls.NewListener(listener, config), s.URL, io.Discard)
	return "ldaps://" + listener.Addr().String()
}

// authority makes certificates by openssl, as an administrator does.
type authority struct {
	t   *testing.T
	dir string
}

func (a authority) sh(script string) {
	a.t.Helper()
	cmd := exec.CommandContext(a.t.Context(), "sh", "-ec", script)
	cmd.Dir = a.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		a.t.Fatalf("%s: %v\n%s", script, err, out)
	}
}

func (a authority) pair() tls.Certificate {
	a.t.Helper()
	pair, err := tls.LoadX509KeyPair(filepath.Join(a.dir, "server.pem"), filepath.Join(a.dir, "server.key"))
	if err != nil {
		a.t.Fatal(err)
	}
	return pair
}

// makeAuthority makes ca.pem.
const makeAuthority = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -subj /CN=ourCA -out ca.pem 2>/dev/null\n" +
	"cp ca.pem trusted.pem\n"

// sign makes server.pem of it, with extensions and options of openssl x509.
func sign(extensions, options string) string {
	return makeAuthority + "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -subj /CN=ldap.example.org -out server.csr 2>/dev/null\n" +
		"printf '" + extensions + "' > ext\nopenssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile ext -out server.pem " + options + " 2>/dev/null\n"
}

// signFrom makes server.pem for a time.
func signFrom(begin, end string) string {
	return sign(forLoopback, good) + "printf '[ca]\ndefault_ca=d\n[d]\ndatabase=index\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n' > cfg\n" +
		": > index\necho 0A > serial\nopenssl ca -batch -notext -config cfg -startdate " + begin + " -enddate " + end +
		" -keyfile ca.key -cert ca.pem -in server.csr -extfile ext -out server.pem 2>/dev/null\n"
}

const (
	forLoopback = "subjectAltName=IP:127.0.0.1\n"
	good        = "-days 2"
)

// Of a certificate that is not accepted the one cause is told, and the remedy in the advice
// makes one that is.
func TestAdviceOnCertificates(t *testing.T) {
	t.Parallel()
	s := slapdtest.Start(t, slapdtest.Options{People: 3})
	for name, test := range map[string]struct {
		made  string
		cause string
		hint  string
		heal  string                 // makes it anew
		set   func(*ldapsrc.Options) // or is set
	}{
		"a name in CN alone": {
			made: sign("", good), cause: "(CN=ldap.example.org) has no subjectAltName", hint: "with the subjectAltName IP:127.0.0.1",
			heal: sign(forLoopback, good),
		},
		"another name": {
			made: sign("subjectAltName=DNS:ldap.example.org,DNS:*.example.net\n", good), cause: "is for ldap.example.org, *.example.net, not for 127.0.0.1",
			hint: "set ldap.server_name: ldap.example.org", set: func(o *ldapsrc.Options) { o.ServerName = "ldap.example.org" },
		},
		"another address": {
			made: sign("subjectAltName=IP:192.0.2.7\n", good), cause: "is for 192.0.2.7, not for 127.0.0.1",
			hint: "set ldap.server_name: 192.0.2.7", set: func(o *ldapsrc.Options) { o.ServerName = "192.0.2.7" },
		},
		"signed with SHA-1": {
			made: sign(forLoopback, good+" -sha1"), cause: "the certificate of CN=ldap.example.org is signed with ECDSA-SHA1", hint: "SHA-256",
			heal: sign(forLoopback, good+" -sha256"),
		},
		"ended": {
			made: signFrom("20200101000000Z", "20210101000000Z"), cause: "the server's certificate (CN=ldap.example.org) has expired, on 2021-01-01", hint: "renewed",
			heal: sign(forLoopback, good),
		},
		"to come": {
			made: signFrom("20990101000000Z", "21000101000000Z"), cause: "not valid before 2099-01-01", hint: "clock",
			heal: sign(forLoopback, good),
		},
		"of an unknown authority": {
			made:  sign(forLoopback, good) + "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout other.key -subj /CN=otherCA -out trusted.pem 2>/dev/null",
			cause: "signed by unknown authority: CN=ourCA, which is not in the file of ldap.ca_file", hint: "set ldap.ca_file", heal: "cp ca.pem trusted.pem",
		},
		"of an authority with a new key": {
			made:  sign(forLoopback, good) + "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout other.key -subj /CN=ourCA -out trusted.pem 2>/dev/null",
			cause: "signed by unknown authority: CN=ourCA, of which the authority in ldap.ca_file has the name", hint: "that this authority has now", heal: "cp ca.pem trusted.pem",
		},
		"signed by itself": {
			made:  makeAuthority + "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -subj /CN=ldap.example.org -addext subjectAltName=IP:127.0.0.1 -out server.pem 2>/dev/null",
			cause: "by itself (CN=ldap.example.org)", hint: "that very certificate", heal: "cp server.pem trusted.pem",
		},
		"for clients": {
			made: sign(forLoopback+"extendedKeyUsage=clientAuth\n", good), cause: "lacks serverAuth", hint: "for servers",
			heal: sign(forLoopback+"extendedKeyUsage=serverAuth\n", good),
		},
		"between without its certificate": {
			made: makeAuthority + "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout mid.key -subj /CN=midCA -out mid.csr 2>/dev/null\nprintf 'basicConstraints=CA:TRUE\\n' > ext\n" +
				"openssl x509 -req -in mid.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile ext -out mid.pem 2>/dev/null\n" +
				"openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -subj /CN=ldap.example.org -out server.csr 2>/dev/null\nprintf 'subjectAltName=IP:127.0.0.1\\n' > ext\n" +
				"openssl x509 -req -in server.csr -CA mid.pem -CAkey mid.key -CAcreateserial -extfile ext -out server.pem 2>/dev/null",
			cause: "signed by unknown authority: CN=midCA, which is not in the file", hint: "set ldap.ca_file to a file with that authority's certificate", heal: "cp mid.pem trusted.pem",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := authority{t, t.TempDir()}
			a.sh(test.made)
			ask := func(set func(*ldapsrc.Options)) error {
				src := newSource(t, options(s, func(o *ldapsrc.Options) {
					o.URLs, o.CAFile = []string{terminator(t, s, &tls.Config{Certificates: []tls.Certificate{a.pair()}, MinVersion: tls.VersionTLS12})}, filepath.Join(a.dir, "trusted.pem")
					if set != nil {
						set(o)
					}
				}))
				_, info, err := readAll(t, src)
				if err == nil && info.Read != 3 {
					t.Errorf("%d people", info.Read)
				}
				return err
			}
			wantError(t, ask(nil), test.cause, test.hint)
			a.sh(test.heal)
			if err := ask(test.set); err != nil {
				t.Errorf("after the remedy: %v → %s", err, dirsync.Hint(err))
			}
		})
	}
}

// The system's authorities are meant where no file is named, and the advice is to name one.
func TestAdviceWithoutAuthority(t *testing.T) {
	t.Parallel()
	s := slapdtest.Start(t, slapdtest.Options{People: 3})
	_, _, err := readAll(t, newSource(t, options(s, func(o *ldapsrc.Options) { o.CAFile = "" })))
	wantError(t, err, "signed by unknown authority: CN=duosync test CA", "set ldap.ca_file to a file with that authority's certificate")
	if _, err := os.Stat(s.CAFile); err != nil {
		t.Fatal(err)
	}
	mustRead(t, newSource(t, options(s, nil)))
}
