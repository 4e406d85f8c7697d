package memlimit

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestLimitFor(t *testing.T) {
	const mib = 1 << 20
	for live, want := range map[uint64]int64{0: base, 100 * mib: base, 168 * mib: base, 180 * mib: 224 * mib, 210 * mib: 264 * mib, 1500 * mib: 1984 * mib} {
		if got := limitFor(live); got != want {
			t.Errorf("%d MiB in use: a limit of %d MiB, want %d", live/mib, got/mib, want/mib)
		}
	}
}

// The limit rises with what is in use, so that a large directory does not spend its time with
// collecting, and is gone afterwards.
func TestKeep(t *testing.T) {
	t.Setenv("GOMEMLIMIT", "")
	t.Setenv("GOGC", "")
	stop := Keep()
	if got := debug.SetMemoryLimit(-1); got != base {
		t.Errorf("the limit is %d, want %d", got, base)
	}
	much := make([]byte, 2*base)
	runtime.GC()
	for end := time.Now().Add(time.Minute); debug.SetMemoryLimit(-1) < 2*base; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the limit did not follow what is in use")
		}
	}
	runtime.KeepAlive(much)
	stop()
	if got := debug.SetMemoryLimit(-1); got != math.MaxInt64 {
		t.Errorf("afterwards the limit is %d", got)
	}
}

func TestLimitOfTheEnvironment(t *testing.T) {
	t.Setenv("GOMEMLIMIT", "1GiB")
	stop := Keep()
	defer stop()
	if got := debug.SetMemoryLimit(-1); got != math.MaxInt64 {
		t.Errorf("the limit is %d, though the environment has one", got)
	}
}
