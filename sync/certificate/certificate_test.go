package certificate_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/certificate"
)

// bench is a folder with a certificate, ca.pem, and its key, ca.key.
type bench struct {
	t   *testing.T
	dir string
	der []byte
	key crypto.Signer
}

func newBench(t *testing.T, change func(*x509.Certificate)) *bench {
	t.Helper()
	b := &bench{t: t, dir: t.TempDir()}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "a test's CA"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	if change != nil {
		change(template)
	}
	if b.der, err = x509.CreateCertificate(rand.Reader, template, template, key.Public(), key); err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	b.key = key
	b.write("ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: b.der})))
	b.write("ca.key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	return b
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

func (b *bench) write(name, text string) {
	b.t.Helper()
	if err := os.WriteFile(b.path(name), []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) read(name string) string {
	b.t.Helper()
	data, err := os.ReadFile(b.path(name))
	if err != nil {
		b.t.Fatal(err)
	}
	return string(data)
}

// sh runs a line in the folder.
func (b *bench) sh(line string) {
	b.t.Helper()
	cmd := exec.CommandContext(b.t.Context(), "sh", "-c", line)
	cmd.Dir = b.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		b.t.Fatalf("%s: %v\n%s", line, err, out)
	}
}

func utf16(text string) string {
	out := "\xff\xfe"
	for _, c := range []byte(text) {
		out += string([]byte{c, 0})
	}
	return out
}

var command = regexp.MustCompile("`([^`]+)`")

// Each form in which a certificate may come is told by its name, and the command in the
// advice, run as it is printed, makes a file of it that is taken.
func TestFormsOfAuthorities(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		make func(b *bench)
		told string // "" where it is taken
		by   string // what the advice says where it has no command
	}{
		"PEM":                     {func(b *bench) { b.sh("cp ca.pem 'f 1'") }, "", ""},
		"PEM with text around it": {func(b *bench) { b.write("f 1", "# ours\n"+b.read("ca.pem")+"the end\n") }, "", ""},
		"PEM with CRLF":           {func(b *bench) { b.write("f 1", strings.ReplaceAll(b.read("ca.pem"), "\n", "\r\n")) }, "", ""},
		"two":                     {func(b *bench) { b.sh("cat ca.pem ca.pem > 'f 1'") }, "", ""},
		"one of two is broken": {func(b *bench) {
			b.write("f 1", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}))+b.read("ca.pem"))
		}, "", ""},
		"DER":               {func(b *bench) { b.write("f 1", string(b.der)) }, "DER", ""},
		"PKCS#7 in DER":     {func(b *bench) { b.sh("openssl crl2pkcs7 -nocrl -certfile ca.pem -outform der -out 'f 1'") }, "PKCS#7", ""},
		"PKCS#7 in PEM":     {func(b *bench) { b.sh("openssl crl2pkcs7 -nocrl -certfile ca.pem -out 'f 1'") }, "PKCS#7", ""},
		"PKCS#12":           {func(b *bench) { b.sh("openssl pkcs12 -export -in ca.pem -inkey ca.key -passout pass: -out 'f 1'") }, "PKCS#12", ""},
		"openssl's own":     {func(b *bench) { b.sh("openssl x509 -in ca.pem -trustout -out 'f 1'") }, "TRUSTED CERTIFICATE", ""},
		"a byte order mark": {func(b *bench) { b.write("f 1", "\ufeff"+b.read("ca.pem")) }, "byte order mark", ""},
		"a mark before two": {func(b *bench) { b.write("f 1", "\ufeff"+b.read("ca.pem")+b.read("ca.pem")) }, "byte order mark", ""},
		"UTF-16":            {func(b *bench) { b.write("f 1", utf16(b.read("ca.pem"))) }, "UTF-16", ""},
		"a key":             {func(b *bench) { b.sh("cp ca.key 'f 1'") }, "a private key", "with the certificate"},
		"a request":         {func(b *bench) { b.sh("openssl req -new -key ca.key -subj /CN=x -out 'f 1'") }, "request", "the authority made of it"},
		"nothing":           {func(b *bench) { b.write("f 1", " \n") }, "is empty", "PEM text"},
		"something else":    {func(b *bench) { b.write("f 1", "see the intranet") }, "no PEM text", "BEGIN CERTIFICATE"},
		"base64 alone":      {func(b *bench) { b.write("f 1", base64.StdEncoding.EncodeToString(b.der)) }, "first and last line", "-----BEGIN CERTIFICATE-----"},
		"cut off":           {func(b *bench) { b.write("f 1", b.read("ca.pem")[:200]) }, "cut off", "anew"},
		"a broken one": {func(b *bench) {
			b.write("f 1", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")})))
		}, "can't be read", "made anew"},
		"a keystore": {func(b *bench) { b.write("f 1", "\xfe\xed\xfe\xed....") }, "Java keystore", "keytool"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil)
			test.make(b)
			file := b.path("f 1")
			_, err := certificate.Authorities(file, []byte(b.read("f 1")))
			if test.told == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			hint := dirsync.Hint(err)
			if err == nil || !strings.Contains(err.Error(), test.told) || !strings.Contains(err.Error(), file) || !strings.Contains(hint, test.by) || hint == "" {
				t.Fatalf("told %v → %s", err, hint)
			}
			line := command.FindStringSubmatch(hint)
			if line == nil || test.by != "" {
				if test.by == "" {
					t.Errorf("advice without a command: %s", hint)
				}
				return
			}
			b.sh(strings.Replace(line[1], "openssl pkcs12 ", "openssl pkcs12 -passin pass: ", 1)) // it asks for the passphrase
			if _, err := os.Stat(b.path("f 1.pem")); err == nil {
				file += ".pem"
			}
			data, err := os.ReadFile(file)
			if err == nil {
				_, err = certificate.Authorities(file, data)
			}
			if err != nil {
				t.Errorf("after %s: %v", line[1], err)
			}
		})
	}
}

// A certificate's key is told apart from another one's, in whatever form it comes.
func TestKeys(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		make   func(b *bench)
		change func(*x509.Certificate)
		told   string
	}{
		"its own":          {func(b *bench) { b.sh("cp ca.key key") }, nil, ""},
		"in EC form":       {func(b *bench) { b.sh("openssl ec -in ca.key -out key") }, nil, ""},
		"after parameters": {func(b *bench) { b.sh("openssl ecparam -name prime256v1 -out key; openssl ec -in ca.key >> key") }, nil, ""},
		"in one file":      {func(b *bench) { b.sh("cat ca.pem ca.key > key") }, nil, ""},
		"another one":      {func(b *bench) { b.sh("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key") }, nil, "does not belong to the certificate"},
		"of another kind":  {func(b *bench) { b.sh("openssl genpkey -algorithm ed25519 -out key") }, nil, "does not belong to the certificate"},
		"the certificate":  {func(b *bench) { b.sh("cp ca.pem key") }, nil, "no private key"},
		"encrypted":        {func(b *bench) { b.sh("openssl pkey -in ca.key -aes128 -passout pass:planted -out key") }, nil, "passphrase"},
		"DER":              {func(b *bench) { b.sh("openssl pkey -in ca.key -outform der -out key") }, nil, "DER"},
		"PKCS#12":          {func(b *bench) { b.sh("openssl pkcs12 -export -in ca.pem -inkey ca.key -passout pass: -out key") }, nil, "PKCS#12"},
		"a mark":           {func(b *bench) { b.write("key", "\ufeff"+b.read("ca.key")) }, nil, "byte order mark"},
		"nothing":          {func(b *bench) { b.write("key", "") }, nil, "is empty"},
		"an ended one": {func(b *bench) { b.sh("cp ca.key key") }, func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
		}, "ended on"},
		"one to come": {func(b *bench) { b.sh("cp ca.key key") }, func(c *x509.Certificate) {
			c.NotBefore = time.Now().Add(time.Minute)
		}, "begins on"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, test.change)
			test.make(b)
			pair, err := certificate.Chain(b.path("ca.pem"), []byte(b.read("ca.pem")), time.Now())
			if err == nil {
				err = certificate.AddKey(&pair, b.path("key"), []byte(b.read("key")))
			}
			switch {
			case test.told == "":
				if err != nil || pair.PrivateKey == nil {
					t.Errorf("refused: %v", err)
				}
			case err == nil || !strings.Contains(err.Error(), test.told) || dirsync.Hint(err) == "":
				t.Errorf("told %v → %s", err, dirsync.Hint(err))
			default:
				line := command.FindStringSubmatch(dirsync.Hint(err))
				if line == nil {
					return
				}
				phrase := map[bool]string{true: "pass:planted"}[test.told == "passphrase"]
				if phrase == "" {
					phrase = "pass:"
				}
				b.sh(strings.NewReplacer("openssl pkcs12 ", "openssl pkcs12 -passin "+phrase+" ", "openssl pkey ", "openssl pkey -passin "+phrase+" ").Replace(line[1]))
				file := "key"
				if _, err := os.Stat(b.path("key.pem")); err == nil {
					file = "key.pem"
				}
				if err := certificate.AddKey(&pair, file, []byte(b.read(file))); err != nil {
					t.Errorf("after %s: %v", line[1], err)
				}
			}
		})
	}
}

// The pair that is made is one that TLS takes.
func TestPairIsOfUse(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	pair, err := certificate.Chain("ca.pem", []byte(b.read("ca.pem")), time.Now())
	if err == nil {
		err = certificate.AddKey(&pair, "ca.key", []byte(b.read("ca.key")))
	}
	want, err2 := tls.LoadX509KeyPair(b.path("ca.pem"), b.path("ca.key"))
	if err != nil || err2 != nil || !pair.Leaf.Equal(want.Leaf) || string(pair.Certificate[0]) != string(want.Certificate[0]) {
		t.Errorf("%v, %v", err, err2)
	}
}

func FuzzFiles(f *testing.F) {
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"))
	f.Add([]byte{0x30, 0x03, 0x02, 0x01, 0x03, 0x30})
	f.Fuzz(func(t *testing.T, data []byte) {
		pair := tls.Certificate{Leaf: &x509.Certificate{}}
		_, err := certificate.Authorities("f", data)
		for _, err := range []error{err, certificate.AddKey(&pair, "f", data)} {
			if err != nil && dirsync.Hint(err) == "" {
				t.Errorf("%v without advice", err)
			}
		}
	})
}

// A certificate that signed the server's and is none of an authority is not told to have
// another key.
func TestSignedByNoAuthority(t *testing.T) {
	for name, test := range map[string]struct {
		isCA bool
		key  bool // the file has another key
		want string
	}{
		"no authority": {false, false, "none of an authority"},
		"another key":  {true, true, "has the name, but not the key"},
	} {
		b := newBench(t, func(c *x509.Certificate) {
			c.IsCA = test.isCA
			c.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign
		})
		parent, err := x509.ParseCertificate(b.der)
		if err != nil {
			t.Fatal(err)
		}
		signer := b.key
		if test.key {
			other := newBench(t, nil)
			signer = other.key
			parent.PublicKey, parent.PublicKeyAlgorithm = signer.Public(), x509.ECDSA
		}
		names := strings.Fields(strings.Repeat("ldap.example.org ", 41))
		leaf := &x509.Certificate{SerialNumber: big.NewInt(8), DNSNames: names, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
		der, err := x509.CreateCertificate(rand.Reader, leaf, parent, b.key.Public(), signer)
		if err != nil {
			t.Fatal(err)
		}
		if leaf, err = x509.ParseCertificate(der); err != nil {
			t.Fatal(err)
		}
		pool, err := certificate.Authorities("ca.pem", []byte(b.read("ca.pem")))
		if err != nil {
			t.Fatal(err)
		}
		client := certificate.Client{Name: "ldap.example.org", CAFile: "ldap.ca_file", ServerName: "ldap.server_name", HasCA: true, Now: time.Now()}
		_, err = leaf.Verify(x509.VerifyOptions{Roots: pool, DNSName: client.Name})
		said := client.Refused(&tls.CertificateVerificationError{UnverifiedCertificates: []*x509.Certificate{leaf}, Err: err})
		if said == nil || !strings.Contains(said.Error(), test.want) || dirsync.Hint(said) == "" {
			t.Errorf("%s: %v of %v, want %q", name, said, err, test.want)
		}
		// One of many names is told by some.
		_, err = leaf.Verify(x509.VerifyOptions{Roots: pool, DNSName: "other.example.org"})
		if said := client.Refused(x509.HostnameError{Certificate: leaf, Host: "other.example.org"}); len(said.Error()) > 250 || !strings.Contains(said.Error(), "36 others") {
			t.Errorf("%v of %v", said, err)
		}
	}
}
