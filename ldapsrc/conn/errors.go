package conn

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"regexp"
	"strings"
	"syscall"

	"github.com/go-ldap/ldap/v3"

	dirsync "duosync/sync"
	"duosync/sync/secrets"
)

// resultError is a server's answer in words, in place of go-ldap's.
type resultError struct {
	text string
	err  error
}

func (e *resultError) Error() string { return e.text }
func (e *resultError) Unwrap() error { return e.err }

// refusedError is a server's answer that it does not let us in.
type refusedError struct{ err error }

func (e *refusedError) Error() string { return e.err.Error() }
func (e *refusedError) Unwrap() error { return e.err }

// readable puts a server's answer into words, without the password, should it be in
// there; other errors stay as they are.
func (d *Dialer) readable(err error) error {
	code, ok := resultCode(err)
	if !ok {
		return err
	}
	name := strings.ToLower(ldap.LDAPResultCodeMap[code])
	if name == "" {
		name = "refused"
	}
	text := fmt.Sprintf("%s (LDAP code %d)", name, code)
	var answer *ldap.Error
	if errors.As(err, &answer) && answer.Err != nil {
		if message := d.hidden.Line(answer.Err.Error(), maxMessage); message != "" {
			text += ": " + message
		}
	}
	return &resultError{text: text, err: err}
}

// maxMessage bounds how much of a server's message goes into an error.
const maxMessage = 300

// visible makes a value fit for one line on a terminal: what can't be seen is left out.
func visible(text string) string { return secrets.Hider{}.Line(text, maxMessage) }

// IsAnswer reports whether an error is, or wraps, a server's answer.
func IsAnswer(err error) bool {
	_, answered := resultCode(err)
	return answered
}

// resultCode is the code of a server's answer. go-ldap's own codes, from
// ErrorNetwork on, are none.
func resultCode(err error) (uint16, bool) {
	var answer *ldap.Error
	if errors.As(err, &answer) && (answer.ResultCode < ldap.ErrorNetwork || answer.ResultCode > ldap.ErrorMalformedPacket) {
		return answer.ResultCode, true
	}
	return 0, false
}

// HintRights is the advice where a server does not show an entry.
const HintRights = "give the account of ldap.bind_dn the right to read and search there"

const (
	hintTLS  = "set ldap.start_tls: true, or use an ldaps:// URL"
	hintBind = "check ldap.bind_dn and ldap.bind_password, and that the account is not locked"
)

// explainBind words the answer to a bind. A server that refuses is told from
// one that can't answer just now.
func (d *Dialer) explainBind(err error, e endpoint) error {
	code, ok := resultCode(err)
	if !ok {
		return fmt.Errorf("bind: %w", explainTLS(err))
	}
	hint := cmp.Or(logonHint(err.Error()), hintBind)
	if e.socket && d.BindDN == "" {
		hint = "let the server take this process's user in (OpenLDAP: authz-regexp for gidNumber=…+uidNumber=…,cn=peercred,cn=external,cn=auth), or give ldap.bind_dn and ldap.bind_password"
	}
	err = d.readable(err)
	switch code {
	case ldap.LDAPResultBusy, ldap.LDAPResultUnavailable:
		return dirsync.WithHint(fmt.Errorf("bind: %w", err), "the server says it is out of service for now; try again later")
	case ldap.LDAPResultConfidentialityRequired, ldap.LDAPResultStrongAuthRequired:
		err = dirsync.WithHint(fmt.Errorf("bind: %w", err), hintTLS)
	case ldap.LDAPResultUnwillingToPerform:
		err = dirsync.WithHint(fmt.Errorf("bind: %w", err),
			"the server does not accept this kind of bind: "+hintBind+", or "+hintTLS)
	default:
		err = dirsync.WithHint(fmt.Errorf("bind as %s: %w", d.who(e), err), hint)
	}
	return &refusedError{err}
}

func (d *Dialer) who(e endpoint) string {
	switch {
	case d.BindDN != "":
		return `"` + visible(d.BindDN) + `"`
	case e.socket:
		return "the user of this process"
	case d.ClientCertFile != "":
		return "the client certificate's subject"
	}
	return "nobody (anonymous)"
}

// explainDial words a failed connection. When ctx ended, that is the cause.
func explainDial(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var noName *net.DNSError
	switch {
	case errors.As(err, &noName):
		return dirsync.WithHint(err, "check the host name in ldap.urls")
	case errors.Is(err, syscall.ECONNREFUSED):
		return dirsync.WithHint(err, "check that the directory runs, and host and port in ldap.urls, or the socket")
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return dirsync.WithHint(err, "check the path of the socket in ldap.urls, and that this process may use it")
	}
	return explainTLS(err)
}

// hintLost is for a connection that ended before the answer did.
const hintLost = "the other side closed the connection: look into the directory's log, and check that ldaps:// and ldap:// in ldap.urls go to the right ports; then run again"

// explainTLS adds advice to a failed handshake, or to a connection that broke.
func explainTLS(err error) error {
	if dirsync.Hint(err) == "" && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)) {
		return dirsync.WithHint(err, hintLost)
	}
	var (
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
		plain   tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &unknown):
		return dirsync.WithHint(err, "set ldap.ca_file to the authority that signed the server's certificate")
	case errors.As(err, &name):
		return dirsync.WithHint(err, "set ldap.server_name to a name that is in the certificate, or use such a name in ldap.urls")
	case errors.As(err, &invalid):
		return dirsync.WithHint(err, "the server's certificate must be renewed or made anew")
	case errors.As(err, &plain):
		return dirsync.WithHint(err, "the server does not speak TLS on this port: check the port, or use ldap:// with ldap.start_tls: true")
	case strings.Contains(err.Error(), "remote error: tls: handshake failure"):
		return dirsync.WithHint(err, "the two sides have no way to encrypt in common: have TLS 1.2 with ECDHE key exchange switched on at the server. "+
			"An old one that knows RSA key exchange only is let through by GODEBUG=tlsrsakex=1 in duosync's environment")
	case strings.Contains(err.Error(), "remote error: tls:"):
		return dirsync.WithHint(err, "the server refuses our side of TLS: check ldap.client_cert_file and ldap.client_key_file")
	}
	return err
}

// explainSearch words a search that failed after got entries had come in.
func (d *Dialer) explainSearch(err error, q Query, got int) error {
	code, ok := resultCode(err)
	where := fmt.Sprintf("search below %q", q.Base)
	if !ok {
		if got > 0 {
			where += fmt.Sprintf(" failed after %d entries", got)
		}
		err = fmt.Errorf("%s: %w", where, explainTLS(err))
		if dirsync.Hint(err) == "" && !errors.Is(err, context.Canceled) {
			err = dirsync.WithHint(err, "look into the directory's log, and run again; where it is slow, raise ldap.timeout")
		}
		return err
	}
	err = fmt.Errorf("%s: %w", where, d.readable(err))
	switch code {
	case ldap.LDAPResultSizeLimitExceeded, ldap.LDAPResultAdminLimitExceeded:
		return dirsync.WithHint(
			fmt.Errorf("%w: the server lets this account read only %d entries", err, got),
			"raise the server's limit for the account (OpenLDAP: limits … size.prtotal=unlimited, and sizelimit where it does not page; "+
				"389: nsPagedSizeLimit and nsPagedLookThroughLimit of the account, nsslapd-pagedsizelimit of the server; ApacheDS and WSO2: maxSizeLimit), or bind as an administrator")
	case ldap.LDAPResultTimeLimitExceeded:
		return dirsync.WithHint(fmt.Errorf("%w, after %d entries", err, got),
			"raise the server's time limit for the account, or have the attributes of ldap.users.filter and ldap.users.id_attribute indexed")
	case ldap.LDAPResultNoSuchObject:
		return dirsync.WithHint(err, "check "+q.Check+"; servers also say this when the account may not read there: "+HintRights)
	case ldap.LDAPResultInsufficientAccessRights:
		return dirsync.WithHint(err, HintRights)
	case ldap.LDAPResultConfidentialityRequired, ldap.LDAPResultStrongAuthRequired:
		return dirsync.WithHint(err, hintTLS)
	case ldap.LDAPResultOperationsError, ldap.LDAPResultUnwillingToPerform, ldap.LDAPResultInappropriateAuthentication:
		return dirsync.WithHint(err, "the server may want a bind first: "+hintBind)
	case ldap.LDAPResultBusy, ldap.LDAPResultUnavailable:
		return dirsync.WithHint(err, "the server says it is out of service for now; try again later")
	}
	return err
}

// logonData is the Win32 error, in hexadecimal, in Active Directory's and Samba's words to a
// bind that they refuse with code 49.
var logonData = regexp.MustCompile(`AcceptSecurityContext error, data ([0-9a-f]+)`)

// logonHint is the advice for a bind that a domain controller refused; "" where it does not
// say why (MS-ERREF, 2.2).
func logonHint(text string) string {
	m := logonData.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	return map[string]string{
		"525": "there is no such account: check ldap.bind_dn",
		"52e": "the account or its password is wrong: check ldap.bind_dn and ldap.bind_password",
		"530": "the account of ldap.bind_dn may not log in at this time",
		"531": "the account of ldap.bind_dn may not log in from this machine",
		"532": "the password of ldap.bind_dn has expired: give it a new one, that does not expire",
		"533": "the account of ldap.bind_dn is disabled: enable it",
		"701": "the account of ldap.bind_dn has expired",
		"773": "the account of ldap.bind_dn must change its password first: give it one that it may keep",
		"775": "the account of ldap.bind_dn is locked out: unlock it, and see that no other machine tries an old password",
	}[m[1]]
}
