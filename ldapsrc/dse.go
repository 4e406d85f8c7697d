package ldapsrc

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/dn"
	dirsync "duosync/sync"
)

// domainScope is LDAP_SERVER_DOMAIN_SCOPE (MS-ADTS, 3.1.1.3.4.1.4): a search that
// bears it brings no referrals to the other naming contexts of a forest.
const domainScope = "1.2.840.113556.1.4.1339"

// view is what a server says of itself and of how far it has come. All of it is
// best effort, but for identity, which is always there.
type view struct {
	identity string
	marker   dirsync.Marker
	contexts []string // naming contexts (RFC 4512, 5.1)
}

// describe reads a server's root DSE, and the entries of the naming contexts that
// hold the bases. What the server does not tell stays unknown; only a lost
// connection is an error. It notes on the connection which controls are offered.
func (s *Source) describe(ctx context.Context, c *conn) (view, error) {
	v := view{identity: fmt.Sprintf("%s (%s)", c.host, c.raw.RemoteAddr())}
	dse, err := s.entryIfAny(ctx, c, "", objectClass, "namingContexts", "supportedControl", "dnsHostName", "serverName",
		"highestCommittedUSN", "lastChangeNumber", "vendorName")
	if err != nil {
		return v, dirsync.WithHint(fmt.Errorf("reading the root DSE: %w", err), "the directory must be reachable all through a run")
	}
	marker := make(dirsync.Marker)
	if dse != nil {
		v.contexts = dse.GetEqualFoldAttributeValues("namingContexts")
		// Where referrals are followed, people may have come by way of one.
		c.narrows = len(s.opts.ReferralHosts) == 0 && slices.Contains(dse.GetEqualFoldAttributeValues("supportedControl"), domainScope)
		c.strict = isOpenLDAP(dse) || strings.HasPrefix(dse.GetEqualFoldAttributeValue("vendorName"), "Apache")
		for _, name := range []string{"serverName", "dnsHostName"} {
			if value := strings.TrimSpace(dse.GetEqualFoldAttributeValue(name)); value != "" {
				v.identity = value
			}
		}
		markNumber(marker, "usn", dse.GetEqualFoldAttributeValues("highestCommittedUSN"))
		markNumber(marker, "change", dse.GetEqualFoldAttributeValues("lastChangeNumber"))
	}
	if s.kind.ContextCSN || dse != nil && isOpenLDAP(dse) {
		if err := s.markContexts(ctx, c, v.contexts, marker); err != nil {
			return v, err
		}
	}
	if len(marker) > 0 {
		v.marker = marker
	}
	return v, nil
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
func (s *Source) markContexts(ctx context.Context, c *conn, contexts []string, marker dirsync.Marker) error {
	const attribute = "contextCSN"
	for _, t := range s.tops(contexts) {
		entry, err := s.entryIfAny(ctx, c, t.Text, attribute)
		if err != nil {
			return fmt.Errorf("reading %s of %q: %w", attribute, t.Text, err)
		}
		if entry == nil {
			continue
		}
		for _, csn := range entry.GetEqualFoldAttributeValues(attribute) {
			if parts := strings.Split(csn, "#"); len(parts) == 4 {
				key := "csn:" + t.Folded + ":" + parts[2]
				marker[key] = max(marker[key], csn)
			}
		}
	}
	return nil
}

// entryIfAny reads one entry, where the server shows it; whatever the server
// answers else is nil. A lost connection is an error.
func (s *Source) entryIfAny(ctx context.Context, c *conn, dn string, attrs ...string) (*ldap.Entry, error) {
	result, err := c.at(ctx, dn, anyEntry, false, attrs...)
	if _, answered := resultCode(err); answered {
		return nil, nil
	}
	if err != nil {
		return nil, explainTLS(err)
	}
	if len(result.Entries) != 1 {
		return nil, nil
	}
	return result.Entries[0], nil
}

// top is a naming context that holds some of the bases.
type top struct {
	dn.DN
	bases []int
}

// tops are the naming contexts that hold the bases. For a base that the server
// names no context for, it is the base's root.
func (s *Source) tops(contexts []string) []top {
	var all []top
	add := func(context dn.DN, base int) {
		at := slices.IndexFunc(all, func(other top) bool { return other.Folded == context.Folded })
		if at < 0 {
			at, all = len(all), append(all, top{DN: context})
		}
		all[at].bases = append(all[at].bases, base)
	}
	for i, base := range s.bases {
		known := false
		for _, text := range contexts {
			// The empty context stands for the whole server; it is no base
			// that every server searches.
			if context, err := dn.Parse(text); err == nil && context.Holds(base) {
				add(context, i)
				known = true
			}
		}
		if !known {
			add(base.Root(), i)
		}
	}
	return all
}
