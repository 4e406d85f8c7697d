// Package advice says what an administrator can do about a server of a directory that
// can't be used: by the code that it answered with (results.go), by what a domain
// controller adds to one (logon.go), or, where no answer came, by a look at the server
// over a connection of its own (look.go, handshake.go). No login is sent for such a look.
//
// What real servers at hand answer, OpenLDAP above all, has been provoked there and the remedy
// tried; for other answers a simulated server stands in, or the words are from documentation.
package advice

import (
	"errors"

	"github.com/go-ldap/ldap/v3"
)

// The rights that an account needs, and how it logs in.
const (
	// Rights is the advice where a server does not show an entry.
	Rights = "give the account of ldap.bind_dn the right to read and search there"
	// Login is the advice where nothing more is known of a login that was refused.
	Login = "check ldap.bind_dn and ldap.bind_password, and that the account is not locked"
	// Encrypt is the advice where a server wants an encrypted connection.
	Encrypt = "set ldap.start_tls: true, or use an ldaps:// URL"
)

const (
	laterOn   = "the server says it is out of service for now; try again later"
	intoItLog = "the server itself failed: its log says at what; put that right there, and run again"
	logIn     = "the server lets nobody in without a login: set ldap.bind_dn and ldap.bind_password"
	stronger  = "the server wants more than this connection gives, though it is encrypted: have the strength that it asks for (OpenLDAP: security) lowered to TLS 1.2, or the channel binding that it asks for " +
		"(Active Directory: LdapEnforceChannelBinding) to 1"
)

// MustChange reports whether a server lets an account in for nothing but a change of its password
// (draft-vchu-ldap-pwd-policy-00, 1.1).
func MustChange(controls []ldap.Control) bool {
	return ldap.FindControl(controls, ldap.ControlTypeVChuPasswordMustChange) != nil
}

const mustChange = "the account of ldap.bind_dn must change its password first: give it one that it may keep"

// Method is how a login is made.
type Method int

// The methods (RFC 4513, 5).
const (
	Anonymous Method = iota
	Simple           // a name and a password
	External         // SASL EXTERNAL by a client certificate
	Socket           // SASL EXTERNAL by the user of the process
)

// Situation is what was done when a server answered with an error.
type Situation struct {
	Method    Method
	Encrypted bool
	// Asked: the server asked for a client certificate.
	Asked bool
	// Base is the key of the configuration that holds the base of a search.
	Base string
	// Message is what the server added.
	Message string
	// MustChange: the server let the account in to change its password.
	MustChange bool
}

// Code is the code of a server's answer, whatever it is (RFC 4511, 4.1.9, lets a server have
// its own). go-ldap's own codes, from ErrorNetwork on, are none.
func Code(err error) (code uint16, answered bool) {
	var answer *ldap.Error
	if errors.As(err, &answer) && (answer.ResultCode < ldap.ErrorNetwork || answer.ResultCode > ldap.ErrorMalformedPacket) {
		return answer.ResultCode, true
	}
	return 0, false
}

// IsBusy reports whether a server says by a code that it can't answer just now.
func IsBusy(code uint16) bool {
	return code == ldap.LDAPResultBusy || code == ldap.LDAPResultUnavailable
}
