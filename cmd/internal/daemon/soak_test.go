//go:build soak

package daemon_test

import (
	"slices"
	"syscall"
	"testing"
	"time"
)

// TestSoak lets the daemon make 200 runs, a second apart, under all kinds of
// trouble. Over the last 100, neither what it keeps in memory nor what it has
// open grows, but for what the history's own growth and chance make of it:
// `make soak`. The live heap is under a megabyte, so that 2 % of it are little.
func TestSoak(t *testing.T) {
	const runs, last = 200, 100
	p := newPlant(t, 200, everyday()...)
	d := p.start()
	d.until("pages", func() bool { return answers(p.address) })
	var heap, resident, descriptors, goroutines []float64
	for n := 1; n <= runs; n++ {
		d.runs(n)
		time.Sleep(150 * time.Millisecond) // the daemon tidies up after a run
		m := d.metrics()
		if n > runs-last {
			heap = append(heap, m["go_gc_heap_live_bytes"])
			resident = append(resident, m["process_resident_memory_bytes"])
			descriptors = append(descriptors, m["process_open_fds"])
			goroutines = append(goroutines, m["go_goroutines"])
		}
		d.disturb(n)
	}
	d.signal(syscall.SIGTERM)
	if err := d.wait(); err != nil {
		t.Errorf("the daemon ended with %v", err)
	}
	p.orderly(ended(textfile(t, p.path("duosync.prom"))))
	p.createdOnce()
	for _, series := range []struct {
		what   string
		values []float64
		most   float64
	}{{"live heap", heap, 0.02}, {"resident memory", resident, 0.01}, {"descriptors", descriptors, 0}, {"goroutines", goroutines, 0}} {
		rise, level := trend(series.values)
		t.Logf("%s: %.0f, %+.2f %% over the last %d runs", series.what, level, 100*rise/level, last)
		if rise > series.most*level {
			t.Errorf("%s grows", series.what)
		}
	}
}

// trend gives how far the line through the values rises from the first to the
// last, and their median. The line is the one of Theil and Sen, whose slope is
// the median of all slopes between two values: a value that was taken in the
// middle of a run does not move it.
func trend(values []float64) (rise, level float64) {
	var slopes []float64
	for i := range values {
		for j := range i {
			slopes = append(slopes, (values[i]-values[j])/float64(i-j))
		}
	}
	return median(slopes) * float64(len(values)-1), median(values)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
