package ldapsrc

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	dirsync "duosync/sync"
)

// ErrNotTried means that a login was left out, since another server had refused
// the same account: a further try would count as one more wrong password.
var ErrNotTried = errors.New("not tried")

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

// Product is a kind of directory software.
type Product string

// The products that tell themselves apart in their root DSE (RFC 4512, 5.1).
const (
	ProductOpenLDAP        Product = "OpenLDAP"
	ProductApacheDS        Product = "ApacheDS" // WSO2's embedded store, too
	Product389             Product = "389 Directory Server"
	ProductActiveDirectory Product = "Active Directory"
)

// LimitAdvice says how the product's limit on what one account may read is
// raised.
func (p Product) LimitAdvice() string {
	switch p {
	case ProductApacheDS:
		return "ApacheDS, which WSO2 embeds, stops every account but its administrator at maxSizeLimit entries in all, 1000 by default: " +
			"bind as uid=admin,ou=system, or raise ads-maxSizeLimit of the LDAP server"
	case ProductOpenLDAP:
		return "OpenLDAP: give the account of ldap.bind_dn a line of its own in the database's limits, such as " +
			"limits dn.exact=\"…\" size=unlimited size.prtotal=unlimited time=unlimited"
	case Product389:
		return "389 Directory Server: set nsSizeLimit and nsLookThroughLimit to -1 in the entry of ldap.bind_dn (or raise nsslapd-sizelimit)"
	case ProductActiveDirectory:
		return "Active Directory: set ldap.page_size to at most MaxPageSize, 1000 by default"
	}
	return ""
}

// Probe asks each configured server by itself: it connects, logs in and reads
// what the server says of itself. It changes nothing. The login is left out for
// all servers after one that refused it.
func (s *Source) Probe(ctx context.Context) []Server {
	ctx, untie := s.tie(ctx)
	defer untie()
	servers := make([]Server, len(s.endpoints))
	refused := false
	for i, e := range s.endpoints {
		servers[i].URL = e.url
		s.probe(ctx, e, &servers[i], refused)
		var refusal *refusedError
		refused = refused || errors.As(servers[i].BindErr, &refusal)
	}
	return servers
}

func (s *Source) probe(ctx context.Context, e endpoint, server *Server, refused bool) {
	c, err := s.dial(ctx, e)
	if err != nil {
		server.ConnectErr = err
		return
	}
	defer c.close()
	if state, ok := c.TLSConnectionState(); ok {
		server.TLS = &state
	}
	if refused {
		server.BindErr = ErrNotTried
		return
	}
	if err := c.within(ctx, "the bind", func() error { return s.bind(c) }); err != nil {
		server.BindErr = s.explainBind(err)
		return
	}
	// What a server does not tell of itself stays unknown.
	_ = c.within(ctx, "reading the root DSE", func() error {
		result, err := c.Search(&ldap.SearchRequest{
			Scope: ldap.ScopeBaseObject, Filter: "(objectClass=*)",
			Attributes: []string{"objectClass", "vendorName", "vendorVersion", "supportedControl", "forestFunctionality"},
		})
		if err == nil && len(result.Entries) == 1 {
			server.describe(result.Entries[0])
		}
		return err
	})
}

// describe takes what a root DSE says.
func (s *Server) describe(dse *ldap.Entry) {
	vendor := dse.GetEqualFoldAttributeValue("vendorName")
	s.Version = dse.GetEqualFoldAttributeValue("vendorVersion")
	s.Paging = slices.Contains(dse.GetEqualFoldAttributeValues("supportedControl"), ldap.ControlTypePaging)
	switch {
	case strings.HasPrefix(vendor, "Apache"):
		s.Product = ProductApacheDS
	case strings.HasPrefix(s.Version, "389-Directory"), strings.HasPrefix(vendor, "389"):
		s.Product = Product389
	case isOpenLDAP(dse):
		s.Product = ProductOpenLDAP
	case dse.GetEqualFoldAttributeValue("forestFunctionality") != "":
		s.Product = ProductActiveDirectory
	}
}

// isOpenLDAP tells the software by its root DSE.
func isOpenLDAP(dse *ldap.Entry) bool {
	return slices.ContainsFunc(dse.GetEqualFoldAttributeValues(objectClass), func(class string) bool {
		return strings.EqualFold(class, "OpenLDAProotDSE")
	})
}

// Base is one base DN and whether it is there.
type Base struct {
	DN  string
	Err error // nil: its entry exists, and the account may see it
}

// Bases looks for the entry of each base DN. The error is for the connection.
func (s *Source) Bases(ctx context.Context) ([]Base, error) {
	ctx, untie := s.tie(ctx)
	defer untie()
	c, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer c.close()
	found := make([]Base, len(s.bases))
	for i, b := range s.bases {
		found[i] = Base{DN: b.Text, Err: s.lookAt(ctx, c, b.Text)}
	}
	return found, nil
}

// lookAt reads the entry of a base.
func (s *Source) lookAt(ctx context.Context, c *conn, dn string) error {
	seen := false
	err := s.search(ctx, c, query{
		base: dn, scope: ldap.ScopeBaseObject, filter: anyEntry, attrs: []string{objectClass}, key: "ldap.users.base_dns",
	}, func(*ldap.Entry) error {
		seen = true
		return nil
	})
	if err == nil && !seen {
		err = dirsync.WithHint(fmt.Errorf("the server does not show the entry %q", dn), hintRights)
	}
	return err
}
