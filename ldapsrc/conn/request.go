package conn

import (
	"context"

	"github.com/go-ldap/ldap/v3"
)

// request sends one search request, for no longer than the time limit.
func (c *Conn) request(ctx context.Context, what string, request *ldap.SearchRequest) (*ldap.SearchResult, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	request.DerefAliases = ldap.NeverDerefAliases
	var result *ldap.SearchResult
	err := c.within(ctx, what, func() (err error) {
		result, err = c.search(request)
		return err
	})
	return result, err
}

// scoped gives the control that keeps the search of one entry from other parts of a forest.
func (c *Conn) scoped(narrow bool) []ldap.Control {
	if !narrow || !c.narrows {
		return nil
	}
	return []ldap.Control{ldap.NewControlString(domainScope, true, "")}
}

// domainScope is LDAP_SERVER_DOMAIN_SCOPE (MS-ADTS, 3.1.1.3.4.1.4): a search that
// bears it brings no referrals to the other naming contexts of a forest.
const domainScope = "1.2.840.113556.1.4.1339"
