package ldapsrc

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-ldap/ldap/v3"
)

// query is one search.
type query struct {
	base   string
	scope  int
	filter string
	attrs  []string
	key    string // where its base comes from, for advice
	hops   int    // referrals that were followed to get here
	// look: it is a second look, to which other parts of a forest do not matter.
	look bool
}

const anyEntry = "(objectClass=*)"

// maxEmptyPages is how many pages in a row may hold nothing. A filter that
// matches little gives some on servers that page before they filter.
const maxEmptyPages = 1000

// search gives every entry that q returns to visit, page by page; memory is that
// of one page. It returns nil only if every page was brought to its end with
// code 0. An error of visit ends it and is returned as it is.
//
// That rests on ldap.Conn.Search, which returns without an error only after a
// SearchResultDone of code 0 (SearchAsync also does on a closed connection and
// on a cancelled context), and on the paging cookie having run out. A server
// that ignores the paging control gives everything as one page.
func (s *Source) search(ctx context.Context, c *conn, q query, visit func(*ldap.Entry) error) error {
	var (
		paging    = ldap.NewControlPaging(uint32(s.opts.PageSize)) //nolint:gosec // checked by prepareLimits
		got       int
		empty     int
		referrals []string
	)
	controls := append(c.scoped(q.look), paging)
	for page := 1; ; page++ {
		result, err := c.page(ctx, q, controls, page)
		if err != nil {
			if result != nil {
				got += len(result.Entries)
			}
			if urls := referralsOf(err); urls != nil {
				referrals = append(referrals, urls...)
				break
			}
			return s.explainSearch(err, q, got)
		}
		got += len(result.Entries)
		for _, entry := range result.Entries {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err := s.complete(ctx, c, entry); err != nil {
				return err
			}
			if err := visit(entry); err != nil {
				return err
			}
		}
		referrals = append(referrals, s.relevant(result.Referrals, q)...)
		if empty++; len(result.Entries) > 0 {
			empty = 0
		}
		cookie, err := nextCookie(result.Controls, page)
		if err != nil {
			return s.explainSearch(err, q, got)
		}
		if len(cookie) == 0 {
			break
		}
		if empty >= maxEmptyPages {
			return s.explainSearch(fmt.Errorf("the server sent %d empty pages in a row and still says there is more", empty), q, got)
		}
		paging.SetCookie(cookie)
	}
	s.opts.Log.Debugf("ldap: %d entries below %q from %s", got, q.base, c.url)
	slices.Sort(referrals)
	for _, url := range slices.Compact(referrals) { // once, though a server may send it with every page
		if err := s.follow(ctx, url, q, visit); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// page asks for one page.
func (c *conn) page(ctx context.Context, q query, controls []ldap.Control, number int) (*ldap.SearchResult, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	var result *ldap.SearchResult
	err := c.within(ctx, fmt.Sprintf("page %d", number), func() (err error) {
		result, err = c.Search(&ldap.SearchRequest{
			BaseDN: q.base, Scope: q.scope, DerefAliases: ldap.NeverDerefAliases,
			Filter: q.filter, Attributes: q.attrs, Controls: controls,
		})
		return err
	})
	return result, err
}

// scoped gives the control that keeps a second look from other parts of a forest.
func (c *conn) scoped(look bool) []ldap.Control {
	if !look || !c.narrows {
		return nil
	}
	return []ldap.Control{ldap.NewControlString(domainScope, true, "")}
}

// at asks for one entry: none comes where the filter does not match it. It takes
// no page for that, since a server may keep only one paged search on a connection.
func (c *conn) at(ctx context.Context, dn, filter string, look bool, attrs ...string) (*ldap.SearchResult, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	var result *ldap.SearchResult
	err := c.within(ctx, fmt.Sprintf("reading %q", dn), func() (err error) {
		result, err = c.Search(&ldap.SearchRequest{
			BaseDN: dn, Scope: ldap.ScopeBaseObject, DerefAliases: ldap.NeverDerefAliases,
			Filter: filter, Attributes: attrs, Controls: c.scoped(look),
		})
		return err
	})
	return result, err
}

// nextCookie takes the cookie of the next page out of an answer; none means
// that the search is complete. Only the first answer may come without a paging
// control, from a server that does not page; later, it is a page that lost its
// end.
func nextCookie(controls []ldap.Control, page int) ([]byte, error) {
	control := ldap.FindControl(controls, ldap.ControlTypePaging)
	if control == nil {
		if page > 1 {
			return nil, fmt.Errorf("page %d came without its paging control, so it is not known whether there is more", page)
		}
		return nil, nil
	}
	paging, ok := control.(*ldap.ControlPaging)
	if !ok {
		return nil, errors.New("the server's paging control can't be read")
	}
	return paging.Cookie, nil
}
