package ldapsrc

import (
	"context"
	"errors"
	"fmt"

	dirsync "duosync/sync"
)

// session is the connection over which the last complete read came, and what its
// server said of itself when that read ended.
type session struct {
	c *conn
	view
}

const hintRunAgain = "run again: what is concluded from a read is looked at again on the very server that was read"

// keep makes the connection of a complete read the one that is asked from now on.
// The one before is closed.
func (s *Source) keep(ctx context.Context, next *session) error {
	done, err := s.inTurn(ctx)
	if err != nil {
		next.c.close()
		return err
	}
	defer done()
	s.swap(next)
	return nil
}

// swap replaces the session; after Close there is none.
func (s *Source) swap(next *session) {
	s.mu.Lock()
	old := s.session
	s.session = next
	if s.life.Err() != nil {
		s.session = nil
	}
	kept := s.session
	s.mu.Unlock()
	if old != nil && (kept == nil || old.c != kept.c) {
		old.c.close()
	}
	if kept == nil && next != nil && (old == nil || old.c != next.c) {
		next.c.close()
	}
}

// inTurn waits until nobody else uses the session.
func (s *Source) inTurn(ctx context.Context) (done func(), err error) {
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

// look has the server asked that the last complete read came from; without one,
// any. One look goes on at a time.
func (s *Source) look(ctx context.Context, ask func(context.Context, *conn, view) error) error {
	ctx, untie := s.tie(ctx)
	defer untie()
	done, err := s.inTurn(ctx)
	if err != nil {
		return err
	}
	defer done()
	s.mu.Lock()
	last := s.session
	s.mu.Unlock()
	if last == nil {
		return s.lookAnywhere(ctx, ask)
	}
	now, err := s.resume(ctx, last)
	if err != nil {
		return err
	}
	if err := ask(ctx, now.c, now.view); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// lookAnywhere asks the first server that can be used.
func (s *Source) lookAnywhere(ctx context.Context, ask func(context.Context, *conn, view) error) error {
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	v, err := s.describe(ctx, c)
	if err != nil {
		return err
	}
	if err := ask(ctx, c, v); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// resume gives the session as it is now. A connection that was lost meanwhile is
// made anew, to the same address; the server must be the same, and no further
// back than it was.
func (s *Source) resume(ctx context.Context, last *session) (*session, error) {
	now, err := s.describe(ctx, last.c)
	if err == nil {
		return &session{c: last.c, view: now}, last.confirm(now)
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	s.opts.Log.WithError(err).Debugf("ldap: the connection to %s was lost; making it anew", last.c.url)
	there := last.c.endpoint
	there.addr = last.c.raw.RemoteAddr().String()
	c, err := s.open(ctx, there)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, dirsync.WithHint(fmt.Errorf("the server that was read, %s, can't be asked again: %w", last.c.url, err), hintRunAgain)
	}
	c.endpoint = last.c.endpoint
	if now, err = s.describe(ctx, c); err == nil {
		err = last.confirm(now)
	}
	if err != nil {
		c.close()
		return nil, err
	}
	next := &session{c: c, view: view{identity: last.identity, marker: last.marker, contexts: last.contexts}}
	s.swap(next)
	if s.life.Err() != nil {
		return nil, context.Cause(s.life)
	}
	return &session{c: c, view: now}, nil
}

// confirm reports whether what a server says now can be what the session's server
// says.
func (s *session) confirm(now view) error {
	var err error
	switch {
	case now.identity != s.identity:
		err = fmt.Errorf("%s was read, and now %s answers there", s.identity, now.identity)
	case now.marker.Behind(s.marker):
		err = errors.New("the server that answers now lags behind the one that was read")
	}
	return dirsync.WithHint(err, hintRunAgain)
}
