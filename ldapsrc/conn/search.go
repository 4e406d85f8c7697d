package conn

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/advice"
	dirsync "duosync/sync"
)

// maxEmptyPages is how many pages in a row may hold nothing. A filter that
// matches little gives some on servers that page before they filter.
const maxEmptyPages = 1000

// Search gives every entry that q returns to visit, page by page, and where a referral
// leads to; memory is that of two pages: one that is visited, and the next. It returns nil
// only if every page was brought to its end with code 0. An error of visit ends it and is
// returned as it is.
//
// Where the server ends the search at a limit on what it gives in all, and q says by
// what it may be split, it is read in parts (see splitter).
func (c *Conn) Search(ctx context.Context, q Query, visit func(*ldap.Entry) error) error {
	s := splitter{c: c, q: q, visit: visit}
	referrals, err := c.pages(ctx, q, s.first)
	if cut := (*cutOffError)(nil); errors.As(err, &cut) && len(q.Split) > 0 {
		referrals, err = s.inParts(ctx, cut)
	}
	if err != nil {
		return err
	}
	slices.Sort(referrals)
	for _, url := range slices.Compact(referrals) { // once, though a server may send it with every page
		if err := c.dialer.follow(ctx, url, q, visit); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// pages gives every entry of every page, and tells the referrals to follow. That it is
// complete rests on request and on the paging cookie having run out. A server that
// ignores the paging control gives everything as one page. While a page is visited the
// server is at the next one already.
func (c *Conn) pages(ctx context.Context, q Query, visit func(*ldap.Entry) error) (referrals []string, err error) {
	got, empty := 0, 0
	ahead := c.ask(ctx, q, 1, nil)
	for page := 1; ; page++ {
		result, err := ahead()
		if result != nil {
			got += len(result.Entries)
		}
		if err != nil {
			if urls := referralsOf(err); urls != nil {
				referrals = append(referrals, urls...)
				break
			}
			failure := c.explainSearch(ctx, err, q, got)
			if code, ok := advice.Code(err); ok && code == ldap.LDAPResultSizeLimitExceeded {
				failure = &cutOffError{error: failure, referrals: referrals, got: got, last: lastOf(result)}
			}
			return nil, failure
		}
		referrals = append(referrals, c.relevant(result.Referrals, q)...)
		if empty++; len(result.Entries) > 0 {
			empty = 0
		}
		cookie, err := c.nextCookie(result.Controls, page)
		if err == nil && len(cookie) > 0 && empty >= maxEmptyPages {
			err = fmt.Errorf("the server sent %d empty pages in a row and still says there is more", empty)
		}
		more := err == nil && len(cookie) > 0
		if more {
			ahead = c.ask(ctx, q, page+1, cookie)
		}
		if failed := c.visitAll(ctx, result.Entries, visit); failed != nil {
			if more {
				_, _ = ahead() // what comes belongs to nothing
			}
			return nil, failed
		}
		if err != nil {
			return nil, c.explainSearch(ctx, err, q, got)
		}
		if !more {
			break
		}
	}
	c.Debugf("ldap: %d entries below %q from %s", got, q.Base, c.url)
	return referrals, nil
}

// ask asks for a page of a search, and gives a function that waits for it.
func (c *Conn) ask(ctx context.Context, q Query, page int, cookie []byte) (await func() (*ldap.SearchResult, error)) {
	paging := ldap.NewControlPaging(uint32(c.dialer.PageSize)) //nolint:gosec // checked by NewDialer
	paging.SetCookie(cookie)
	var (
		result *ldap.SearchResult
		err    error
		came   = make(chan struct{})
	)
	go func() {
		defer close(came)
		result, err = c.request(ctx, fmt.Sprintf("page %d", page), &ldap.SearchRequest{
			BaseDN: q.Base, Scope: q.Scope, Filter: q.Filter, Attributes: q.Attrs, Controls: []ldap.Control{paging},
		})
	}()
	return func() (*ldap.SearchResult, error) {
		<-came
		return result, err
	}
}

// cutOffError is the end of a search at the server's limit on entries.
type cutOffError struct {
	error
	referrals []string
	got       int           // entries in all
	last      []*ldap.Entry // those of the page that was cut off; nobody has seen them yet
}

func (e *cutOffError) Unwrap() error { return e.error }

// lastOf gives the entries of a page that failed.
func lastOf(result *ldap.SearchResult) []*ldap.Entry {
	if result == nil {
		return nil
	}
	return result.Entries
}

// visitAll completes the entries of a page and gives them on.
func (c *Conn) visitAll(ctx context.Context, entries []*ldap.Entry, visit func(*ldap.Entry) error) error {
	for _, entry := range entries {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := c.Complete(ctx, entry); err != nil {
			return err
		}
		if err := visit(entry); err != nil {
			return err
		}
	}
	return nil
}

// nextCookie takes the cookie of the next page out of an answer; none means
// that the search is complete. Only the first answer may come without a paging
// control, from a server that does not page; later, or from one that answers with
// it always, it is a page that lost its end.
func (c *Conn) nextCookie(controls []ldap.Control, page int) ([]byte, error) {
	control := ldap.FindControl(controls, ldap.ControlTypePaging)
	if control == nil {
		if page > 1 || c.paging {
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

// follow continues a search where a referral points to, if that host may be
// followed. A referral that is not followed hides people, so it is an error.
func (d *Dialer) follow(ctx context.Context, text string, q Query, visit func(*ldap.Entry) error) error {
	e, next, err := parseReferral(text, q)
	if err != nil {
		return fmt.Errorf("search below %q: %w", q.Base, err)
	}
	if !d.mayFollow(e) {
		return dirsync.WithHint(
			fmt.Errorf("search below %q: a part of it is elsewhere: referral to %q", q.Base, text),
			fmt.Sprintf("add %s to ldap.referral_hosts (the bind password is then sent there, too), or narrow ldap.users.base_dns", d.hidden.Line(e.host, maxMessage)))
	}
	if next.hops > maxHops {
		return dirsync.WithHint(fmt.Errorf("search below %q: referral to %q: more than %d referrals in a chain", q.Base, text, maxHops),
			"the servers' referrals may go round in a circle")
	}
	d.Log.Debugf("ldap: following the referral to %s", d.hidden.Line(text, maxMessage))
	c, err := d.open(ctx, e)
	if err != nil {
		return fmt.Errorf("referral to %q: %w", text, err)
	}
	defer c.Close()
	return c.Search(ctx, next, visit)
}
