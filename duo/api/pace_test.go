package api

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"duosync/duo/callrate"
)

// hands is a clock that moves only when somebody sleeps.
type hands struct{ at time.Time }

func (h *hands) now() time.Time { return h.at }

func (h *hands) sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	h.at = h.at.Add(d)
	return nil
}

func newHands() *hands { return &hands{time.Unix(1_700_000_000, 0)} }

func TestFixedRateSpreadsCalls(t *testing.T) {
	h := newHands()
	p := newPacer(callrate.Rate{Calls: 50, Per: time.Minute}, h.now, h.sleep)
	start := h.at
	for range 51 {
		if err := p.await(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.succeeded(h.at)
	}
	if took := h.at.Sub(start); took <= time.Minute || took > 63*time.Second {
		t.Errorf("51 calls at 50/1m took %s, want a little more than a minute", took)
	}
	before := p.perSecond()
	p.refused(h.at, time.Second)
	if got := p.perSecond(); got != before {
		t.Errorf("a 429 moved a fixed rate to %v", got)
	}
}

// TestAutomaticRate plays calls at the rate of the moment.
func TestAutomaticRate(t *testing.T) {
	h := newHands()
	p := newPacer(callrate.Rate{}, h.now, h.sleep)
	if got := p.perSecond(); got != float64(rateStart) {
		t.Fatalf("starts at %v", got)
	}
	calls := func(n int) {
		for range n {
			if err := p.await(t.Context()); err != nil {
				t.Fatal(err)
			}
			p.succeeded(h.at)
		}
	}
	calls(200)
	if got := p.perSecond(); got != float64(rateCeiling) {
		t.Errorf("200 successes: %v, want the ceiling", got)
	}
	calls(3000)
	before := h.at
	p.refused(h.at, time.Second)
	low := p.perSecond()
	if low > float64(rateCeiling)/2 {
		t.Errorf("a 429: %v, want half at most", low)
	}
	for range 3 { // they were under way when the first came
		p.refused(before.Add(-time.Millisecond), time.Second)
	}
	if got := p.perSecond(); got != low {
		t.Errorf("more 429s of calls at once: %v, want %v", got, low)
	}
	calls(10)
	knee := p.perSecond()
	if knee < low || knee > float64(rateCeiling) {
		t.Errorf("10 successes later: %v", knee)
	}
	for range 20 { // one burst, call by call
		_ = h.sleep(t.Context(), time.Second)
		p.refused(h.at, time.Second)
	}
	if got := p.perSecond(); got > 1 {
		t.Errorf("many 429s: %v, want little", got)
	}
	calls(100)
	if got := p.perSecond(); got < knee/2 {
		t.Errorf("100 successes later: %v, want more than that", got)
	}
}

func TestNobodyPassesBeforeThePauseIsOver(t *testing.T) {
	h := newHands()
	p := newPacer(callrate.Rate{}, h.now, h.sleep)
	p.refused(h.at, 40*time.Second)
	p.refused(h.at, time.Second) // a shorter one does not shorten it
	end := h.at.Add(40 * time.Second)
	if err := p.await(t.Context()); err != nil {
		t.Fatal(err)
	}
	if h.at.Before(end) {
		t.Errorf("passed %s early", end.Sub(h.at))
	}
	p.refused(h.at, longestPause+time.Minute)
	var pause *pauseError
	if err := p.await(t.Context()); !errors.As(err, &pause) {
		t.Errorf("a pause of 11 minutes: %v, want a pauseError", err)
	}
}

func TestAwaitEndsWithItsContext(t *testing.T) {
	h := newHands()
	p := newPacer(callrate.Rate{Calls: 1, Per: time.Hour}, h.now, h.sleep)
	ctx, cancel := context.WithCancel(t.Context())
	if err := p.await(ctx); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := p.await(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	date := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	tests := map[string]struct {
		after, date string
		want        time.Duration
	}{
		"none":                        {"", "", 0},
		"seconds":                     {"7", "", 7 * time.Second},
		"part of a second":            {"1.5", "", 1500 * time.Millisecond},
		"zero":                        {"0", "", 0},
		"negative":                    {"-3", "", 0},
		"not a number":                {"NaN", "", 0},
		"more than a duration holds":  {"1e300", "", 1e8 * time.Second},
		"words":                       {"soon", "", 0},
		"date by our clock":           {date(time.Minute), "", time.Minute},
		"date by the server's clock":  {date(time.Hour), date(59 * time.Minute), time.Minute},
		"date in the past":            {date(-time.Minute), "", 0},
		"seconds whatever the clocks": {"5", date(time.Hour), 5 * time.Second},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			header := http.Header{}
			header.Set("Retry-After", test.after)
			header.Set("Date", test.date)
			if got := retryAfter(header, now); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestWaits(t *testing.T) {
	for n, want := range map[int]time.Duration{1: 500 * time.Millisecond, 2: time.Second, 3: 2 * time.Second} {
		if got := retryWait(n); got < want || got > want*3/2 {
			t.Errorf("retry %d waits %s", n, got)
		}
	}
	for n, want := range map[int]time.Duration{1: time.Second, 6: 32 * time.Second, 8: 32 * time.Second} {
		if got := throttleWait(n); got < want || got > want*3/2 {
			t.Errorf("429 number %d waits %s", n, got)
		}
	}
}

func TestClock(t *testing.T) {
	// Duo is 90.7s ahead. Its Date header is cut to whole seconds.
	const ahead = 90700 * time.Millisecond
	start := time.Unix(1_700_000_000, 0)
	var c clock
	if _, known := c.read(); known {
		t.Fatal("known before any reply")
	}
	reply := func(ours time.Duration) {
		sent := start.Add(ours)
		answered := sent.Add(40 * time.Millisecond)
		c.learn(sent.Add(20*time.Millisecond+ahead).Truncate(time.Second), sent, answered)
	}
	for i := range 25 {
		reply(time.Duration(i) * 370 * time.Millisecond)
		got, known := c.read()
		if !known || got > ahead || got < ahead-1100*time.Millisecond {
			t.Fatalf("after %d replies: %s, %v", i+1, got, known)
		}
	}
	if got, _ := c.read(); got < ahead-100*time.Millisecond {
		t.Errorf("25 replies narrow it to %s only", got)
	}
	// Our clock is set forward by a minute: Duo is ahead by less now.
	sent := start.Add(100 * time.Second)
	c.learn(sent.Add(ahead-time.Minute).Truncate(time.Second), sent, sent)
	if got, _ := c.read(); got > ahead-time.Minute || got < ahead-62*time.Second {
		t.Errorf("after our clock was set: %s", got)
	}
}
