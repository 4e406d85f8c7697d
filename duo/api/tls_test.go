package api_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"duosync/duo/api"
	"duosync/duo/api/apitest"
	dirsync "duosync/sync"
)

// inspector is what stands between here and Duo and looks into TLS: its authority, and a
// certificate of that for Duo's name, with one thing wrong.
type inspector struct {
	key    crypto.Signer
	server tls.Certificate
	ca     string // the authority's file
}

func newInspector(t *testing.T, isRSA bool, bend func(leaf *x509.Certificate)) *inspector {
	t.Helper()
	newKey := func() crypto.Signer {
		var key crypto.Signer
		var err error
		if isRSA {
			key, err = rsa.GenerateKey(rand.Reader, 2048)
		} else {
			key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		}
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	now := time.Now()
	i := &inspector{key: newKey(), ca: filepath.Join(t.TempDir(), "ca.pem")}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Inspector"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if bend != nil {
		bend(leaf)
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, i.key.Public(), i.key)
	if err != nil {
		t.Fatal(err)
	}
	key := newKey()
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), i.key)
	if err != nil {
		t.Fatal(err)
	}
	i.server = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	if err := os.WriteFile(i.ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER}), 0o600); err != nil {
		t.Fatal(err)
	}
	return i
}

// What answers over TLS and is not as it should be is told by its own fault, and is sent
// nothing. It is not asked again where that is the certificate.
func TestTLSThatIsNotDuos(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		isRSA  bool
		bend   func(*x509.Certificate)
		config func(*tls.Config)
		other  bool // the authority is another one
		words  string
		hint   string
	}{
		"as it should be":    {},
		"unknown authority":  {other: true, words: "unknown authority", hint: "set duo.ca_file"},
		"a name in CN alone": {bend: func(c *x509.Certificate) { c.DNSNames = nil }, words: "", hint: "CN"},
		"another name":       {bend: func(c *x509.Certificate) { c.DNSNames = []string{"proxy.example.org"} }, words: "proxy.example.org", hint: "another name than localhost"},
		"signed with SHA-1":  {isRSA: true, bend: func(c *x509.Certificate) { c.SignatureAlgorithm = x509.SHA1WithRSA }, words: "", hint: "signed with SHA1-RSA"},
		"ended":              {bend: func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }, words: "expired", hint: "clock"},
		"to come":            {bend: func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) }, words: "not yet valid", hint: "clock"},
		"for clients":        {bend: func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }, words: "usage", hint: "not Duo"},
		"TLS 1.1 at most":    {config: func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }, words: "version", hint: "TLS 1.2"},
		"RSA key exchange": {isRSA: true, config: func(c *tls.Config) {
			c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}
		}, words: "handshake failure", hint: "TLS 1.2"},
		"a client certificate": {config: func(c *tls.Config) { c.ClientAuth = tls.RequireAnyClientCert }, words: "certificate", hint: "client certificate"},
		"one, in TLS 1.2": {config: func(c *tls.Config) { c.ClientAuth, c.MaxVersion = tls.RequireAnyClientCert, tls.VersionTLS12 },
			words: "handshake failure", hint: "client certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newInspector(t, test.isRSA, test.bend)
			var asked, connections atomic.Int32
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				asked.Add(1)
				w.WriteHeader(http.StatusNotFound)
			}))
			server.Config.ErrorLog = apitest.Quiet()
			server.TLS = &tls.Config{Certificates: []tls.Certificate{i.server}, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
				connections.Add(1)
				return nil, nil
			}}
			if test.config != nil {
				test.config(server.TLS)
			}
			server.StartTLS()
			t.Cleanup(server.Close)
			if test.other {
				i = newInspector(t, false, nil)
			}
			_, port, _ := strings.Cut(strings.TrimPrefix(server.URL, "https://"), ":")
			client := connect(t, api.Options{Host: "localhost:" + port, IntegrationKey: apitest.IntegrationKey, SecretKey: apitest.SecretKey, CAFile: i.ca,
				Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
			_, err := client.CountUsers(t.Context())
			if test.hint == "" {
				if err == nil || errors.Is(err, api.ErrTransport) || asked.Load() == 0 {
					t.Errorf("it does not get through: %v", err)
				}
				return
			}
			if !errors.Is(err, api.ErrTransport) || !strings.Contains(err.Error(), test.words) || !strings.Contains(dirsync.Hint(err), test.hint) {
				t.Errorf("got %v → %s", err, dirsync.Hint(err))
			}
			if asked.Load() > 0 || test.config == nil && connections.Load() != 1 {
				t.Errorf("%d calls over %d connections", asked.Load(), connections.Load())
			}
		})
	}
}
