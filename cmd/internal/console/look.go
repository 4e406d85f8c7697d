package console

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"duosync/cmd/internal/afterrun"
	"duosync/cmd/internal/past"
	"duosync/state"
	dirsync "duosync/sync"
)

// These bound what looking at the state costs.
const (
	// readTime is how long reading may take.
	readTime = 10 * time.Second
	// share of the time that is spent on reading is one part in so many at most, where no
	// stamp tells that there is nothing new, or the last reading failed.
	share = 10
	// trusted is for how long a stamp is taken to say that nothing was written: two writes
	// at the same tick of a file system's clock give the same one.
	trusted = time.Minute
	// patience is how long a page waits for a reading where it can tell what was known before:
	// the report of a large run takes longer. What is older than the state is said to be.
	patience = time.Second
)

// looked is what is known of the last look at the state. Server.looking guards it.
type looked struct {
	dsn   string
	stamp string
	at    time.Time // when the state was read
	rest  time.Time // before this it is not read again unless the stamp says that it was written
}

// Look brings what is shown in line with the state, and gives it. The state is read when
// it was written since, but not while a run is under way, which writes all the time and
// ends soon after a pause; and only one goes to look, others take what is known.
func (s *Server) Look(ctx context.Context) view {
	if !s.looking.TryLock() {
		return s.status.look()
	}
	now := s.status.look()
	condition, err := s.opts.Examine(now.loaded)
	if err != nil && now.unreachable == nil {
		afterrun.WithError(s.opts.Log, err, now.loaded.Flags()).Warn("the state can't be reached; the pages show what was known of it before")
	}
	s.status.change(func(v *view) {
		v.unreachable, v.holder = err, ""
		if err == nil {
			v.stamp = condition.Stamp
		}
		if v.running == nil {
			v.holder = condition.Holder
		}
	})
	if err != nil || s.opts.Standing == nil || !s.outdated(&now, &condition) {
		s.looking.Unlock()
		return s.status.look()
	}
	done := make(chan struct{})
	s.status.change(func(v *view) { v.reading = condition.Stamp != s.looked.stamp })
	go func() {
		defer close(done)
		defer s.looking.Unlock()
		s.read(ctx, &now, &condition)
		s.status.change(func(v *view) { v.reading = false })
	}()
	var late <-chan time.Time
	if !now.asOf.IsZero() { // else there is nothing to show meanwhile
		timer := time.NewTimer(patience)
		defer timer.Stop()
		late = timer.C
	}
	select {
	case <-done:
	case <-late:
	}
	return s.status.look()
}

// outdated reports whether the state is to be read.
func (s *Server) outdated(v *view, c *state.Condition) bool {
	l := &s.looked
	switch at := time.Now(); {
	case l.at.IsZero(), l.dsn != v.loaded.Config.State.DSN.Reveal():
		return true
	case v.unread != nil:
		return !at.Before(l.rest)
	case v.running != nil, c.Holder != "":
		return false
	case c.Stamp == "":
		return !at.Before(l.rest)
	default:
		return c.Stamp != l.stamp || at.Sub(l.at) > trusted
	}
}

// read reads what stands in the state. Where that fails, what was known stays.
func (s *Server) read(ctx context.Context, v *view, c *state.Condition) {
	// Whoever asked may go away; what was found is for all.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTime)
	defer cancel()
	began := time.Now()
	standing, err := s.opts.Standing(ctx, v.loaded)
	if err == nil && standing.Absent && v.was == v.loaded.Config.State.DSN.Reveal() && v.was != "" {
		err = goneError(c.Path)
	}
	took := time.Since(began)
	l := looked{dsn: v.loaded.Config.State.DSN.Reveal(), stamp: c.Stamp, at: began, rest: began.Add(share * took)}
	if err != nil {
		if v.unread == nil {
			afterrun.WithError(s.opts.Log, err, v.loaded.Flags()).Warn("the state can't be read; the pages show what was known of it before")
		}
		s.status.change(func(v *view) {
			if v.unread = err; l.dsn != s.looked.dsn {
				v.standing, v.needs = nil, needs{}
			}
		})
		s.looked = l
		return
	}
	s.looked = l
	if !standing.Absent {
		s.status.change(func(v *view) { v.was = l.dsn })
	}
	s.metrics.Stands(standing)
	s.status.Stands(standing, began)
}

// goneError tells of a state that was there and is not any more. What can still be read in its
// place is an empty one, and says nothing of people.
func goneError(path string) error {
	return dirsync.WithHint(fmt.Errorf("the state is gone: there is none at %s any more", path),
		"Put a copy back; where there is none, `duosync rebuild` makes it anew (docs/recovery.md).")
}

// Metrics are what the pages show of them, and what is told of the state.
type Metrics interface {
	prometheus.Gatherer
	// Stands takes what stands in the state.
	Stands(standing *past.Standing)
}
