package conn

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
	"duosync/sync/certificate"
	"duosync/sync/secrets"
)

// What the zero value of an option stands for.
const (
	DefaultTimeout  = 30 * time.Second
	DefaultPageSize = 1000
)

// Servers are the servers of one directory, and how and as whom they are read.
type Servers struct {
	// URLs of the servers, as [schema.ParseAddress] reads them. A later one is tried
	// when an earlier one can't be reached.
	URLs []string
	// LookupSRV asks DNS for the servers of a domain; nil for the system's resolver, see
	// [net.Resolver.LookupSRV].
	LookupSRV func(ctx context.Context, service, proto, name string) (cname string, records []*net.SRV, err error)
	// StartTLS encrypts connections to ldap:// URLs (RFC 4511, 4.14).
	StartTLS bool
	// RootCAs are the authorities that a server's certificate may come from.
	// When nil, CAFile names a PEM file of them; when that is empty too, the
	// system's are used.
	RootCAs *x509.CertPool
	CAFile  string
	// ServerName is the name in the certificate where it differs from the URL's.
	ServerName string
	// ClientCertFile and ClientKeyFile are PEM files. Without a BindDN they
	// authenticate by SASL EXTERNAL (RFC 4422, appendix A).
	ClientCertFile string
	ClientKeyFile  string
	// BindDN and BindPassword authenticate by simple bind; Active Directory also takes
	// user@domain and DOMAIN\user as a BindDN. Without a BindDN and a client certificate
	// the directory is read anonymously, but over a socket as the user of this process
	// (SASL EXTERNAL).
	BindDN       string
	BindPassword string
	// AllowPlaintext lets the password go over an unencrypted connection, which
	// is otherwise refused except to a loopback address.
	AllowPlaintext bool
	// Timeout bounds connecting (TLS included), the bind, and each page of a
	// search. Time that the consumer of a read takes does not count.
	Timeout time.Duration
	// PageSize is the number of entries asked for at a time (RFC 2696).
	PageSize int
	// ReferralHosts are the hosts, as name or name:port, to which a referral is
	// followed, with the same credentials. A referral elsewhere is an error.
	ReferralHosts []string
	// Log gets debug messages; nil for none.
	Log logrus.FieldLogger
}

// String names the servers and hides everything else, the password included.
func (s Servers) String() string { return fmt.Sprintf("ldap %v", s.URLs) }

// GoString is String: the password does not show with %#v either.
func (s Servers) GoString() string { return s.String() }

// Dialer opens connections to the servers of one directory.
type Dialer struct {
	Servers
	kind      *schema.Kind
	hidden    secrets.Hider // the password
	endpoints []endpoint
	tls       *tls.Config
	logins    logins
}

// ErrNotTried means that a login was left out, since a server had refused the same
// account: a further try would count as one more wrong password.
var ErrNotTried = errors.New("not tried")

// logins remembers which servers let the account in, and that one did not.
type logins struct {
	mu      sync.Mutex
	let     map[string]bool // by address
	refused error
}

// known gives why a login at a server is not tried; nil: it may be.
func (l *logins) known(e endpoint) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refused == nil || l.let[e.addr] {
		return nil
	}
	return &refusedError{fmt.Errorf("the login is %w again, since it was refused: %w", ErrNotTried, l.refused)}
}

// note keeps what became of a login.
func (l *logins) note(e endpoint, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var refusal *refusedError
	switch {
	case err == nil:
		if l.let == nil {
			l.let = map[string]bool{}
		}
		l.let[e.addr] = true
	case errors.As(err, &refusal):
		delete(l.let, e.addr)
		l.refused = fmt.Errorf("%s: %w", e.url, err)
	}
}

// NewDialer checks how servers of a kind are to be reached. It reads the certificate
// files but does not connect.
func NewDialer(servers Servers, kind *schema.Kind) (*Dialer, error) {
	d := &Dialer{Servers: servers, kind: kind, hidden: secrets.New(servers.BindPassword)}
	d.Timeout = cmp.Or(d.Timeout, DefaultTimeout)
	d.PageSize = cmp.Or(d.PageSize, DefaultPageSize)
	if d.Log == nil {
		quiet := logrus.New()
		quiet.SetOutput(io.Discard)
		d.Log = quiet
	}
	for _, check := range []func() error{d.checkLimits, d.checkAccount, d.parseURLs, d.loadCertificates} {
		if err := check(); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (d *Dialer) checkLimits() error {
	if d.Timeout < 0 {
		return dirsync.WithHint(fmt.Errorf("LDAP timeout %v is negative", d.Timeout), "set ldap.timeout to something like 30s")
	}
	if d.PageSize < 0 || d.PageSize > math.MaxInt32 {
		return dirsync.WithHint(fmt.Errorf("LDAP page size %d is out of range", d.PageSize), "set ldap.page_size to something like 1000")
	}
	return nil
}

func (d *Dialer) checkAccount() error {
	if len(d.URLs) == 0 {
		return dirsync.WithHint(errors.New("no LDAP server is given"), "set ldap.urls")
	}
	if d.BindDN != "" && d.BindPassword == "" {
		return dirsync.WithHint(errors.New("there is a bind DN but no password; servers take such a bind for anonymous"),
			"set ldap.bind_password, or drop ldap.bind_dn")
	}
	if d.BindDN == "" && d.BindPassword != "" {
		return dirsync.WithHint(errors.New("there is a bind password but no bind DN"), "set ldap.bind_dn")
	}
	return nil
}

func (d *Dialer) parseURLs() error {
	for _, text := range d.URLs {
		e, err := parseEndpoint(text)
		if err != nil {
			return err
		}
		if err := d.checkPlaintext(e); err != nil {
			return err
		}
		if d.ClientCertFile != "" && !e.encrypted(d.StartTLS) {
			return dirsync.WithHint(fmt.Errorf("%s: a client certificate needs an encrypted connection", e.url),
				"set ldap.start_tls: true or use an ldaps:// URL")
		}
		d.endpoints = append(d.endpoints, e)
	}
	return nil
}

// checkPlaintext refuses to send a password to e in the clear.
func (d *Dialer) checkPlaintext(e endpoint) error {
	if d.BindPassword == "" || e.encrypted(d.StartTLS) || d.AllowPlaintext || e.socket || isLoopback(e.host) {
		return nil
	}
	return dirsync.WithHint(fmt.Errorf("%s: the bind password would go over an unencrypted connection", e.url),
		"set ldap.start_tls: true or use an ldaps:// URL; ldap.allow_plaintext: true sends it all the same")
}

func (d *Dialer) loadCertificates() error {
	config := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: d.RootCAs}
	if config.RootCAs == nil && d.CAFile != "" {
		data, err := os.ReadFile(d.CAFile)
		if err == nil {
			config.RootCAs, err = certificate.Authorities(d.CAFile, data)
		}
		if err != nil {
			return advised(fmt.Errorf("ldap.ca_file: %w", err), "check ldap.ca_file")
		}
	}
	if (d.ClientCertFile == "") != (d.ClientKeyFile == "") {
		return dirsync.WithHint(errors.New("a client certificate and its key come together"),
			"set both ldap.client_cert_file and ldap.client_key_file")
	}
	if d.ClientCertFile != "" {
		pair, err := d.clientCertificate()
		if err != nil {
			return advised(fmt.Errorf("LDAP client certificate: %w", err), "check ldap.client_cert_file and ldap.client_key_file")
		}
		config.Certificates = []tls.Certificate{pair}
	}
	d.tls = config
	return nil
}

func (d *Dialer) clientCertificate() (tls.Certificate, error) {
	cert, err := os.ReadFile(d.ClientCertFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := os.ReadFile(d.ClientKeyFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	pair, err := certificate.Chain(d.ClientCertFile, cert, time.Now())
	if err == nil {
		err = certificate.AddKey(&pair, d.ClientKeyFile, key)
	}
	return pair, err
}

// advised adds advice to an error that has none.
func advised(err error, hint string) error {
	if dirsync.Hint(err) != "" {
		return err
	}
	return dirsync.WithHint(err, hint)
}
