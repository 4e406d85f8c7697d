package console

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"duosync/cmd/internal/console/pages"
	"duosync/cmd/internal/past"
	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
	"duosync/sync/printed"
)

// site gives what all pages tell as of a view.
func (s *Server) site(v *view) *pages.Site {
	site := &pages.Site{Older: v.olderWords(), Version: s.opts.Version, Now: time.Now(), Word: v.stands().Word, Broken: v.brokenWords()}
	if v.loaded != nil {
		site.Account = v.loaded.Config.Duo.Host
	}
	if o := v.overview(); o.Binding != nil {
		site.Account, site.Directory = o.Binding.Host, o.Directory
	}
	return site
}

// olderWords say that the figures are older than what the state says now; "": they are not.
func (v *view) olderWords() string {
	if !v.reading || v.asOf.IsZero() || v.broken() != nil {
		return ""
	}
	return "as of " + Clock(v.asOf) + ": the state was written since, and is being read; load the page again in some seconds"
}

// overview is what the state told beside what stands; empty where it is not known.
func (v *view) overview() *past.Overview {
	if v.standing == nil || v.standing.Overview == nil {
		return &past.Overview{}
	}
	return v.standing.Overview
}

// stands says how things stand, in a word.
func (v *view) stands() pages.Standing {
	f := &pages.Facts{Needs: v.needs.words, Broken: v.brokenWords()}
	if p := v.paused(); p != nil {
		f.Paused = "writing to Duo is stopped since " + phrase.ShortTime(p.Since)
		if p.By != "" {
			f.Paused += " by " + p.By
		}
		if p.Reason != "" {
			f.Paused += ": " + p.Reason
		}
	}
	f.Running = v.runningWords()
	v.lastWords(f)
	guards, by := v.held()
	v.heldWords(f, guards, by)
	return f.Standing()
}

// runningWords tell of a run under way; "": none is.
func (v *view) runningWords() string {
	switch {
	case v.running != nil:
		p := v.running.Position()
		text := "a run is under way since " + p.Started.UTC().Format("15:04 UTC")
		if p.Phase != "" {
			text += ", in phase " + p.Phase
		}
		if p.Total > 0 {
			text += fmt.Sprintf(": %s of %s done", phrase.Count(p.Done), phrase.Count(p.Total))
		}
		return text
	case v.holder != "":
		return "another process is at work on the state: " + holderWords(v.holder)
	}
	return ""
}

// holderSince is the time in what a state tells of who has it.
var holderSince = regexp.MustCompile(` since (\S+Z)$`)

// holderWords tell of who has the state, with the time as pages show it; no line breaks within.
func holderWords(holder string) string {
	words := strings.TrimPrefix(holder, "by ")
	if at := holderSince.FindStringSubmatch(words); at != nil {
		if since, err := time.Parse(time.RFC3339, at[1]); err == nil {
			words = strings.TrimSuffix(words, at[0]) + ", since " + strings.ReplaceAll(phrase.ShortTime(since), " ", "\u00a0")
		}
	}
	return words
}

// lastWords say what the last run did, and left undone.
func (v *view) lastWords(f *pages.Facts) {
	last, over := v.last(), v.overAll()
	if last == nil {
		return
	}
	f.Done = doneWords(last.Document)
	if errors.Is(last.skipped, dirsync.ErrPaused) { // it is over, or told of as a pause
		if v.paused() == nil {
			f.Left = "the last run did not begin: writing was paused; the next one goes on"
		}
		return
	}
	for _, r := range []struct {
		*lastRun
		which string
	}{{last, "the last run"}, {over, "the last run over all people"}} {
		switch {
		case r.lastRun == nil || r.good() || r.Outcome == dirsync.OutcomeHeld || f.Failed != "" || f.Left != "":
		case r.Outcome == dirsync.OutcomePartial:
			f.Left = r.which + " left something out: " + phrase.Plural(r.Summary.Failed, "operation") + " failed"
			if r.Summary.Failed == 0 {
				f.Left = r.which + " left some people out"
			}
		case r.skipped != nil:
			f.Failed = r.which + " " + v.word(r.lastRun)
		case r.Interrupted:
			f.Failed = r.which + " was interrupted " + Clock(ended(r.Document))
		default:
			f.Failed = r.which + " failed: " + r.Error
		}
	}
}

// doneWords say what a run did.
func doneWords(d *report.Document) string {
	if d.Planned() == 0 {
		return "nothing was to be done for " + phrase.People(max(d.Source.InScope, d.Summary.Unchanged))
	}
	return "the last run did all that was to be done: " + d.PlanWords()
}

// heldWords say what guards hold, and of what the next run lets through.
func (v *view) heldWords(f *pages.Facts, guards []report.Guard, by *report.Document) {
	var names []string
	whole := false
	for i := range guards {
		names = append(names, guards[i].Title())
		whole = whole || guards[i].WholeRun
	}
	switch {
	case len(names) > 0 && whole:
		f.Held = guardWords(names) + " the whole run: nothing was written"
	case len(names) > 0:
		f.Held = guardWords(names) + " a part of the run; all else goes on"
	case by != nil && by.Outcome == dirsync.OutcomeHeld && f.Left == "":
		f.Left = "what the run of " + Clock(by.Started) + " held is approved, and goes through in the next run"
	}
}

func guardWords(names []string) string {
	if n := len(names); n > 1 {
		return "the guards " + strings.Join(names[:n-1], ", ") + " and " + names[n-1] + " hold"
	}
	return "the guard " + names[0] + " holds"
}

func (s *Server) showNow(w http.ResponseWriter, r *http.Request, v *view) {
	flags, o := v.loaded.Flags(), v.overview()
	guards, by := v.held()
	n := &pages.Now{Standing: v.stands(), Next: v.due, Refreshed: o.Refreshed, Attention: report.AttentionOf(v.needs.all),
		Held: guards, Resume: printed.Command(flags, "resume"), Days: o.Days, Recent: o.Recent}
	if by != nil && len(guards) > 0 {
		n.HeldBy, n.HeldAll, n.HeldOps = &by.Head, by.Summary.Held, o.Held
		if n.Approved = len(by.OpenGuards(func(string) bool { return false })) - len(guards); n.Approved == 0 && v.broken() == nil {
			n.ApproveAll = by.ApproveAll()
		}
	}
	if last := v.last(); last != nil {
		n.Last, n.Waiting = &last.Head, last.Summary.Waiting
		if n.Last.RunID != "" && !slices.ContainsFunc(n.Recent, func(h report.Head) bool { return h.RunID == n.Last.RunID }) {
			n.Recent = append([]report.Head{*n.Last}, n.Recent...)
		}
	}
	if s.opts.Glance != nil { // the same figure as on the page Waiting, after the run's own removals, too
		n.Waiting = 0
		if index, progress := s.index(v); index != nil {
			n.Waiting, n.WaitingNote = len(index.Waiting), ""
			if index.Stamp != s.stampOf(v) {
				n.WaitingNote = s.peopleAsOf(w, v, index, progress)
			}
		} else {
			n.WaitingNote = "being counted"
		}
	}
	n.Success = v.success()
	s.send(w, func(out *buffer) error { return s.site(v).ShowNow(out, n) })
}

// success is the end of the last good run, of this process or of another.
func (v *view) success() time.Time {
	var at time.Time
	if v.standing != nil {
		at = v.standing.Success
	}
	if own := v.own; own != nil && own.Error == "" && own.Source.Complete && !own.Stopped() {
		if t, err := time.Parse(time.RFC3339, own.Finished); err == nil && t.After(at) {
			at = t
		}
	}
	return at
}
