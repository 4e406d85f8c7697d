package ldapsrc

import (
	"crypto/x509"
	"fmt"
	"time"

	"github.com/sirupsen/logrus"

	"duosync/ldapsrc/schema"
)

// What the zero value of an option stands for.
const (
	DefaultTimeout  = 30 * time.Second
	DefaultPageSize = 1000
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
	// Groups selects the groups that people are told to be in.
	Groups Groups
	// Attributes are the names of the attributes to read besides the id and the
	// preset's status attributes; operational ones, too.
	Attributes []string
	// Preset says how a lock or a disabled account shows, and fills what Users
	// and Groups leave out.
	Preset schema.Preset
	// Log gets debug messages; nil for none.
	Log logrus.FieldLogger
	// Now is the clock that tells whether a lock has run out; nil for time.Now.
	Now func() time.Time
}

// Users selects people in the directory.
type Users struct {
	Bases []string
	// Filter in the syntax of RFC 4515.
	Filter string
	Scope  Scope
	// IDAttribute holds the immutable id: single-valued and present in every
	// entry that the filter returns.
	IDAttribute string
}

// Groups selects groups. Those of a person are told in Person.Groups.
//
// A group inside a group counts wherever it is in the directory's tree (the naming
// contexts that hold Users.Bases), if Filter matches it; only those below Bases are
// told by name. A member that is neither a person who was read nor a group is nobody,
// and ReadInfo.Warnings tells of those that do not exist.
type Groups struct {
	Bases []string
	// Filter in the syntax of RFC 4515.
	Filter string
	// NameAttribute holds a group's name. Of several values it is the one in the
	// DN, or else the least.
	NameAttribute string
	// MemberAttribute holds the members' DNs (member, uniqueMember), or, if it is
	// memberUid, their uids (RFC 2307). A posixGroup's people by gidNumber alone
	// are not told.
	MemberAttribute string
	// Nested puts the people of a group inside a group into the outer one, too,
	// at any depth.
	Nested bool
	// Want tells by the name, as the server has it, which groups are asked about. It
	// is not asked about a blank name. When nil, groups are not read at all.
	Want func(name string) bool
}

// String names the servers and hides everything else, the password included.
func (o Options) String() string { return fmt.Sprintf("ldap %v", o.URLs) }

// GoString is String: the password does not show with %#v either.
func (o Options) GoString() string { return o.String() }
