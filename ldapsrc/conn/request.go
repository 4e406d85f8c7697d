package conn

import (
	"context"
	"errors"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/advice"
)

// request sends one search request, for no longer than the time limit, and gives all that came
// until its SearchResultDone. It fails unless that came, with code 0; what came before goes with
// the error (SearchAsync would not do: it also returns without one on a closed connection and on
// a cancelled context). It waits for the one that is under way. It is the one door to the wire.
func (c *Conn) request(ctx context.Context, what string, request *ldap.SearchRequest) (*ldap.SearchResult, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	c.one.Lock()
	defer c.one.Unlock()
	request.DerefAliases = ldap.NeverDerefAliases
	var result *ldap.SearchResult
	err := c.within(ctx, what, func() (err error) {
		result, err = c.reader.Search(c.ldap, request)
		return err
	})
	_, answered := advice.Code(err)
	if err != nil && !answered && ctx.Err() == nil {
		if !c.heard {
			err = c.dialer.explainLost(ctx, c.endpoint, err)
		}
		err = &lostError{err}
	}
	c.heard = c.heard || err == nil || answered
	return result, err
}

// lostError is a connection that was lost, or an answer that did not come in time.
type lostError struct{ err error }

func (e *lostError) Error() string { return e.err.Error() }
func (e *lostError) Unwrap() error { return e.err }

// brokeOff reports whether a server gave up half-way for reasons of its own, so that
// another one may do better: it can't be reached any more, is too slow, or says that it
// is out of service.
func brokeOff(err error) bool {
	var lost *lostError
	code, answered := advice.Code(err)
	return errors.As(err, &lost) || answered && advice.IsBusy(code)
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
