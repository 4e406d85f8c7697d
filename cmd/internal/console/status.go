package console

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"duosync/cmd/internal/afterrun"
	"duosync/cmd/internal/config"
	"duosync/cmd/internal/past"
	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/phrase"
	"duosync/cmd/internal/watch"
	dirsync "duosync/sync"
	"duosync/sync/printed"
)

// Status is what others may know of the daemon: its loop keeps what the daemon does, and
// [Server.Look] what the state says.
type Status struct {
	mu  sync.Mutex
	now view
}

// view is a status at one time.
type view struct {
	loaded     *config.Loaded
	configured time.Time    // when it was loaded
	stamp      string       // of the state
	running    *watch.Watch // nil: no run of this process is under way
	own        *lastRun     // of this process; nil: none has ended yet
	due        time.Time
	needs      needs

	unreachable error          // why the state can't be used; nil: it can
	unread      error          // why the state could not be read when it was last looked at; nil: it was
	standing    *past.Standing // what the state said; nil: it is not known
	asOf        time.Time      // when it said so
	reading     bool           // it was written since, and is being read
	was         string         // the DSN of a state that was there, and must be there still
	holder      string         // who else makes a run; "": nobody
}

// needs are those who need a human, as the last run found them that came to its end, of
// this process or of another.
type needs struct {
	words string // "" for nobody
	all   []dirsync.Attention
}

// lastRun is a run without its long lists.
type lastRun struct {
	*report.Document
	skipped error // why it did not begin; nil: it did
}

// mostListed bounds what is kept of a list of a run for the pages.
const mostListed = 100

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
func (s *Status) Configured(loaded *config.Loaded) {
	s.change(func(v *view) { v.loaded, v.configured = loaded, time.Now() })
}

func needsOf(all []dirsync.Attention) needs {
	return needs{words: report.NeedsAttention(report.AttentionOf(all)), all: all}
}

// Planned takes when the next run is due.
func (s *Status) Planned(due time.Time) { s.change(func(v *view) { v.due = due }) }

// Began takes a run that is under way from now on.
func (s *Status) Began(w *watch.Watch) { s.change(func(v *view) { v.running = w }) }

// Ended takes the run that was under way.
func (s *Status) Ended(run *dirsync.Run) {
	last := &lastRun{Document: report.Of(run), skipped: afterrun.WhySkipped(run)}
	trim(last.Document)
	found := needsOf(run.Attention)
	s.change(func(v *view) {
		v.running, v.own = nil, last
		if run.Err == nil { // else it does not know
			v.needs = found
			if v.loaded != nil {
				v.was = v.loaded.Config.State.DSN.Reveal()
			}
		}
	})
}

// Stands takes what the state said at a time.
func (s *Status) Stands(standing *past.Standing, at time.Time) {
	for _, doc := range []*report.Document{standing.Last, standing.Over, standing.Weighed} {
		trim(doc)
	}
	found := needsOf(standing.Attention)
	s.change(func(v *view) { v.standing, v.asOf, v.unread, v.needs = standing, at, nil, found })
}

// trim forgets what is not shown of a run, which can be much.
func trim(doc *report.Document) {
	if doc == nil {
		return
	}
	doc.Operations, doc.Attention = report.Operations{}, nil
	*doc = *doc.WithDirectories() // nobody reads the page but people
	doc.Conflicts = firstOf(doc.Conflicts)
	doc.Waiting = firstOf(doc.Waiting)
}

// firstOf copies the head of a list, so that the rest can be forgotten.
func firstOf[T any](list []T) []T {
	return append([]T(nil), list[:min(len(list), mostListed)]...)
}

// last is the newest run that has ended, of this process or of another; nil: there was none.
func (v *view) last() *lastRun {
	if v.standing == nil || v.standing.Last == nil {
		return v.own
	}
	return newer(v.own, v.standing.Last)
}

// newer gives the run that ended later. Of two that ended in the same second it is the one
// that left something undone.
func newer(own *lastRun, stored *report.Document) *lastRun {
	other := &lastRun{Document: stored}
	if own == nil {
		return other
	}
	switch order := cmp.Compare(ended(own.Document), ended(stored)); {
	case order > 0, order == 0 && (own.RunID == stored.RunID || !own.good()):
		return own
	}
	return other
}

// ended gives when a run ended, or began where that is not known.
func ended(doc *report.Document) string { return cmp.Or(doc.Finished, doc.Started) }

// overAll is the newest run over all people, which is another one than the last where that
// was about some only; nil: there was none.
func (v *view) overAll() *lastRun {
	if v.standing == nil || v.standing.Over == nil {
		return v.own
	}
	return newer(v.own, v.standing.Over)
}

// held gives what guards hold until somebody acts, and the run that found it; nil: nothing
// is held.
func (v *view) held() (guards []report.Guard, by *report.Document) {
	if v.standing != nil && v.standing.Weighed != nil {
		by, guards = v.standing.Weighed, v.standing.Held
	}
	if own := v.own; own != nil && own.Error == "" && (by == nil || by.RunID != own.RunID && ended(own.Document) >= ended(by)) {
		by, guards = own.Document, own.OpenGuards(func(string) bool { return false })
	}
	if v.broken() != nil { // nobody knows whether that is so still
		guards = slices.Clone(guards)
		for i := range guards {
			guards[i].Approve, guards[i].Remedy = "", ""
		}
	}
	return guards, by
}

// broken is why the state can't be used or read; nil: it can.
func (v *view) broken() error { return cmp.Or(v.unreachable, v.unread) }

// brokenWords say why the state can't be used or read, with what to do; "": it can.
func (v *view) brokenWords() string {
	if v.broken() == nil {
		return ""
	}
	text := "the state can't be read: "
	if v.unreachable != nil {
		text = "the state can't be reached: "
	}
	text += strings.TrimSuffix(printed.Runnable(phrase.Error(v.broken()), v.loaded.Flags()), ".")
	if v.asOf.IsZero() {
		return text + ". What is told here is of this process alone"
	}
	return text + ". What is told here of other processes is as of " + Clock(v.asOf)
}

// paused tells of a pause; nil: there is none, or it is not known.
func (v *view) paused() *dirsync.Pause {
	if v.standing == nil {
		return nil
	}
	return v.standing.Paused
}

// LastRun tells in a few words how the last run went.
func (s *Status) LastRun() string {
	now := s.look()
	text := "No run yet"
	if last := now.last(); last != nil {
		text = fmt.Sprintf("Last run, ended %s: %s", Clock(ended(last.Document)), now.word(last))
	}
	if now.paused() != nil {
		text += "; " + dirsync.ErrPaused.Error()
	}
	if now.needs.words != "" {
		text += "; " + now.needs.words
	}
	return text
}

// word is the outcome, with the reason where a run did not begin.
func (v *view) word(r *lastRun) string {
	switch {
	case r.skipped == nil && r.Interrupted:
		return "interrupted"
	case r.skipped == nil:
		return r.Outcome
	case errors.Is(r.skipped, dirsync.ErrPaused) && v.standing != nil && v.standing.Paused == nil:
		return "did not begin: writing was paused"
	}
	return "did not begin: " + r.skipped.Error()
}

// unready says why the daemon is not ready, or "". Everyone may read it, so it
// names no file, host or person, nor a command, which would name the configuration.
func (v *view) unready() string {
	last, over := v.last(), v.overAll()
	switch {
	case v.unreachable != nil:
		return "the state can't be reached"
	case v.unread != nil:
		return "the state can't be read, so it is not known what stands there"
	case v.paused() != nil:
		return dirsync.ErrPaused.Error()
	case last != nil && !last.good():
		return v.undone("the last run", last)
	case over != nil && !over.good():
		return v.undone("the last run over all people", over)
	}
	return ""
}

// undone says what a run left undone.
func (v *view) undone(which string, r *lastRun) string {
	switch {
	case r.skipped != nil:
		return which + " " + v.word(r)
	case r.Interrupted:
		return fmt.Sprintf("%s, %s, was interrupted", which, r.RunID)
	case r.Outcome == dirsync.OutcomeHeld:
		return fmt.Sprintf("%s, %s, was held by a guard; the status page says what to do", which, r.RunID)
	case r.Outcome == dirsync.OutcomePartial:
		return fmt.Sprintf("%s, %s, left some people out", which, r.RunID)
	}
	return fmt.Sprintf("%s, ended %s, failed; the status page says why", which, Clock(ended(r.Document)))
}

// good reports whether a run left nothing undone. Readiness goes by it.
func (r *lastRun) good() bool {
	return r.Outcome == dirsync.OutcomeNoChanges || r.Outcome == dirsync.OutcomeApplied
}

// Clock writes a time as the daemon tells it: a [time.Time], or one in the form of a report.
func Clock[T time.Time | string](at T) string {
	switch at := any(at).(type) {
	case time.Time:
		return at.UTC().Format("2006-01-02 15:04:05 UTC")
	case string:
		if t, err := time.Parse(time.RFC3339, at); err == nil {
			return Clock(t)
		}
		return at
	}
	return ""
}
