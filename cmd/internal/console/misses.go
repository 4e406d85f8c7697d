package console

import (
	"net/netip"
	"sync"
	"time"
)

// misses counts wrong tokens by where they come from. Whoever guesses has to wait, longer each
// time; others don't. It never grows beyond a bound.
type misses struct {
	mu   sync.Mutex
	by   map[netip.Prefix]*missed
	told time.Time // when the log was told of one last
}

type missed struct {
	count int
	until time.Time // nothing is answered before
	last  time.Time
}

const (
	freeMisses  = 5 // so many may be mistakes
	longestWait = time.Minute
	missMemory  = 15 * time.Minute // after which they are forgotten
	mostMissed  = 4096             // addresses
	tellEvery   = time.Minute
)

// wait is how long somebody has to wait; 0: not at all.
func (m *misses) wait(from netip.Prefix, now time.Time) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if x := m.by[from]; x != nil {
		return max(0, x.until.Sub(now))
	}
	return 0
}

// miss notes a wrong token. It reports whether somebody should be told.
func (m *misses) miss(from netip.Prefix, now time.Time) (tell bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.by == nil {
		m.by = map[netip.Prefix]*missed{}
	}
	x := m.by[from]
	if x == nil || now.Sub(x.last) > missMemory {
		m.room(now)
		x = &missed{}
		m.by[from] = x
	}
	x.count, x.last = x.count+1, now
	if x.count < freeMisses {
		return false
	}
	x.until = now.Add(min(longestWait, time.Second<<min(x.count-freeMisses, 10)))
	if x.count != freeMisses || now.Sub(m.told) < tellEvery {
		return false
	}
	m.told = now
	return true
}

// room makes room for one more: those that are long gone are forgotten, else the oldest one.
func (m *misses) room(now time.Time) {
	if len(m.by) < mostMissed {
		return
	}
	var oldest netip.Prefix
	var at time.Time
	for from, x := range m.by {
		if now.Sub(x.last) > missMemory {
			delete(m.by, from)
			continue
		}
		if at.IsZero() || x.last.Before(at) {
			oldest, at = from, x.last
		}
	}
	if len(m.by) >= mostMissed {
		delete(m.by, oldest)
	}
}

// forget forgets what came from somebody who has the token after all.
func (m *misses) forget(from netip.Prefix) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.by, from)
}
