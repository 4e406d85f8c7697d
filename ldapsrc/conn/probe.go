package conn

import (
	"context"
	"crypto/tls"
	"slices"

	"github.com/go-ldap/ldap/v3"
)

// Server is what one of the configured servers did when it was asked by itself.
type Server struct {
	URL string
	// ConnectErr is why it can't be reached, TLS included; then nothing else is
	// known.
	ConnectErr error
	// TLS is the encrypted connection; nil where it is not encrypted.
	TLS *tls.ConnectionState
	// BindErr is why it does not let us in, or ErrNotTried; then nothing else is
	// known.
	BindErr error
	// Product is the software, as far as it tells; "" where it does not.
	Product Product
	// Version is the software's own word for it, or "".
	Version string
	// Paging tells that it announces paged results (RFC 2696).
	Paging bool
}

// Usable reports whether people can be read from the server.
func (s *Server) Usable() bool { return s.ConnectErr == nil && s.BindErr == nil }

// Probe asks each server by itself: it connects, logs in and reads
// what the server says of itself. It changes nothing. The login is left out for
// all servers after one that refused it.
func (d *Dialer) Probe(ctx context.Context) []Server {
	var servers []Server
	for e, err := range d.all(ctx) {
		server := Server{URL: e.url, ConnectErr: err}
		if err == nil {
			d.probe(ctx, e, &server)
		}
		servers = append(servers, server)
	}
	return servers
}

func (d *Dialer) probe(ctx context.Context, e endpoint, server *Server) {
	defer d.hide(&server.ConnectErr)
	defer d.hide(&server.BindErr)
	c, err := d.dial(ctx, e)
	if err != nil {
		server.ConnectErr = err
		return
	}
	defer c.Close()
	if encrypted, ok := c.stream.(*tls.Conn); ok {
		state := encrypted.ConnectionState()
		server.TLS = &state
	}
	if server.BindErr = d.bind(ctx, c); server.BindErr != nil {
		return
	}
	if dse, err := c.rootDSE(ctx); err == nil && dse != nil { // else it stays unknown
		server.Product = productOf(dse)
		server.Version = d.hidden.Line(dse.GetEqualFoldAttributeValue("vendorVersion"), maxMessage)
		server.Paging = slices.Contains(dse.GetEqualFoldAttributeValues("supportedControl"), ldap.ControlTypePaging)
	}
}
