package console

import (
	"fmt"
	"sync"
	"time"

	"duosync/cmd/internal/afterrun"
	"duosync/cmd/internal/config"
	"duosync/cmd/internal/report"
	"duosync/cmd/internal/watch"
	dirsync "duosync/sync"
)

// Status is what others may know of the daemon, whose loop keeps it.
type Status struct {
	mu  sync.Mutex
	now view
}

// view is a status at one time.
type view struct {
	loaded  *config.Loaded
	running *watch.Watch // nil: no run is under way
	last    *lastRun     // nil: none has ended yet
	due     time.Time
	needs   needs
}

// needs are those who need a human, as the last run found them that came to its end, in
// this process or before.
type needs struct {
	words string // "" for nobody
	all   int
	some  []dirsync.Attention // the first ones
}

// lastRun is a run without its long lists.
type lastRun struct {
	dirsync.Run
	summary report.Summary
}

// These bound what is kept of a list for the status page.
const (
	mostListed   = 100
	mostAttended = 50
)

func (s *Status) look() view {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *Status) change(do func(*view)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do(&s.now)
}

// Configured takes the configuration of the moment.
func (s *Status) Configured(loaded *config.Loaded) { s.change(func(v *view) { v.loaded = loaded }) }

// Needs takes who needs a human.
func (s *Status) Needs(all []dirsync.Attention) {
	found := needs{words: report.NeedsAttention(report.AttentionOf(all)), all: len(all), some: append([]dirsync.Attention(nil), all[:min(len(all), mostAttended)]...)}
	s.change(func(v *view) { v.needs = found })
}

// Planned takes when the next run is due.
func (s *Status) Planned(due time.Time) { s.change(func(v *view) { v.due = due }) }

// Began takes a run that is under way from now on.
func (s *Status) Began(w *watch.Watch) { s.change(func(v *view) { v.running = w }) }

// Ended takes the run that was under way.
func (s *Status) Ended(run *dirsync.Run) {
	last := &lastRun{Run: *run, summary: report.Summarize(run)}
	if run.Err == nil { // else it does not know
		s.Needs(run.Attention)
	}
	last.Operations, last.Attention = nil, nil
	last.Conflicts = firstOf(last.Conflicts)
	last.Waiting = firstOf(last.Waiting)
	s.change(func(v *view) { v.running, v.last = nil, last })
}

// LastRun tells in a few words how the last run went.
func (s *Status) LastRun() string {
	now := s.look()
	text := "No run yet"
	if last := now.last; last != nil {
		text = fmt.Sprintf("Last run, ended %s: %s", Clock(last.Finished), last.word())
	}
	if now.needs.words != "" {
		text += "; " + now.needs.words
	}
	return text
}

// firstOf copies the head of a list, so that the rest can be forgotten.
func firstOf[T any](list []T) []T {
	return append([]T(nil), list[:min(len(list), mostListed)]...)
}

// word is the outcome, with the reason where it did not begin.
func (r *lastRun) word() string {
	if why := afterrun.WhySkipped(&r.Run); why != nil {
		return "did not begin: " + why.Error()
	}
	return r.Outcome
}

// unready says why the daemon is not ready, or "". Everyone may read it, so it
// names no file, host or person.
func (v *view) unready(reachable func(*config.Loaded) error) string {
	switch {
	case reachable(v.loaded) != nil:
		return "the state can't be reached; duosync check says more"
	case v.last == nil || good(&v.last.Run):
		return ""
	case afterrun.WhySkipped(&v.last.Run) != nil:
		return "the last run " + v.last.word()
	case v.last.Outcome == dirsync.OutcomeHeld:
		return fmt.Sprintf("the last run was held by a guard; see duosync history %s", v.last.ID)
	case v.last.Outcome == dirsync.OutcomePartial:
		return fmt.Sprintf("the last run left some people out; see duosync history %s", v.last.ID)
	}
	return fmt.Sprintf("the last run, ended %s, failed; see the log", Clock(v.last.Finished))
}

// good reports whether a run left nothing undone. Readiness goes by it.
func good(run *dirsync.Run) bool {
	return run.Outcome == dirsync.OutcomeNoChanges || run.Outcome == dirsync.OutcomeApplied
}

// Clock writes a time as the daemon tells it.
func Clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
