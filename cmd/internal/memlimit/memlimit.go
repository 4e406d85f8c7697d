// Package memlimit keeps the memory of the process small where that costs little. By itself Go
// lets a heap grow to twice what is in use before it collects garbage; here it grows by three
// quarters, and near the limit that is set it is collected earlier.
package memlimit

import (
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// base is the limit in bytes while what is in use is at most enough. Beside it stand the
	// program itself and the caches of SQLite, some 30 MiB. Within it some 35 MiB are no heap
	// or lie between what is in use: nearer to it there is no end of collecting.
	base   = 208 << 20
	enough = 168 << 20
	// every is how often what is in use is looked at.
	every = 200 * time.Millisecond
	// growth is how far a heap may grow before garbage is collected, in percent of what is in use.
	growth = 75
)

// Keep sets the limit, and has it follow what is in use, until stop is called. Where the
// environment sets one (GOMEMLIMIT, GOGC), that one holds.
func Keep() (stop func()) {
	if os.Getenv("GOMEMLIMIT") != "" || os.Getenv("GOGC") != "" {
		return func() {}
	}
	before, percent := debug.SetMemoryLimit(base), debug.SetGCPercent(growth)
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		follow(done)
	}()
	return func() {
		close(done)
		<-ended
		debug.SetMemoryLimit(before)
		debug.SetGCPercent(percent)
	}
}

func follow(done <-chan struct{}) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	limit := int64(base)
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}} // as the last collection found it
	for {
		select {
		case <-done:
			return
		case <-tick.C:
		}
		metrics.Read(live)
		if next := limitFor(live[0].Value.Uint64()); next != limit {
			limit = next
			debug.SetMemoryLimit(limit)
		}
	}
}

// limitFor gives the limit for what is in use, both in bytes: beyond enough it rises by a third
// more than that, so that little time goes into collecting.
func limitFor(live uint64) int64 {
	if live <= enough {
		return base
	}
	more := live - enough
	return base + int64(more+more/3) //nolint:gosec // no heap is that large
}
