package ldapsrc

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	dirsync "duosync/sync"
)

// conn is a bound connection.
type conn struct {
	*ldap.Conn
	raw net.Conn // below TLS; closing it ends whatever goes on
	endpoint
	timeout time.Duration
	// narrows: a search can be kept from bringing referrals, and should be. It is
	// known once the server was asked what it is.
	narrows bool
	// strict: the server holds entries to what their object classes demand.
	strict bool
}

// connect opens a connection to the first server that can be used. A server
// that answers the bind with a refusal ends the search for one: the next would
// count a wrong password as one more, or hide the mistake.
func (s *Source) connect(ctx context.Context) (*conn, error) {
	var failures tried
	for _, e := range s.endpoints {
		c, err := s.open(ctx, e)
		if err == nil {
			return c, nil
		}
		s.opts.Log.WithError(err).Debugf("ldap: %s can't be used", e.url)
		failures = append(failures, fmt.Errorf("%s: %w", e.url, err))
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		var refusal *refusedError
		if errors.As(err, &refusal) {
			break
		}
	}
	if len(failures) == 1 {
		return nil, failures[0]
	}
	return nil, failures
}

// tried are the errors of all the servers that were tried.
type tried []error

func (t tried) Error() string {
	texts := make([]string, len(t))
	for i, err := range t {
		texts[i] = err.Error()
	}
	return "no LDAP server can be used: " + strings.Join(texts, "; ")
}

func (t tried) Unwrap() []error { return t }

// refusedError is a server's answer that it does not let us in.
type refusedError struct{ err error }

func (e *refusedError) Error() string { return e.err.Error() }
func (e *refusedError) Unwrap() error { return e.err }

// open connects to one server and binds.
func (s *Source) open(ctx context.Context, e endpoint) (*conn, error) {
	if err := s.checkPlaintext(e); err != nil {
		return nil, &refusedError{err}
	}
	c, err := s.dial(ctx, e)
	if err != nil {
		return nil, err
	}
	if err := c.within(ctx, "the bind", func() error { return s.bind(c) }); err != nil {
		c.close()
		return nil, s.explainBind(err)
	}
	s.opts.Log.Debugf("ldap: connected to %s", e.url)
	return c, nil
}

// dial connects, and encrypts the connection where that is configured.
func (s *Source) dial(ctx context.Context, e endpoint) (*conn, error) {
	c := &conn{endpoint: e, timeout: s.opts.Timeout}
	dialing, cancel := context.WithTimeoutCause(ctx, s.opts.Timeout, c.late("connecting"))
	defer cancel()
	raw, err := (&net.Dialer{}).DialContext(dialing, "tcp", e.addr)
	if err != nil {
		return nil, explainDial(dialing, err)
	}
	c.raw = raw
	stream := raw
	if e.encrypted(s.opts.StartTLS) {
		if stream, err = s.encrypt(dialing, raw, e); err != nil {
			_ = raw.Close()
			return nil, explainDial(dialing, err)
		}
	}
	c.Conn = ldap.NewConn(stream, e.encrypted(s.opts.StartTLS))
	c.Start()
	return c, nil
}

// encrypt speaks TLS on raw, after StartTLS where it takes that. go-ldap's own
// StartTLS loses the cause of a failed handshake.
func (s *Source) encrypt(ctx context.Context, raw net.Conn, e endpoint) (net.Conn, error) {
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer stop()
	if !e.tls {
		if err := startTLS(raw); err != nil {
			return nil, err
		}
	}
	config := s.tls.Clone()
	if config.ServerName = s.opts.ServerName; config.ServerName == "" {
		config.ServerName = e.host
	}
	stream := tls.Client(raw, config)
	if err := stream.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("TLS: %w", err)
	}
	return stream, nil
}

// startTLS asks for TLS (RFC 4511, 4.14). It reads no byte beyond the answer.
func startTLS(raw net.Conn) error {
	request := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationExtendedRequest, nil, "")
	request.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, 0, "1.3.6.1.4.1.1466.20037", ""))
	message := ber.NewSequence("")
	message.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, 1, ""))
	message.AppendChild(request)
	if _, err := raw.Write(message.Bytes()); err != nil {
		return fmt.Errorf("StartTLS: %w", err)
	}
	answer, err := ber.ReadPacket(raw)
	if err != nil {
		return fmt.Errorf("StartTLS: %w", err)
	}
	if err := ldap.GetLDAPError(answer); err != nil {
		return dirsync.WithHint(fmt.Errorf("StartTLS: %w", readable(err)),
			"the server does not offer StartTLS: use an ldaps:// URL, or have StartTLS set up there")
	}
	return nil
}

func (s *Source) bind(c *conn) error {
	switch {
	case s.opts.BindDN != "":
		return c.Bind(s.opts.BindDN, s.opts.BindPassword)
	case s.opts.ClientCertFile != "":
		return c.ExternalBind()
	}
	return nil
}

// within runs one exchange with the server. When the time is up or ctx ends,
// the connection is closed, which ends the exchange, and the error says why;
// an exchange that just made it then counts for nothing.
func (c *conn) within(ctx context.Context, what string, exchange func() error) error {
	limited, cancel := context.WithTimeoutCause(ctx, c.timeout, c.late(what))
	defer cancel()
	stop := context.AfterFunc(limited, func() { _ = c.raw.Close() })
	err := exchange()
	if !stop() {
		return context.Cause(limited)
	}
	return err
}

func (c *conn) late(what string) error {
	return dirsync.WithHint(&lateError{fmt.Sprintf("%s took longer than %v", what, c.timeout)},
		"check that ldap.urls is reachable (host, port, firewall); a slow server needs a larger ldap.timeout or a smaller ldap.page_size")
}

// lateError is a time limit of ours. For callers it is a
// context.DeadlineExceeded, too.
type lateError struct{ text string }

func (e *lateError) Error() string        { return e.text }
func (e *lateError) Is(target error) bool { return target == context.DeadlineExceeded }

func (c *conn) close() { _ = c.Close() }
