package daemon

import (
	"fmt"
	"sync"
	"time"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/report"
	dirsync "duosync/sync"
)

// status is what others may know of the daemon.
type status struct {
	mu  sync.Mutex
	now view
}

// view is a status at one time.
type view struct {
	loaded  *config.Loaded
	running *Watch // nil: no run is under way
	last    *ended // nil: none has ended yet
	due     time.Time
}

// ended is a run without its long lists.
type ended struct {
	dirsync.Run
	summary report.Summary
}

// mostListed bounds what is kept of a list for the status page.
const mostListed = 100

func (s *status) look() view {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *status) change(do func(*view)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do(&s.now)
}

func (s *status) configured(loaded *config.Loaded) { s.change(func(v *view) { v.loaded = loaded }) }
func (s *status) planned(due time.Time)            { s.change(func(v *view) { v.due = due }) }
func (s *status) began(w *Watch)                   { s.change(func(v *view) { v.running = w }) }

func (s *status) ended(run *dirsync.Run) {
	last := &ended{Run: *run, summary: report.Summarize(run)}
	last.Operations = nil
	last.Conflicts = firstOf(last.Conflicts)
	last.Waiting = firstOf(last.Waiting)
	s.change(func(v *view) { v.running, v.last = nil, last })
}

// firstOf copies the head of a list, so that the rest can be forgotten.
func firstOf[T any](list []T) []T {
	return append([]T(nil), list[:min(len(list), mostListed)]...)
}

// word is the outcome, with the reason where it did not begin.
func (e *ended) word() string {
	if why := whySkipped(&e.Run); why != nil {
		return "did not begin: " + why.Error()
	}
	return e.Outcome
}

// unready says why the daemon is not ready, or "". Everyone may read it, so it
// names no file, host or person.
func (v *view) unready(reachable func(*config.Loaded) error) string {
	switch {
	case reachable(v.loaded) != nil:
		return "the state can't be reached; duosync check says more"
	case v.last == nil || good(&v.last.Run):
		return ""
	case whySkipped(&v.last.Run) != nil:
		return "the last run " + v.last.word()
	case v.last.Outcome == dirsync.OutcomeHeld:
		return fmt.Sprintf("the last run was held by a guard; see duosync history %s", v.last.ID)
	case v.last.Outcome == dirsync.OutcomePartial:
		return fmt.Sprintf("the last run left some people out; see duosync history %s", v.last.ID)
	}
	return fmt.Sprintf("the last run, ended %s, failed; see the log", clock(v.last.Finished))
}
