package conn

import (
	"context"
	"slices"

	"github.com/go-ldap/ldap/v3"
)

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
