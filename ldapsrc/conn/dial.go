package conn

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"iter"
	"net"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/advice"
	"duosync/ldapsrc/framed"
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
	dialing, cancel := context.WithTimeoutCause(ctx, d.Timeout, d.late("connecting", false))
	defer cancel()
	raw, err := (&net.Dialer{}).DialContext(dialing, e.network(), e.addr)
	if err != nil {
		return nil, explainDial(dialing, e, err)
	}
	raw = framed.Patient(raw)
	stream, asked := raw, false
	if e.encrypted(d.StartTLS) {
		if stream, asked, err = d.encrypt(dialing, raw, e); err != nil {
			_ = raw.Close()
			if dialing.Err() != nil {
				err = context.Cause(dialing)
			}
			return nil, d.explainTLS(ctx, e, err)
		}
	}
	c := d.newConn(raw, stream, e)
	c.asked = asked
	return c, nil
}

// nameOf is the name that a server's certificate must be for.
func (d *Dialer) nameOf(e endpoint) string { return cmp.Or(d.ServerName, e.host) }

// encrypt speaks TLS on raw, after StartTLS where it takes that. asked tells that the
// server asked for a client certificate.
func (d *Dialer) encrypt(ctx context.Context, raw net.Conn, e endpoint) (stream *tls.Conn, asked bool, err error) {
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer stop()
	if !e.tls {
		if err := d.startTLS(raw); err != nil {
			return nil, false, err
		}
	}
	config := d.tls.Clone()
	config.ServerName = d.nameOf(e)
	if len(config.Certificates) > 0 {
		config.GetClientCertificate = func(request *tls.CertificateRequestInfo) (*tls.Certificate, error) {
			asked = true
			if request.SupportsCertificate(&config.Certificates[0]) != nil {
				return &tls.Certificate{}, nil
			}
			return &config.Certificates[0], nil
		}
	}
	stream = tls.Client(raw, config)
	if err := stream.HandshakeContext(ctx); err != nil {
		return nil, asked, fmt.Errorf("TLS: %w", err)
	}
	return stream, asked, nil
}

// startTLS asks for TLS.
func (d *Dialer) startTLS(raw net.Conn) error {
	err := advice.StartTLS(raw)
	if _, answered := advice.Code(err); err != nil && answered {
		return dirsync.WithHint(fmt.Errorf("StartTLS: %w", d.readable(err)),
			"the server does not offer StartTLS: use an ldaps:// URL, or have StartTLS set up there")
	}
	return err
}

// bind logs in, unless it is known that this login is refused: another try would count as
// one more wrong password.
func (d *Dialer) bind(ctx context.Context, c *Conn) error {
	if err := d.logins.known(c.endpoint); err != nil {
		return err
	}
	err := c.within(ctx, "the bind", func() error {
		switch d.method(c.endpoint) {
		case advice.Simple:
			result, err := c.ldap.SimpleBind(ldap.NewSimpleBindRequest(d.BindDN, d.BindPassword, nil))
			c.mustChange = result != nil && advice.MustChange(result.Controls)
			return err
		case advice.External, advice.Socket:
			return c.ldap.ExternalBind()
		}
		return nil
	})
	if err != nil {
		err = d.explainBind(ctx, err, c)
	}
	d.logins.note(c.endpoint, err)
	c.heard = c.heard || err == nil && d.method(c.endpoint) != advice.Anonymous
	return err
}
