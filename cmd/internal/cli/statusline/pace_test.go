package statusline

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// TestWhatIsLeft plays a run that applies at a steady rate, then at another one.
func TestWhatIsLeft(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(1e9, 0)
	l := New(&out)
	l.now = func() time.Time { return now }
	l.Phase("apply")
	said := func(done, total int) string {
		out.Reset()
		l.Progress(done, total)
		return strings.TrimPrefix(out.String(), "\r\x1b[K")
	}
	done := 0
	step := func(after time.Duration, people int) string {
		now = now.Add(after)
		done += people
		return said(done, 10_000)
	}
	if got, want := step(0, 0), "applying: 0 of 10000 people, 10000 left"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for range 9 {
		step(time.Second, 1)
	}
	if got, want := step(time.Second, 1), "applying: 10 of 10000 people, 9990 left, about 3 hours at this rate"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for range 120 { // and now faster
		step(time.Second, 50)
	}
	if got, want := step(time.Second, 50), "applying: 6060 of 10000 people, 3940 left, about a minute at this rate"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := step(time.Second, 3900), "less than a minute at this rate"; !strings.HasSuffix(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for range 100 { // it stands still
		step(time.Second, 0)
	}
	if got, want := step(time.Second, 0), "applying: 9960 of 10000 people, 40 left"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
