package conn

import (
	"context"
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/dn"
	dirsync "duosync/sync"
)

// State is what a server says of itself and of how far it has come. All of it is
// best effort, but for Identity, which is always there.
type State struct {
	Identity string
	Marker   dirsync.Marker
	Contexts []NamingContext // those that hold the bases
	// Certificate is when the first of the certificates ends that the server showed; zero
	// where the connection is not encrypted.
	Certificate time.Time
}

// certificateEnd gives the end of the first that ends of the certificates that the server showed.
func (c *Conn) certificateEnd() (end time.Time) {
	stream, encrypted := c.stream.(*tls.Conn)
	if !encrypted {
		return end
	}
	for _, shown := range stream.ConnectionState().PeerCertificates {
		if end.IsZero() || shown.NotAfter.Before(end) {
			end = shown.NotAfter
		}
	}
	return end
}

// NamingContext is a naming context (RFC 4512, 5.1) that holds some of the bases.
type NamingContext struct {
	dn.DN
	Bases []int // places in the list of bases
}

// Describe reads a server's root DSE, and the entries of the naming contexts that
// hold the bases. What the server does not tell stays unknown; only a lost
// connection is an error. It notes on the connection which controls are offered.
func (c *Conn) Describe(ctx context.Context, bases []dn.DN) (State, error) {
	state := State{Identity: fmt.Sprintf("%s (%s)", c.host, c.raw.RemoteAddr()), Certificate: c.certificateEnd()}
	dse, err := c.rootDSE(ctx)
	if err != nil {
		return state, dirsync.WithHint(fmt.Errorf("reading the root DSE: %w", err), "the directory must be reachable all through a run")
	}
	var (
		marker   = make(dirsync.Marker)
		contexts []string
		product  Product
	)
	if dse != nil {
		contexts, product = dse.GetEqualFoldAttributeValues("namingContexts"), productOf(dse)
		c.product = product
		// Where referrals are followed, people may have come by way of one.
		controls := dse.GetEqualFoldAttributeValues("supportedControl")
		c.narrows = len(c.dialer.ReferralHosts) == 0 && slices.Contains(controls, domainScope)
		c.paging = slices.Contains(controls, ldap.ControlTypePaging) && product.answersPaging()
		c.strict = product == ProductOpenLDAP || product == ProductApacheDS
		for _, name := range []string{"serverName", "dnsHostName"} {
			if value := strings.TrimSpace(dse.GetEqualFoldAttributeValue(name)); value != "" {
				state.Identity = c.dialer.hidden.Hide(value)
			}
		}
		markNumber(marker, "usn", dse.GetEqualFoldAttributeValues("highestCommittedUSN"))
		markNumber(marker, "change", dse.GetEqualFoldAttributeValues("lastChangeNumber"))
	}
	state.Contexts = holding(contexts, bases)
	if c.dialer.kind.ContextCSN || product == ProductOpenLDAP {
		if err := c.markContexts(ctx, state.Contexts, marker); err != nil {
			return state, err
		}
	}
	if len(marker) > 0 {
		state.Marker = marker
	}
	return state, nil
}

// rootDSE reads the entry that a server describes itself by (RFC 4512, 5.1); nil where
// it shows none.
func (c *Conn) rootDSE(ctx context.Context) (*ldap.Entry, error) {
	return c.ifShown(ctx, "", "objectClass", "namingContexts", "supportedControl", "dnsHostName", "serverName",
		"highestCommittedUSN", "lastChangeNumber", "vendorName", "vendorVersion", "forestFunctionality")
}

// markNumber enters a count that a server gives as a number, in a form in which
// text compares as the numbers do.
func markNumber(marker dirsync.Marker, key string, values []string) {
	const width = 20
	if len(values) != 1 {
		return
	}
	digits := strings.TrimLeft(strings.TrimSpace(values[0]), "0")
	if strings.Trim(digits, "0123456789") == "" && len(digits) <= width && values[0] != "" {
		marker[key] = strings.Repeat("0", width-len(digits)) + digits
	}
}

// markContexts enters the change sequence numbers that naming contexts bear
// (contextCSN, draft-chu-ldap-csn): time#count#server#modification, the newest of
// each server that takes changes.
func (c *Conn) markContexts(ctx context.Context, contexts []NamingContext, marker dirsync.Marker) error {
	const attribute = "contextCSN"
	for _, nc := range contexts {
		entry, err := c.ifShown(ctx, nc.Text, attribute)
		if err != nil {
			return fmt.Errorf("reading %s of %q: %w", attribute, nc.Text, err)
		}
		if entry == nil {
			continue
		}
		for _, csn := range entry.GetEqualFoldAttributeValues(attribute) {
			if parts := strings.Split(csn, "#"); len(parts) == 4 {
				key := "csn:" + nc.Folded + ":" + parts[2]
				marker[key] = max(marker[key], csn)
			}
		}
	}
	return nil
}

// holding gives the naming contexts that hold the bases. For a base that the server
// names no context for, it is the base's root.
func holding(contexts []string, bases []dn.DN) []NamingContext {
	var all []NamingContext
	add := func(nc dn.DN, base int) {
		at := slices.IndexFunc(all, func(other NamingContext) bool { return other.Folded == nc.Folded })
		if at < 0 {
			at, all = len(all), append(all, NamingContext{DN: nc})
		}
		all[at].Bases = append(all[at].Bases, base)
	}
	for i, base := range bases {
		known := false
		for _, text := range contexts {
			// The empty context stands for the whole server; it is no base
			// that every server searches.
			if nc, err := dn.Parse(text); err == nil && nc.Holds(base) {
				add(nc, i)
				known = true
			}
		}
		if !known {
			add(base.Root(), i)
		}
	}
	return all
}
