package api

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"duosync/duo/callrate"
)

// The automatic rate, in calls per second. Duo publishes no number for its
// Admin API, so it is found by trying: it grows until a 429, halves then, comes
// back soon to nine tenths of where the 429 was, and goes on from there with
// care. So it settles near a real limit, and a stray 429 costs little.
const (
	rateStart   rate.Limit = 10
	rateCeiling rate.Limit = 2000
	rateFloor   rate.Limit = 0.5
	rateGrowth             = 1.05 // per success, until the first 429
	rateReturn             = 1.15 // per success, up to the knee
	rateProbe              = 1.01 // per success, beyond it
	rateKnee               = 0.9  // of the rate at the last 429
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
	knee    rate.Limit // up to where the rate returns quickly; 0: no 429 yet
	inBurst bool       // the last answer was a 429
	until   time.Time  // nobody calls before
}

func newPacer(r callrate.Rate, now func() time.Time, sleep func(context.Context, time.Duration) error) *pacer {
	limit := rateStart
	if !r.Auto() {
		limit = rate.Limit(r.PerSecond())
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

// await returns when a call may be sent. It fails when ctx ends, or with a
// pauseError.
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
			if err := p.sleep(ctx, rest); err != nil {
				return err
			}
			continue
		}
		turn := p.limiter.ReserveN(now, 1)
		if delay := turn.DelayFrom(now); delay > 0 {
			if err := p.sleep(ctx, delay); err != nil {
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

// succeeded lets an automatic rate grow.
func (p *pacer) succeeded() {
	if !p.auto {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inBurst = false
	limit := p.limiter.Limit()
	switch {
	case p.knee == 0:
		limit *= rateGrowth
	case limit < p.knee:
		limit = min(limit*rateReturn, p.knee)
	default:
		limit *= rateProbe
	}
	p.limiter.SetLimitAt(p.now(), min(limit, rateCeiling))
}

// refused notes a 429: nobody calls for the pause, and an automatic rate halves.
func (p *pacer) refused(pause time.Duration) {
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := now.Add(pause); until.After(p.until) {
		p.until = until
	}
	if !p.auto {
		return
	}
	limit := p.limiter.Limit()
	if !p.inBurst {
		p.knee, p.inBurst = limit*rateKnee, true
	}
	p.limiter.SetLimitAt(now, max(limit/2, rateFloor))
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
