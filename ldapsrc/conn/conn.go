// Package conn speaks LDAP with the servers of one directory: it connects and binds,
// searches to the end or fails, and has asked again the very server that was read.
//
// What it is careful about is the end of a search. A search that stopped half-way and
// looks complete would make leavers of everybody it did not show; so each page counts
// only when its SearchResultDone with code 0 came in, the paging cookie must run out
// properly, and every other end (a limit, a referral, a lost connection, a cancelled
// context) is an error that says which. What a server keeps back of an attribute with
// many values is fetched.
package conn

import (
	"context"
	"fmt"
	"net"
	"sync"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/framed"
	dirsync "duosync/sync"
)

// Conn is a connection to one server.
type Conn struct {
	endpoint
	dialer *Dialer
	ldap   *ldap.Conn
	reader *framed.Conn // below ldap
	one    sync.Mutex   // held by the request that is under way
	raw    net.Conn     // below TLS; closing it ends whatever goes on
	stream net.Conn     // above TLS, where there is any

	// What is known once the server was asked what it is (Describe).

	narrows bool // continuations of a search lead to other parts of a forest alone, and none is followed
	strict  bool // the server holds entries to what their object classes demand
	paging  bool // each answer to a paged search has the paging control, the last one, too

	cutAt, parts int // see Limit

	product Product // "" where it is not known

	asked      bool // for a client certificate, where there is one
	mustChange bool // it lets the account in to change its password
	heard      bool // the server has answered something
}

// newConn speaks LDAP on stream, which goes over raw.
func (d *Dialer) newConn(raw, stream net.Conn, e endpoint) *Conn {
	reader := framed.New(stream)
	c := &Conn{endpoint: e, dialer: d, ldap: ldap.NewConn(reader, e.encrypted(d.StartTLS)), reader: reader, raw: raw, stream: stream}
	c.ldap.Start()
	return c
}

// Close closes the connection.
func (c *Conn) Close() { _ = c.ldap.Close() }

// URL is the server's, as configured.
func (c *Conn) URL() string { return c.url }

// Strict reports whether the server holds entries to what their object classes demand,
// as far as it is known (Describe).
func (c *Conn) Strict() bool { return c.strict }

// Limit tells after how many entries the server ended a search that was then read in
// parts, and in how many searches all of these were read; 0 where it ended none.
func (c *Conn) Limit() (entries, searches int) { return c.cutAt, c.parts }

// Debugf logs a debug message.
func (c *Conn) Debugf(format string, args ...any) { c.dialer.Log.Debugf(format, args...) }

// within runs one exchange with the server. When the time is up or ctx ends,
// the connection is closed, which ends the exchange, and the error says why;
// an exchange that just made it then counts for nothing.
func (c *Conn) within(ctx context.Context, what string, exchange func() error) error {
	limited, cancel := context.WithTimeoutCause(ctx, c.dialer.Timeout, c.dialer.late(what, c.heard))
	defer cancel()
	stop := context.AfterFunc(limited, func() { _ = c.raw.Close() })
	err := exchange()
	if !stop() {
		return context.Cause(limited)
	}
	return err
}

// late is for what took too long; heard: the server has answered something before.
func (d *Dialer) late(what string, heard bool) error {
	hint := "check host, port and firewall of ldap.urls; where the server takes connections and says nothing, see in its log whether it hangs, and whether ldaps:// and ldap:// go to the right ports; " +
		"a slow server needs a larger ldap.timeout"
	if heard {
		hint = "see in the server's log what it was busy with; a slow server needs a larger ldap.timeout or a smaller ldap.page_size"
	}
	return dirsync.WithHint(&lateError{fmt.Sprintf("%s took longer than %v", what, d.Timeout)}, hint)
}

// lateError is a time limit of ours. For callers it is a
// context.DeadlineExceeded, too.
type lateError struct{ text string }

func (e *lateError) Error() string        { return e.text }
func (e *lateError) Is(target error) bool { return target == context.DeadlineExceeded }
