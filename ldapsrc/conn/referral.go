package conn

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/dn"
)

// maxHops bounds a chain of referrals, so that a loop ends.
const maxHops = 5

// relevant leaves aside the continuations of a search that lead to what is no part of the
// directory. A server that offers domainScope sends them to other naming contexts of its
// forest alone, so where one domain is read, or the rest does not matter, all are. The
// control itself is not sent for that: it keeps a search to a single naming context, and so
// a global catalog from people of other domains that it holds (MS-ADTS, 3.1.1.3.4.1.4).
func (c *Conn) relevant(urls []string, q Query) []string {
	if c.narrows && (q.Narrow || c.dialer.kind.OneDomain) {
		return nil
	}
	return c.dialer.relevant(urls, q)
}

// relevant leaves aside, by their names, the continuations that lead to no people: from a domain's root, Active Directory always sends some to the other naming
// contexts of the forest, which lie below that root by name only. Others, such as
// those to child domains, stay.
func (d *Dialer) relevant(urls []string, q Query) []string {
	if len(d.kind.Aside) == 0 {
		return urls
	}
	from, err := dn.Parse(q.Base)
	if err != nil {
		return urls
	}
	root := from.Root()
	return slices.DeleteFunc(urls, func(text string) bool {
		u, err := url.Parse(text)
		if err != nil {
			return false
		}
		to, err := dn.Parse(strings.TrimPrefix(u.Path, "/"))
		return err == nil && slices.Contains(d.kind.Aside, to.ChildOf(root))
	})
}

// mayFollow reports whether e is one of the configured referral hosts.
func (d *Dialer) mayFollow(e endpoint) bool {
	for _, host := range d.ReferralHosts {
		if strings.EqualFold(host, e.host) || strings.EqualFold(host, e.addr) {
			return true
		}
	}
	return false
}

// parseReferral reads an LDAP URL, ldap://host:port/dn?attributes?scope?filter
// (RFC 4516). What it leaves out stays as it was (RFC 4511, 4.5.3).
func parseReferral(text string, q Query) (endpoint, Query, error) {
	u, err := url.Parse(text)
	if err != nil {
		return endpoint{}, Query{}, fmt.Errorf("referral %q: %w", text, err)
	}
	e, err := parseEndpoint(u.Scheme + "://" + u.Host)
	if err == nil && (e.socket || e.domain != "") {
		err = errors.New("it names no server")
	}
	if err != nil {
		return endpoint{}, Query{}, fmt.Errorf("referral %q can't be followed: %w", text, err)
	}
	part, err := searchPart(u)
	if err != nil {
		return endpoint{}, Query{}, fmt.Errorf("referral %q: %w", text, err)
	}
	next := q
	next.hops++
	if part.base != "" {
		next.Base = part.base
	}
	if part.scoped {
		next.Scope = part.scope
	}
	if part.filter != "" {
		next.Filter = "(&" + q.Filter + part.filter + ")"
	}
	return e, next, nil
}

// referralsOf returns the URL in a search's result when that is a referral (code
// 10): the whole base is elsewhere. Any of its URLs would do; the first is
// taken.
func referralsOf(err error) []string {
	var answer *ldap.Error
	if !errors.As(err, &answer) || answer.ResultCode != ldap.LDAPResultReferral || answer.Packet == nil {
		return nil
	}
	if len(answer.Packet.Children) < 2 {
		return nil
	}
	for _, part := range answer.Packet.Children[1].Children {
		// referral [3] SEQUENCE OF URI (RFC 4511, 4.1.10).
		if part.Tag == 3 && len(part.Children) > 0 && part.ClassType == ber.ClassContext {
			return []string{part.Children[0].Data.String()}
		}
	}
	return nil
}

// nobody is a filter that matches nothing. Active Directory lacks that of RFC 4526.
const nobody = "(objectClass=none)"

// Elsewhere gives the referrals of a search of the whole subtree of a base that lead to
// other parts of a forest: to other domains, or to partitions that are no domains. A
// directory of one domain (schema.Kind) is read without these; they are here to be told.
func (c *Conn) Elsewhere(ctx context.Context, base string) ([]string, error) {
	result, err := c.request(ctx, "asking for other domains", &ldap.SearchRequest{
		BaseDN: base, Scope: ldap.ScopeWholeSubtree, Filter: nobody, Attributes: []string{"1.1"},
	})
	if err != nil {
		return nil, c.explainSearch(ctx, err, Query{Base: base}, 0)
	}
	urls := c.dialer.relevant(result.Referrals, Query{Base: base})
	for i, text := range urls {
		urls[i] = c.dialer.hidden.Line(text, maxMessage)
	}
	slices.Sort(urls)
	return slices.Compact(urls), nil
}
