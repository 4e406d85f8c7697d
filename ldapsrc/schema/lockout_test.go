package schema

import (
	"strings"
	"testing"
	"time"
)

func TestLockoutIsOver(t *testing.T) {
	t.Parallel()
	lockout := of(OpenLDAP).Lockout
	since := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tt := range []struct {
		values []string
		length time.Duration
		after  time.Duration
		want   bool
	}{
		{[]string{"20260102030405Z"}, time.Minute, 59 * time.Second, false},
		{[]string{"20260102030405Z"}, time.Minute, time.Minute, true},
		{[]string{"20260102030405.5Z"}, time.Minute, time.Minute, false},
		{[]string{"20260102030405Z"}, 0, 8760 * time.Hour, false}, // until it is reset
		{[]string{"000001010000Z"}, time.Minute, time.Minute, false},
		{[]string{"00000101000000Z"}, time.Minute, time.Minute, false},
		{[]string{"20260102030405Z", "20260102030406Z"}, time.Minute, time.Minute, false},
		{[]string{"20260102030405Z", "soon"}, time.Minute, time.Hour, false},
		{[]string{""}, time.Minute, time.Hour, false},
		{nil, time.Minute, time.Hour, false},
	} {
		if got := lockout.Over(map[string][]string{"pwdaccountlockedtime": tt.values}, tt.length, since.Add(tt.after)); got != tt.want {
			t.Errorf("%q of %v, after %v: %v", tt.values, tt.length, tt.after, got)
		}
	}
	for text, want := range map[string]time.Duration{"600": 10 * time.Minute, " 1 ": time.Second, "0": 0, "-1": 0, "ten": 0, "": 0, "9223372036": 9223372036 * time.Second, "9223372037": 0} {
		if got := Seconds([]string{text}); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	if got := Seconds([]string{"600", "700"}); got != 0 { // which?
		t.Errorf("of two: %v", got)
	}
}

// FuzzLockout holds that a lockout that is over stays so, and that an administrator's lock and one of no known length never end.
func FuzzLockout(f *testing.F) {
	f.Add("20260102030405Z", "600", int64(1_767_323_645))
	f.Add("000001010000Z", "9223372036", int64(0))
	f.Add("20260102030405.123456Z", "0", int64(-1))
	f.Fuzz(func(t *testing.T, since, seconds string, unix int64) {
		now := time.Unix(unix%300_000_000_000, 0)
		attrs := map[string][]string{"pwdaccountlockedtime": {since}}
		lockout, length := of(OpenLDAP).Lockout, Seconds([]string{seconds})
		over := lockout.Over(attrs, length, now)
		if over && (length <= 0 || strings.HasPrefix(strings.TrimSpace(since), lockedForGood)) {
			t.Fatalf("%q of %q is over at %v", since, seconds, now)
		}
		if over && !lockout.Over(attrs, length, now.Add(time.Hour)) {
			t.Fatalf("%q of %q is over at %v, and not an hour later", since, seconds, now)
		}
	})
}
