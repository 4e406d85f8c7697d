package conn

import (
	"context"
	"fmt"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/advice"
	dirsync "duosync/sync"
)

// Answer is what a server says where it is asked for one entry.
type Answer struct {
	Entries   []*ldap.Entry // none where the filter does not match
	Elsewhere bool          // the server refers to another one
	Code      uint16        // the result code (RFC 4511, 4.1.9)
	Refusal   error         // that code in words; nil for success
}

// Entry gives the entry that came; nil where none did.
func (a Answer) Entry() *ldap.Entry {
	if len(a.Entries) != 1 {
		return nil
	}
	return a.Entries[0]
}

// At asks for the entry of q.Base; none comes where q.Filter does not match it.
// Referrals are not followed. The error is for the connection. It takes no page for
// that, since a server may keep only one paged search on a connection.
func (c *Conn) At(ctx context.Context, q Query) (Answer, error) {
	result, err := c.at(ctx, q)
	code, answered := advice.Code(err)
	switch {
	case err == nil:
		return Answer{Entries: result.Entries, Elsewhere: len(result.Referrals) > 0}, nil
	case answered:
		return Answer{Elsewhere: code == ldap.LDAPResultReferral, Code: code, Refusal: c.explainSearch(ctx, err, q, 0)}, nil
	}
	return Answer{}, c.explainSearch(ctx, err, q, 0)
}

func (c *Conn) at(ctx context.Context, q Query) (*ldap.SearchResult, error) {
	return c.request(ctx, fmt.Sprintf("reading %q", q.Base), &ldap.SearchRequest{
		BaseDN: q.Base, Scope: ldap.ScopeBaseObject, Filter: q.Filter, Attributes: q.Attrs, Controls: c.scoped(q.Narrow),
	})
}

// Shown gives what the server shows of a small search; whatever it answers else, a limit
// included, is none. Referrals are not followed, and no page is taken, as with At. A lost
// connection is an error.
func (c *Conn) Shown(ctx context.Context, q Query) ([]*ldap.Entry, error) {
	result, err := c.request(ctx, fmt.Sprintf("reading %q", q.Base), &ldap.SearchRequest{
		BaseDN: q.Base, Scope: q.Scope, Filter: q.Filter, Attributes: q.Attrs, Controls: c.scoped(q.Narrow),
	})
	if _, answered := advice.Code(err); answered {
		return nil, nil
	}
	if err != nil {
		return nil, c.explainSearch(ctx, err, q, 0)
	}
	return result.Entries, nil
}

// Again reads an entry that was there a moment ago.
func (c *Conn) Again(ctx context.Context, dn string, attrs ...string) (*ldap.Entry, error) {
	result, err := c.at(ctx, Query{Base: dn, Filter: AnyEntry, Attrs: attrs})
	if code, ok := advice.Code(err); ok && code == ldap.LDAPResultNoSuchObject {
		return nil, dirsync.WithHint(fmt.Errorf("entry %q was there a moment ago: %w", dn, c.dialer.readable(err)),
			"it was moved or deleted while the directory was read: run again")
	}
	if err != nil {
		return nil, c.explainSearch(ctx, err, Query{Base: dn}, 0)
	}
	if len(result.Entries) != 1 {
		return nil, dirsync.WithHint(fmt.Errorf("the server does not show the entry %q a second time", dn), HintRights)
	}
	return result.Entries[0], nil
}

// ifShown reads one entry, where the server shows it; whatever the server answers else
// is nil. A lost connection is an error.
func (c *Conn) ifShown(ctx context.Context, dn string, attrs ...string) (*ldap.Entry, error) {
	result, err := c.at(ctx, Query{Base: dn, Filter: AnyEntry, Attrs: attrs})
	if _, answered := advice.Code(err); answered {
		return nil, nil
	}
	if err != nil {
		return nil, lost(err)
	}
	if len(result.Entries) != 1 {
		return nil, nil
	}
	return result.Entries[0], nil
}
