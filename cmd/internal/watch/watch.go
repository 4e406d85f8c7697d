// Package watch observes a run that is under way: which phase it is in, how far it is,
// how long its phases took, and whether it is still alive.
package watch

import (
	"sync"
	"time"

	dirsync "duosync/sync"
)

// phaseOpen is what a run does before its first phase: opening the state.
const phaseOpen = "open"

// Phases lists the phases of a run in their order, as the metrics name them.
func Phases() []string { return []string{phaseOpen, "settle", "refresh", "read", "confirm", "apply"} }

// Watch observes one run. It implements [dirsync.Observer].
type Watch struct {
	next  dirsync.Observer // is told, too; may be nil
	calls func() int

	mu          sync.Mutex
	started     time.Time
	phase       string
	since       time.Time // start of the phase
	took        map[string]time.Duration
	done, total int
	sign        time.Time // the last sign of life
	called      int       // calls at that time
}

// New begins to watch a run. What it is told it passes on to next, unless
// that is nil.
func New(next dirsync.Observer) *Watch {
	now := time.Now()
	return &Watch{next: next, started: now, phase: phaseOpen, since: now, took: make(map[string]time.Duration), sign: now}
}

// CountCalls gives the watch a count that rises with each call to Duo, which is
// a sign of life, too. count is called from other goroutines.
func (w *Watch) CountCalls(count func() int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = count
}

// Phase implements [dirsync.Observer].
func (w *Watch) Phase(name string) {
	w.mu.Lock()
	now := time.Now()
	w.close(now)
	w.phase, w.since, w.sign, w.done, w.total = name, now, now, 0, 0
	w.mu.Unlock()
	if w.next != nil {
		w.next.Phase(name)
	}
}

// Progress implements [dirsync.Observer].
func (w *Watch) Progress(done, total int) {
	w.mu.Lock()
	w.sign, w.done, w.total = time.Now(), done, total
	w.mu.Unlock()
	if w.next != nil {
		w.next.Progress(done, total)
	}
}

// Took ends the last phase, and gives how long each phase of the run took.
func (w *Watch) Took() map[string]time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.close(time.Now())
	w.phase = ""
	return w.took
}

func (w *Watch) close(now time.Time) {
	if w.phase != "" {
		w.took[w.phase] += now.Sub(w.since)
	}
}

// stuckAfter is how long a run may show no sign of life. Duo can ask for ten
// minutes without a call, and that is waited for.
const stuckAfter = 15 * time.Minute

// Alive reports whether the run has shown a sign of life of late.
func (w *Watch) Alive() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	if w.calls != nil {
		if n := w.calls(); n != w.called {
			w.called, w.sign = n, now
		}
	}
	return now.Sub(w.sign) < stuckAfter
}

// Position is where a run is.
type Position struct {
	Started     time.Time
	Phase       string // "" after the last one
	Done, Total int    // of the phase; 0 where that is not known
}

// Position gives where the run is.
func (w *Watch) Position() Position {
	w.mu.Lock()
	defer w.mu.Unlock()
	return Position{Started: w.started, Phase: w.phase, Done: w.done, Total: w.total}
}
