package conn

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"iter"
	"net"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	dirsync "duosync/sync"
)

// Connect opens a connection to the first server that can be used. A server
// that answers the bind with a refusal ends the search for one: the next would
// count a wrong password as one more, or hide the mistake.
func (d *Dialer) Connect(ctx context.Context) (*Conn, error) {
	return d.connect(ctx, map[string]bool{})
}

// connect is Connect, without the servers, by their URLs, that were tried before. It adds
// those that it tries.
func (d *Dialer) connect(ctx context.Context, before map[string]bool) (*Conn, error) {
	var failures tried
	for e, err := range d.all(ctx) {
		if before[e.url] {
			continue
		}
		before[e.url] = true
		var c *Conn
		if err == nil {
			c, err = d.open(ctx, e)
		}
		if err == nil {
			return c, nil
		}
		d.Log.WithError(d.hidden.Error(err)).Debugf("ldap: %s can't be used", e.url)
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

// all gives every server in the order in which they are tried. DNS is asked for those of a
// domain when its turn comes; where it does not tell, the domain comes with that error.
func (d *Dialer) all(ctx context.Context) iter.Seq2[endpoint, error] {
	return func(yield func(endpoint, error) bool) {
		for _, e := range d.endpoints {
			servers, err := d.servers(ctx, e)
			if err != nil && !yield(e, err) {
				return
			}
			for _, server := range servers {
				if !yield(server, nil) {
					return
				}
			}
		}
	}
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

// open connects to one server and binds.
func (d *Dialer) open(ctx context.Context, e endpoint) (*Conn, error) {
	if err := d.checkPlaintext(e); err != nil {
		return nil, &refusedError{err}
	}
	c, err := d.dial(ctx, e)
	if err != nil {
		return nil, err
	}
	if err := d.bind(ctx, c); err != nil {
		c.Close()
		return nil, err
	}
	d.Log.Debugf("ldap: connected to %s", e.url)
	return c, nil
}

// dial connects, and encrypts the connection where that is configured.
func (d *Dialer) dial(ctx context.Context, e endpoint) (*Conn, error) {
	dialing, cancel := context.WithTimeoutCause(ctx, d.Timeout, d.late("connecting"))
	defer cancel()
	raw, err := (&net.Dialer{}).DialContext(dialing, e.network(), e.addr)
	if err != nil {
		return nil, explainDial(dialing, err)
	}
	stream := raw
	if e.encrypted(d.StartTLS) {
		if stream, err = d.encrypt(dialing, raw, e); err != nil {
			_ = raw.Close()
			return nil, explainDial(dialing, err)
		}
	}
	return d.newConn(raw, stream, e), nil
}

// encrypt speaks TLS on raw, after StartTLS where it takes that. go-ldap's own
// StartTLS loses the cause of a failed handshake.
func (d *Dialer) encrypt(ctx context.Context, raw net.Conn, e endpoint) (net.Conn, error) {
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer stop()
	if !e.tls {
		if err := d.startTLS(raw); err != nil {
			return nil, err
		}
	}
	config := d.tls.Clone()
	if config.ServerName = d.ServerName; config.ServerName == "" {
		config.ServerName = e.host
	}
	stream := tls.Client(raw, config)
	if err := stream.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("TLS: %w", err)
	}
	return stream, nil
}

// startTLS asks for TLS (RFC 4511, 4.14). It reads no byte beyond the answer.
func (d *Dialer) startTLS(raw net.Conn) error {
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
		return dirsync.WithHint(fmt.Errorf("StartTLS: %w", d.readable(err)),
			"the server does not offer StartTLS: use an ldaps:// URL, or have StartTLS set up there")
	}
	return nil
}

// bind logs in.
func (d *Dialer) bind(ctx context.Context, c *Conn) error {
	err := c.within(ctx, "the bind", func() error {
		switch {
		case d.BindDN != "":
			return c.ldap.Bind(d.BindDN, d.BindPassword)
		case d.ClientCertFile != "" || c.socket:
			return c.ldap.ExternalBind()
		}
		return nil
	})
	if err != nil {
		return d.explainBind(err, c.endpoint)
	}
	return nil
}
