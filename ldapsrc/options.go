package ldapsrc

import (
	"crypto/x509"
	"fmt"
	"time"

	"github.com/sirupsen/logrus"
)

// What the zero value of an option stands for.
const (
	DefaultTimeout     = 30 * time.Second
	DefaultPageSize    = 1000
	DefaultFilter      = "(objectClass=person)"
	DefaultIDAttribute = "entryUUID" // RFC 4530
)

// Scope says how deep below a base DN people are looked for (RFC 4511, 4.5.1.2).
type Scope string

// The scopes. The zero value stands for ScopeSub.
const (
	ScopeSub  Scope = "sub"  // the base and all below it
	ScopeOne  Scope = "one"  // the entries directly below the base
	ScopeBase Scope = "base" // the base entry itself
)

// Options say which directory is read, as whom, and what is taken from it. They
// mirror the configuration's ldap section.
type Options struct {
	// URLs of the servers, ldap://host[:port] or ldaps://host[:port]. A later
	// one is tried when an earlier one can't be reached.
	URLs []string
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
	// BindDN and BindPassword authenticate by simple bind. Without a BindDN and
	// a client certificate the directory is read anonymously.
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
	// Users selects the people.
	Users Users
	// Attributes are the names of the attributes to read besides the id and the
	// preset's status attributes; operational ones, too.
	Attributes []string
	// Preset says how a lock or a disabled account shows.
	Preset Preset
	// Log gets debug messages; nil for none.
	Log logrus.FieldLogger
	// Now is the clock that tells whether a lock has run out; nil for time.Now.
	Now func() time.Time
}

// Users selects people in the directory.
type Users struct {
	BaseDNs []string
	// Filter in the syntax of RFC 4515.
	Filter string
	Scope  Scope
	// IDAttribute holds the immutable id: single-valued and present in every
	// entry that the filter returns.
	IDAttribute string
}

// String names the servers and hides everything else, the password included.
func (o Options) String() string { return fmt.Sprintf("ldap %v", o.URLs) }

// GoString is String: the password does not show with %#v either.
func (o Options) GoString() string { return o.String() }
