package api

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"duosync/duo/callrate"
	"duosync/duo/gate"
)

// The automatic rate, in calls per second. Duo publishes no number for its
// Admin API, so it is found by trying: it grows until a 429, and goes back then to
// just below what Duo has taken, as far as the last calls tell. From there it grows
// with care at first, then faster; the more so the less often Duo says 429 at the same
// rate again. So it settles near a real limit, and a stray 429 costs little.
const (
	rateStart   rate.Limit = 10
	rateCeiling rate.Limit = 2000
	rateFloor   rate.Limit = 0.5
	rateGrowth             = 1.05   // per success, until the first 429
	rateReturn             = 1.15   // per success, up to the knee
	rateProbe              = 0.0002 // part of it that a success adds beyond the knee, more with each
	rateHaste              = 100    // successes after which that is twice as much
	rateKnee               = 0.94   // of the rate that Duo took
	rateNear               = 0.2    // by how much of it two rates differ that count as the same
	mostSure               = 3      // how often that may halve the growth
	// rateMargin is how much slower than a fixed rate calls go: evenly spread, each of them
	// would be at the very border of Duo's count, where a network's jitter decides.
	rateMargin = 0.97
	// rateSpan is over how long calls are counted at least to see what Duo has taken, and
	// rateCalls how many of them.
	rateSpan  = time.Second
	rateCalls = 20
	// keptCalls is how many calls that Duo took are remembered.
	keptCalls = 1024
)

// longestPause is how long a Retry-After may be for us to wait for it.
const longestPause = 10 * time.Minute

// pacer lets calls through one by one. Nobody passes before the time that Duo
// gave in a Retry-After.
type pacer struct {
	now   func() time.Time
	sleep func(context.Context, time.Duration) error

	mu      sync.Mutex
	limiter *rate.Limiter
	auto    bool
	knee    rate.Limit  // up to where the rate returns quickly; 0: no 429 yet
	refusal rate.Limit  // what Duo took when it last said 429
	sure    int         // how often that was about the same before
	beyond  int         // successes beyond the knee
	inBurst bool        // the last answer was a 429
	from    time.Time   // when the first call was sent after the last burst
	since   int         // calls that Duo took since then
	cut     time.Time   // when the rate was last lowered
	until   time.Time   // nobody calls before
	taken   []time.Time // of the last calls that Duo took, when they were sent
}

func newPacer(r callrate.Rate, now func() time.Time, sleep func(context.Context, time.Duration) error) *pacer {
	limit := rateStart
	if !r.Auto() {
		limit = rateMargin * rate.Limit(r.PerSecond())
	}
	return &pacer{
		now: now, sleep: sleep,
		limiter: rate.NewLimiter(limit, 1), auto: r.Auto(),
	}
}

// pauseError says that Duo wants no calls for longer than we wait.
type pauseError struct{ rest time.Duration }

func (e *pauseError) Error() string {
	return fmt.Sprintf("Duo asked for no more calls for %s", e.rest.Round(time.Second))
}

// await returns when a call may be sent. It fails when ctx ends, with a pauseError, or where
// the gate of ctx is closed meanwhile.
func (p *pacer) await(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		now := p.now()
		switch rest := p.rest(now); {
		case rest > longestPause:
			return &pauseError{rest}
		case rest > 0:
			if err := gate.Sleep(ctx, rest, p.sleep); err != nil {
				return err
			}
			continue
		}
		turn := p.limiter.ReserveN(now, 1)
		if delay := turn.DelayFrom(now); delay > 0 {
			if err := gate.Sleep(ctx, delay, p.sleep); err != nil {
				turn.CancelAt(p.now())
				return err
			}
		}
		if p.rest(p.now()) <= 0 {
			return nil
		}
	}
}

func (p *pacer) rest(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.until.Sub(now)
}

// perSecond is the rate of the moment.
func (p *pacer) perSecond() float64 { return float64(p.limiter.Limit()) }

// succeeded takes a call of that time that Duo has not refused with a 429, and lets an
// automatic rate grow. One that was under way when the rate was lowered says nothing of it.
func (p *pacer) succeeded(sent time.Time) {
	if !p.auto {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken = append(p.taken, sent); len(p.taken) > keptCalls {
		p.taken = slices.Clone(p.taken[keptCalls/2:])
	}
	if p.since++; sent.Before(p.cut) {
		return
	}
	if p.inBurst || p.from.IsZero() {
		p.inBurst, p.from, p.since = false, sent, 1
	}
	limit := p.limiter.Limit()
	switch {
	case p.knee == 0:
		limit *= rateGrowth
	case limit < p.knee:
		limit = min(limit*rateReturn, p.knee)
	default:
		p.beyond++
		haste := 1 + rate.Limit(p.beyond)/rateHaste
		limit *= 1 + rateProbe*haste/rate.Limit(int(1)<<p.sure)
	}
	p.limiter.SetLimitAt(p.now(), min(limit, rateCeiling))
}

// refused notes a 429 to a call of that time: nobody calls for the pause, and an automatic
// rate goes back. Of several calls under way at once the first counts.
func (p *pacer) refused(sent time.Time, pause time.Duration) {
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := now.Add(pause); until.After(p.until) {
		p.until = until
	}
	if !p.auto || sent.Before(p.cut) {
		return
	}
	limit := p.limiter.Limit()
	took := min(limit, p.took(limit, now, pause))
	switch {
	case p.inBurst:
		took = p.refusal
		if p.since >= rateCalls { // the pauses of a burst belong to what came before it
			took = min(took, rate.Limit(float64(p.since)/max(now.Add(pause).Sub(p.from), rateSpan).Seconds()))
		}
	case math.Abs(float64(took-p.refusal)) <= rateNear*float64(p.refusal):
		p.sure = min(p.sure+1, mostSure)
	default:
		p.sure = 0
	}
	p.refusal, p.knee = took, max(took*rateKnee, rateFloor)
	p.inBurst, p.cut, p.beyond = true, now, 0
	p.limiter.SetLimitAt(now, max(min(limit/2, p.knee), rateFloor))
}

// took is the rate that Duo took before it asked for a pause, or limit where too few calls
// tell of it.
func (p *pacer) took(limit rate.Limit, now time.Time, pause time.Duration) rate.Limit {
	span := max(pause, rateSpan, time.Duration(rateCalls/float64(limit)*float64(time.Second)))
	calls := 0
	for _, at := range slices.Backward(p.taken) {
		if at.Before(now.Add(-span)) {
			break
		}
		calls++
	}
	if calls < rateCalls/2 {
		return limit
	}
	return rate.Limit(float64(calls) / span.Seconds())
}

// sleep waits for d or for the end of ctx.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// jittered adds up to half of d to it.
func jittered(d time.Duration) time.Duration {
	return d + time.Duration(rand.Int64N(int64(longestOf(d)-d)+1))
}

// longestOf is the longest that jittered makes of d.
func longestOf(d time.Duration) time.Duration { return d + d/2 }
