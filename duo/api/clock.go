package api

import (
	"sync"
	"time"
)

// MaxSkew is how far clocks may be apart before Duo refuses a signature
// (401/40105; https://duo.com/docs/adminapi, Authentication).
const MaxSkew = 5 * time.Minute

// clock knows how Duo's clock differs from ours, from the Date headers of its
// replies. Those carry whole seconds, so one reply gives a range; many narrow it.
type clock struct {
	mu    sync.Mutex
	known bool
	ahead time.Duration // at least so much is Duo's clock ahead of ours
}

// learn takes a Date header of a call that was sent and answered at these times
// of our clock.
//
// Duo's time at the answer was between date and date+1s, so Duo is ahead of us
// by more than date-answered and by less than date+1s-sent. The largest lower
// bound is kept: a time told by this clock is never later than Duo's, so what
// was done after it is never taken for older. A bound above a later upper bound
// means that one of the clocks was set.
func (c *clock) learn(date, sent, answered time.Time) {
	lower, upper := date.Sub(answered), date.Add(time.Second).Sub(sent)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.known || lower > c.ahead || c.ahead > upper {
		c.known, c.ahead = true, lower
	}
}

// read returns how much Duo's clock is ahead of ours, and whether any reply
// told it.
func (c *clock) read() (ahead time.Duration, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ahead, c.known
}
