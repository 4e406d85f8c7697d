// Package posttest is a mail server on loopback for tests: it speaks STARTTLS or TLS, knows
// one password, refuses what it is told to, and keeps what it takes.
package posttest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	stdlog "log"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Password is the one that the server takes, of anybody.
const Password = "pl@nted/pass" //nolint:gosec // for tests

// Server is a mail server on loopback.
type Server struct {
	sync.Mutex
	Mails    []Letter
	Sessions int
	Users    []string // who logged in
	Refuse   []error  // the answers to MAIL, one after another; nil: it takes it
	Unknown  string   // a recipient it does not know
	Address  string
	CA       string // the file of who vouches for it

	Certificate tls.Certificate
}

// Letter is a mail that was taken: for whom, as it was sent, and whether over TLS.
type Letter struct {
	To   []string
	Data string
	TLS  bool
}

// New starts one whose certificate is for name; "": it has none. implicit: TLS from the
// start.
func New(t *testing.T, name string, implicit bool) *Server {
	t.Helper()
	p := &Server{}
	mail := smtp.NewServer(p)
	mail.Domain = "mail.test"
	mail.ErrorLog = stdlog.New(io.Discard, "", 0)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	p.Address = listener.Addr().String()
	if name != "" {
		p.Certificate = p.certify(t, name)
		mail.TLSConfig = &tls.Config{Certificates: []tls.Certificate{p.Certificate}}
	}
	if implicit {
		listener = tls.NewListener(listener, mail.TLSConfig)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = mail.Serve(listener) }()
	t.Cleanup(func() { _ = mail.Close(); <-done })
	return p
}

// certify makes a certificate that is its own authority.
func (p *Server) certify(t *testing.T, name string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	if ip := net.ParseIP(name); ip != nil {
		c.IPAddresses = []net.IP{ip}
	} else {
		c.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	must(t, err)
	p.CA = filepath.Join(t.TempDir(), "ca.pem")
	must(t, os.WriteFile(p.CA, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// NewSession implements smtp.Backend.
func (p *Server) NewSession(c *smtp.Conn) (smtp.Session, error) {
	p.Lock()
	defer p.Unlock()
	p.Sessions++
	_, secure := c.TLSConnectionState()
	return &session{server: p, tls: secure}, nil
}

type session struct {
	server *Server
	tls    bool
	to     []string
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain, sasl.Login} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		s.server.Lock()
		defer s.server.Unlock()
		s.server.Users = append(s.server.Users, user)
		if password != Password {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "Authentication failed: " + password}
		}
		return nil
	}), nil
}

func (s *session) Mail(string, *smtp.MailOptions) error {
	s.server.Lock()
	defer s.server.Unlock()
	s.to = nil
	if len(s.server.Refuse) > 0 {
		err := s.server.Refuse[0]
		s.server.Refuse = s.server.Refuse[1:]
		return err
	}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if to == s.server.Unknown {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
	}
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	s.server.Lock()
	defer s.server.Unlock()
	s.server.Mails = append(s.server.Mails, Letter{s.to, string(data), s.tls})
	return err
}

func (s *session) Reset()        { s.to = nil }
func (s *session) Logout() error { return nil }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Taken gives the mails that were taken so far.
func (p *Server) Taken() []Letter {
	p.Lock()
	defer p.Unlock()
	return slices.Clone(p.Mails)
}
