package conn

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"duosync/ldapsrc/dn"
	dirsync "duosync/sync"
)

// Session keeps the connection over which the last complete read came. What a read does
// not show is looked at again, and that must be on the same server: of two that hold
// the same directory one may lag behind. Where the connection was lost meanwhile, a
// new one serves only if the server that answers there says of itself what that of the
// read said.
//
// Its methods may be called from several goroutines; the connection is used by one at
// a time. No error of theirs shows the password, whatever a server says.
type Session struct {
	dialer *Dialer
	bases  []dn.DN

	life context.Context // ends with Close
	end  context.CancelCauseFunc

	turn chan struct{} // held by who uses the connection

	mu   sync.Mutex
	last *lastRead // nil before one
	// tried are the URLs of the servers at which the next read does not begin, after one that
	// broke off.
	tried map[string]bool
}

// lastRead is a complete read: its connection, and what the server said when it ended.
type lastRead struct {
	c *Conn
	State
}

var errClosed = errors.New("the LDAP source was closed")

const hintRunAgain = "run again: what is concluded from a read is looked at again on the very server that was read"

// NewSession makes a session with the servers that hold the bases.
func NewSession(dialer *Dialer, bases []dn.DN) *Session {
	s := &Session{dialer: dialer, bases: bases, turn: make(chan struct{}, 1)}
	s.life, s.end = context.WithCancelCause(context.Background())
	return s
}

// Close ends what is under way, and the connection. Later calls fail.
func (s *Session) Close() {
	s.end(errClosed)
	s.swap(nil)
}

// tie binds ctx to the life of the session.
func (s *Session) tie(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	untie := context.AfterFunc(s.life, func() { cancel(context.Cause(s.life)) })
	return ctx, func() {
		untie()
		cancel(nil)
	}
}

// Probe asks each server by itself (see [Dialer.Probe]).
func (s *Session) Probe(ctx context.Context) []Server {
	ctx, untie := s.tie(ctx)
	defer untie()
	return s.dialer.Probe(ctx)
}

// hide takes the password out of an error that leaves the package: certificates,
// referrals and names of attributes are a server's text, too.
func (d *Dialer) hide(err *error) { *err = d.hidden.Error(*err) }

// Once has something asked over a connection of its own, to the first server that can
// be used.
func (s *Session) Once(ctx context.Context, ask func(context.Context, *Conn) error) (err error) {
	defer s.dialer.hide(&err)
	ctx, untie := s.tie(ctx)
	defer untie()
	c, err := s.dialer.Connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	return ask(ctx, c)
}

// Read has the directory read over a new connection, to the first server that can be
// used. When the read is complete, that connection is the one that is asked from now
// on, and the one before is closed. whole gives what the server says of itself at its
// end.
func (s *Session) Read(ctx context.Context, whole func(context.Context, *Conn) (State, error)) (err error) {
	defer s.dialer.hide(&err)
	ctx, untie := s.tie(ctx)
	defer untie()
	tried := s.begins()
	c, err := s.dialer.connect(ctx, tried)
	if err != nil {
		return err
	}
	state, err := whole(ctx, c)
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	var done func()
	if err == nil {
		done, err = s.inTurn(ctx)
	}
	if err != nil {
		c.Close()
		return s.elsewhere(ctx, c, tried, err)
	}
	defer done()
	s.swap(&lastRead{c, state})
	return nil
}

// begins gives the servers at which a read does not begin. The next one begins at the first
// again.
func (s *Session) begins() map[string]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	tried := s.tried
	s.tried = nil
	if tried == nil {
		tried = map[string]bool{}
	}
	return tried
}

// elsewhere makes of an error that a read ended with one that says to read again, where
// its server broke off and there is one that was not tried.
func (s *Session) elsewhere(ctx context.Context, c *Conn, tried map[string]bool, err error) error {
	if ctx.Err() != nil || !brokeOff(err) {
		return err
	}
	for e, unknown := range s.dialer.all(ctx) {
		if unknown == nil && !tried[e.url] {
			s.mu.Lock()
			s.tried = tried
			s.mu.Unlock()
			return &dirsync.ReadAgain{Server: c.url, Err: s.dialer.hidden.Error(err)}
		}
	}
	return err
}

// swap replaces the last read; after Close there is none.
func (s *Session) swap(next *lastRead) {
	s.mu.Lock()
	old := s.last
	s.last = next
	if s.life.Err() != nil {
		s.last = nil
	}
	kept := s.last
	s.mu.Unlock()
	if old != nil && (kept == nil || old.c != kept.c) {
		old.c.Close()
	}
	if kept == nil && next != nil && (old == nil || old.c != next.c) {
		next.c.Close()
	}
}

// inTurn waits until nobody else uses the connection.
func (s *Session) inTurn(ctx context.Context) (done func(), err error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	select {
	case s.turn <- struct{}{}:
		return func() { <-s.turn }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Ask has the server asked that the last complete read came from; without one, the
// first that can be used. One at a time asks.
func (s *Session) Ask(ctx context.Context, ask func(context.Context, *Conn, State) error) (err error) {
	defer s.dialer.hide(&err)
	ctx, untie := s.tie(ctx)
	defer untie()
	done, err := s.inTurn(ctx)
	if err != nil {
		return err
	}
	defer done()
	s.mu.Lock()
	last := s.last
	s.mu.Unlock()
	var now *lastRead
	if last != nil {
		now, err = s.resume(ctx, last)
	} else if now, err = s.begin(ctx); err == nil {
		defer now.c.Close()
	}
	if err != nil {
		return err
	}
	if err := ask(ctx, now.c, now.State); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// begin connects to the first server that can be used.
func (s *Session) begin(ctx context.Context) (*lastRead, error) {
	c, err := s.dialer.Connect(ctx)
	if err != nil {
		return nil, err
	}
	state, err := c.Describe(ctx, s.bases)
	if err != nil {
		c.Close()
		return nil, err
	}
	return &lastRead{c, state}, nil
}

// resume gives the last read's server as it is now. A connection that was lost
// meanwhile is made anew, to the same address; the server must be the same, and no
// further back than it was.
func (s *Session) resume(ctx context.Context, last *lastRead) (*lastRead, error) {
	now, err := last.c.Describe(ctx, s.bases)
	if err == nil {
		return &lastRead{last.c, now}, last.confirm(now)
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	s.dialer.Log.WithError(s.dialer.hidden.Error(err)).Debugf("ldap: the connection to %s was lost; making it anew", last.c.url)
	there := last.c.endpoint
	there.addr = last.c.raw.RemoteAddr().String()
	c, err := s.dialer.open(ctx, there)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, dirsync.WithHint(fmt.Errorf("the server that was read, %s, can't be asked again: %w", last.c.url, err), hintRunAgain)
	}
	c.endpoint = last.c.endpoint
	if now, err = c.Describe(ctx, s.bases); err == nil {
		err = last.confirm(now)
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	s.swap(&lastRead{c, last.State})
	if s.life.Err() != nil {
		return nil, context.Cause(s.life)
	}
	return &lastRead{c, now}, nil
}

// confirm reports whether what a server says now can be what the read's server says.
func (r *lastRead) confirm(now State) error {
	var err error
	switch {
	case now.Identity != r.Identity:
		err = fmt.Errorf("%s was read, and now %s answers there", r.Identity, now.Identity)
	case now.Marker.Behind(r.Marker):
		err = errors.New("the server that answers now lags behind the one that was read")
	}
	return dirsync.WithHint(err, hintRunAgain)
}
