package conn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/advice"
	dirsync "duosync/sync"
	"duosync/sync/certificate"
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
// there; other errors stay as they are, but for what a terminal could take for a command: the
// reader's own words may have bytes of a broken answer in them.
func (d *Dialer) readable(err error) error {
	code, ok := advice.Code(err)
	if text := err.Error(); !ok && strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return &resultError{text: d.hidden.Line(text, maxMessage), err: err}
	} else if !ok {
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

// HintRights is the advice where a server does not show an entry.
const HintRights = advice.Rights

// IsAnswer reports whether an error is, or wraps, a server's answer.
func IsAnswer(err error) bool {
	_, answered := advice.Code(err)
	return answered
}

// explainBind words the answer to a bind. A server that refuses is told from
// one that can't answer just now.
func (d *Dialer) explainBind(ctx context.Context, err error, c *Conn) error {
	code, ok := advice.Code(err)
	if !ok {
		return d.explainLost(ctx, c.endpoint, fmt.Errorf("bind: %w", err))
	}
	s := d.situation(c.endpoint, err)
	s.Asked = c.asked
	hint := advice.Bind(code, s)
	err = d.readable(err)
	if advice.IsBusy(code) {
		return dirsync.WithHint(fmt.Errorf("bind: %w", err), hint)
	}
	return &refusedError{dirsync.WithHint(fmt.Errorf("bind as %s: %w", d.who(c.endpoint), err), hint)}
}

// situation is what advice about a server's answer depends on.
func (d *Dialer) situation(e endpoint, err error) advice.Situation {
	s := advice.Situation{Method: d.method(e), Encrypted: e.encrypted(d.StartTLS) || e.socket}
	var answer *ldap.Error
	if errors.As(err, &answer) && answer.Err != nil {
		s.Message = answer.Err.Error()
	}
	return s
}

// method is how a login at a server is made.
func (d *Dialer) method(e endpoint) advice.Method {
	switch {
	case d.BindDN != "":
		return advice.Simple
	case e.socket:
		return advice.Socket
	case d.ClientCertFile != "":
		return advice.External
	}
	return advice.Anonymous
}

func (d *Dialer) who(e endpoint) string {
	switch d.method(e) {
	case advice.Simple:
		return `"` + visible(d.BindDN) + `"`
	case advice.Socket:
		return "the user of this process"
	case advice.External:
		return "the client certificate's subject"
	}
	return "nobody (anonymous)"
}

// explainDial words a connection that did not come about. When ctx ended, that is the cause.
func explainDial(ctx context.Context, e endpoint, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var noName *net.DNSError
	switch {
	case errors.As(err, &noName) && noName.IsNotFound:
		return dirsync.WithHint(err, "there is no such name: check the host name in ldap.urls")
	case errors.As(err, &noName):
		return dirsync.WithHint(err, "this machine's DNS does not answer: check its resolver (/etc/resolv.conf), or give the address in ldap.urls")
	case errors.Is(err, syscall.ECONNREFUSED):
		return dirsync.WithHint(err, "check that the directory runs, and host and port in ldap.urls, or the socket")
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return dirsync.WithHint(err, "there is no way from this machine to "+e.host+": check its network, the routes and the firewall")
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return dirsync.WithHint(err, "check the path of the socket in ldap.urls, and that this process may use it")
	}
	return err
}

// explainTLS words a connection that could not be encrypted.
func (d *Dialer) explainTLS(ctx context.Context, e endpoint, err error) error {
	if _, answered := advice.Code(err); answered { // StartTLS is not offered
		return err
	}
	client := certificate.Client{Name: d.nameOf(e), CAFile: "ldap.ca_file", ServerName: "ldap.server_name", HasCA: d.CAFile != "", Now: time.Now()}
	if why := client.Refused(err); why != nil {
		return fmt.Errorf("TLS: %w", why)
	}
	return d.explainLost(ctx, e, err)
}

// hintLost is for a connection that ended before the answer did.
const hintLost = "the other side closed the connection: look into the directory's log, and check that ldaps:// and ldap:// in ldap.urls go to the right ports; then run again"

// explainLost words an exchange that the server did not answer, the first on its
// connection: what it is like is looked at.
func (d *Dialer) explainLost(ctx context.Context, e endpoint, err error) error {
	if ctx.Err() != nil {
		return err
	}
	if !e.socket && d.tls != nil {
		target := advice.Target{
			URL: e.url, Encrypted: e.encrypted(d.StartTLS), StartTLS: d.StartTLS && !e.tls, Certificate: d.ClientCertFile != "",
			Dial: func(ctx context.Context) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, e.network(), e.addr)
			},
		}
		for _, pair := range d.tls.Certificates {
			target.Issuers = append(target.Issuers, pair.Leaf.RawIssuer)
		}
		err = target.Look(ctx, err)
	}
	return lost(err)
}

// lost adds advice to a connection that broke.
func lost(err error) error {
	if dirsync.Hint(err) != "" || !(errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)) {
		return err
	}
	return dirsync.WithHint(err, hintLost)
}

// explainSearch words a search that failed after got entries had come in.
func (c *Conn) explainSearch(ctx context.Context, err error, q Query, got int) error {
	code, ok := advice.Code(err)
	where := fmt.Sprintf("search below %q", q.Base)
	if !ok {
		if got > 0 {
			where += fmt.Sprintf(" failed after %d entries", got)
		}
		err = fmt.Errorf("%s: %w", where, c.dialer.readable(lost(err)))
		if dirsync.Hint(err) == "" && !errors.Is(err, context.Canceled) {
			err = dirsync.WithHint(err, "look into the directory's log, and run again; where it is slow, raise ldap.timeout")
		}
		return err
	}
	s := c.dialer.situation(c.endpoint, err)
	s.MustChange, s.Base = c.mustChange, cmp.Or(q.Check, "ldap.users.base_dns")
	err = fmt.Errorf("%s: %w", where, c.dialer.readable(err))
	hint := advice.Search(code, s)
	switch code {
	case ldap.LDAPResultSizeLimitExceeded, ldap.LDAPResultAdminLimitExceeded:
		return dirsync.WithHint(fmt.Errorf("%w: the server lets this account read only %d entries", err, got), cmp.Or(hint, c.limitAdvice(ctx)))
	case ldap.LDAPResultTimeLimitExceeded:
		err = fmt.Errorf("%w, after %d entries", err, got)
	}
	if hint != "" {
		return dirsync.WithHint(err, hint)
	}
	return err
}

// limitAdvice says how the limit of the server is raised on what this account may read.
func (c *Conn) limitAdvice(ctx context.Context) string {
	if c.product == "" {
		if dse, err := c.rootDSE(ctx); err == nil && dse != nil {
			c.product = productOf(dse)
		}
	}
	if hint := c.product.LimitAdvice(); hint != "" {
		return hint
	}
	return "raise the server's limit for the account (OpenLDAP: limits … size.prtotal=unlimited, and sizelimit where it does not page; " +
		"389: nsPagedSizeLimit and nsPagedLookThroughLimit of the account, nsslapd-pagedsizelimit of the server; ApacheDS and WSO2: maxSizeLimit), or bind as an administrator"
}
