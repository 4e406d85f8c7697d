package api

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"duosync/duo/callrate"
)

// border is a Duo that takes so many calls in any window of that length, as the simulator
// counts them, and answers after a while that differs from call to call.
type border struct {
	mu        sync.Mutex
	calls     int
	window    time.Duration
	tells     bool // Retry-After, in whole seconds
	latency   time.Duration
	passed    []time.Time
	refused   int
	early     int // calls within a wait that was told, before they were begun
	until     time.Time
	toldAt    time.Time
	longestIn int
	inFlight  int
}

func (b *border) call(sent time.Time) (pause time.Duration, full bool) {
	jitter := time.Duration(rand.Int64N(int64(b.latency)/4 + 1))
	b.mu.Lock()
	b.inFlight++
	b.longestIn = max(b.longestIn, b.inFlight)
	b.mu.Unlock()
	time.Sleep(b.latency/2 + jitter)
	now := time.Now()
	b.mu.Lock()
	if now.Before(b.until) && sent.After(b.toldAt) {
		b.early++
	}
	for len(b.passed) > 0 && !now.Before(b.passed[0].Add(b.window)) {
		b.passed = b.passed[1:]
	}
	if full = len(b.passed) >= b.calls; full {
		b.refused++
		if pause = b.passed[0].Add(b.window).Sub(now); b.tells {
			pause = (pause + time.Second - 1).Truncate(time.Second)
		}
	} else {
		b.passed = append(b.passed, now)
	}
	b.mu.Unlock()
	time.Sleep(b.latency / 2)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inFlight--
	if full && b.tells {
		b.toldAt, b.until = time.Now(), time.Now().Add(pause)
	}
	return pause, full
}

// through makes n calls at a rate, several at once, and tells how long that took.
func (b *border) through(t *testing.T, r callrate.Rate, workers, n int) time.Duration {
	p := newPacer(r, time.Now, sleep)
	start := time.Now()
	work := make(chan struct{}, n)
	for range n {
		work <- struct{}{}
	}
	close(work)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for range work {
				for throttled := 1; ; throttled++ {
					if err := p.await(t.Context()); err != nil {
						t.Error(err)
						return
					}
					sent := time.Now()
					pause, full := b.call(sent)
					if !full {
						p.succeeded(sent)
						break
					}
					if !b.tells {
						pause = throttleWait(throttled)
					}
					p.refused(sent, pause)
				}
			}
		})
	}
	all.Wait()
	return time.Since(start)
}

// TestTheRateKeepsToALimit has calls go to a Duo with a limit, several at once: a rate that
// is the limit stays within 5 % of it, and an automatic one within 30 %, with less than 2 %
// of the calls refused. No call is begun within a wait that was told.
func TestTheRateKeepsToALimit(t *testing.T) {
	for _, limit := range []callrate.Rate{{Calls: 50, Per: time.Second}, {Calls: 50, Per: time.Minute}, {Calls: 20, Per: 10 * time.Second}, {Calls: 300, Per: time.Minute}} {
		for _, auto := range []bool{false, true} {
			for _, tells := range []bool{true, false} {
				for _, workers := range []int{1, 4} {
					for _, latency := range []time.Duration{2 * time.Millisecond, 60 * time.Millisecond} {
						name := fmt.Sprintf("%s, auto %v, tells %v, %d at once, %s", limit, auto, tells, workers, latency)
						if workers == 1 && latency > 10*time.Millisecond && limit.PerSecond() > 10 {
							continue // one at a time can't come near
						}
						t.Run(name, func(t *testing.T) {
							synctest.Test(t, func(t *testing.T) {
								b := &border{calls: limit.Calls, window: limit.Per, tells: tells, latency: latency}
								r := limit
								if auto {
									r = callrate.Rate{}
								}
								const n = 1000
								took := b.through(t, r, workers, n)
								ratio := float64(n) / limit.PerSecond() / took.Seconds()
								share := float64(b.refused) / float64(n+b.refused)
								t.Logf("%.2f of the limit, %.1f %% refused, %d at once", ratio, share*100, b.longestIn)
								least, most := 0.95, 0.001
								switch {
								case auto && (tells || limit.Per == time.Second):
									least, most = 0.7, 0.02
								case auto: // how long to wait has to be guessed, too
									least, most = 0.5, 0.03 // of a hundred runs, the worst had 1.8 %
								}
								if ratio < least || share > most {
									t.Errorf("%.2f of the limit, %.1f %% refused", ratio, share*100)
								}
								if b.early > 0 {
									t.Errorf("%d calls within a wait that was told", b.early)
								}
							})
						})
					}
				}
			}
		}
	}
}
