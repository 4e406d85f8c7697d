package engine

import (
	"bytes"
	"context"
	dirsync "duosync/sync"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// end gives the run its outcome and writes it down.
func (r *run) end(ctx context.Context, c *course, err error) *dirsync.Run {
	report := r.report
	report.Err = err
	report.Finished = r.wallClock()
	report.Usage = r.Target.Usage()
	report.Narrowed = r.narrowed(c)
	report.Outcome = outcome(report)
	report.Sort()
	if r.journal == nil {
		return report
	}
	if err := r.writeDown(context.WithoutCancel(ctx), c); err != nil {
		report.Outcome = dirsync.OutcomeFailed
		report.Err = errors.Join(report.Err, err)
	}
	return report
}

func outcome(run *dirsync.Run) string {
	switch {
	case run.Err != nil:
		return dirsync.OutcomeFailed
	case run.Held():
		return dirsync.OutcomeHeld
	case run.NewFailures():
		return dirsync.OutcomePartial
	case !run.Pending(), !run.DryRun && run.Count(dirsync.ResultApplied) == 0:
		return dirsync.OutcomeNoChanges
	case run.DryRun:
		return dirsync.OutcomePlanned
	}
	return dirsync.OutcomeApplied
}

// writeDown ends the run in the state. A good run, in which nothing was held,
// gives the baseline for later ones; one narrowed to a person moves nothing.
func (r *run) writeDown(ctx context.Context, c *course) error {
	report := r.report
	end := dirsync.RunEnd{Finished: report.Finished, Outcome: report.Outcome}
	whole := report.Err == nil && !r.narrowed(c)
	through := report.Err == nil && report.Count(dirsync.ResultSkipped) == 0 && !report.Stopped()
	if whole {
		end.Told = r.tellings(c)
		if report.Refreshed && !c.failed() && !report.Stopped() {
			end.Refreshed = r.now
		}
		end.Holds = c.verdicts.Holdings()
		end.Baseline = c.verdicts.Next(r.now, c.evidence.answers, c.groups.mirrors)
	}
	if through {
		end.Unmarked = r.unmarked(c)
		if r.opts.Only == "" { // else a part of what was approved is done
			end.Used = c.verdicts.Used
		}
	}
	if whole && through {
		if outcomes := c.groups.settleFresh(); len(outcomes) > 0 {
			if err := r.journal.Record(ctx, outcomes); err != nil {
				return fmt.Errorf("writing the groups into the state: %w", err)
			}
		}
	}
	if r.Encode != nil {
		text, err := r.Encode(report)
		if err != nil {
			return err
		}
		end.Report = text
	}
	if err := r.journal.Finish(ctx, end); err != nil {
		return fmt.Errorf("writing the end of the run into the state: %w", err)
	}
	return nil
}

// failed reports whether something failed that the next run must try again.
func (c *course) failed() bool {
	return c.fresh != nil && c.fresh.broken || c.done != nil && c.done.failed
}

// tellings gives all that the admin has been told by this run. A person with
// an operation still to be done is not among them, for what was told is not
// looked at again.
func (r *run) tellings(c *course) map[string]dirsync.Told {
	told := map[string]dirsync.Told{}
	if !r.report.Refreshed { // what was not looked at stands as it was told
		looked := map[string]bool{}
		for _, s := range c.subjects() {
			looked[personKey(s.id)] = true
		}
		for key, t := range r.told {
			if strings.HasPrefix(key, personKey("")) && !looked[key] {
				told[key] = t
			}
		}
	}
	for _, x := range r.report.Conflicts {
		told[x.Key] = dirsync.Told{Hash: x.Hash, Username: x.Username, Sources: x.Sources, Reason: x.Reason}
	}
	if c.done != nil {
		maps.Copy(told, c.done.refused)
	}
	held := sourcesOf(r.report, dirsync.ResultHeld)
	for _, s := range slices.Concat(c.subjects(), c.decided.idle) {
		if c.retried(s) || r.report.Stopped() && s.sends() || held[s.id] {
			delete(told, personKey(s.id))
			continue
		}
		if s.problem == "" && !(s.idle && s.skipped) {
			continue
		}
		hash, username := r.personHash(s), s.username()
		made := s.link == nil && s.next != nil
		if made { // the next run meets a person who is ours
			s.link = s.next
			hash = r.personHash(s)
		}
		if _, known := told[personKey(s.id)]; !known || made {
			told[personKey(s.id)] = dirsync.Told{Hash: hash, Username: username, Sources: []dirsync.SourceID{s.id}, Reason: s.problem}
		}
	}
	return told
}

// retried reports whether an operation of a subject is still to be done.
func (c *course) retried(s *subject) bool { return c.done != nil && c.done.retry[s] }

// keepQuietChanges writes the links that change without a call: a field that
// Duo holds already, a person seen missing for the first time, one that is let
// go. Where the whole run is held, only what was begun before is noted: that somebody is
// missing, or was offered something, in reads in a row.
func (a *application) keepQuietChanges(ctx context.Context) error {
	var outcomes []dirsync.Outcome
	if !a.report.Stopped() {
		outcomes = a.groups.quiet
	}
	sent := sourcesOf(a.report, dirsync.ResultPlanned)
	for _, s := range a.subjects() {
		if s.done && a.believed(s) {
			s.noteDisabled(a.now, a.state.marks.of(s.link.User, "") != nil)
		}
		if _, linked := a.state.snap.index[s.id]; !linked || sent[s.id] && !a.report.Stopped() {
			continue
		}
		if s.link == nil && (a.report.Stopped() || s.sends()) {
			continue // made anew for a user who is gone: the link of that one stands until then
		}
		if a.report.Stopped() && s.link.Missing == nil && len(s.link.Offered) == 0 {
			continue
		}
		if s.next == nil || !sameLink(s.link, s.next) {
			outcomes = append(outcomes, dirsync.Outcome{Source: s.id, Link: s.next})
		}
	}
	if len(outcomes) == 0 {
		return nil
	}
	return a.journal.Record(ctx, outcomes)
}

// believed reports whether a person counts as missing: an operation that follows from it
// would not be held.
func (a *application) believed(s *subject) bool {
	return a.verdicts.Believes(s.id) && s.next.Missing.Scope == ""
}

// sourcesOf gives whom the operations with a result are about.
func sourcesOf(report *dirsync.Run, result string) map[dirsync.SourceID]bool {
	who := map[dirsync.SourceID]bool{}
	for _, o := range report.Operations {
		if o.Result == result {
			who[o.Source] = true
		}
	}
	return who
}

func sameLink(a, b *dirsync.Link) bool {
	if a == nil || b == nil {
		return a == b
	}
	before, _ := json.Marshal(a) // a link always marshals
	after, _ := json.Marshal(b)
	return bytes.Equal(before, after)
}

// keepSeen writes down what each person's place in the scope rests on, where that is
// another thing now. What is doubted stays as it was.
func (a *application) keepSeen(ctx context.Context) error {
	if a.narrowed(a.course) {
		return nil
	}
	doubted := a.verdicts.DoubtedGroups()
	for some := range slices.Chunk(a.census.places.moved, 500) {
		ids := make([]dirsync.SourceID, len(some))
		seen := map[dirsync.SourceID]dirsync.Seen{}
		for i, m := range some {
			ids[i], seen[m.id] = m.id, m.seen
		}
		links, err := a.Store.Load(ctx, ids)
		if err != nil {
			return fmt.Errorf("reading the snapshot: %w", err)
		}
		var outcomes []dirsync.Outcome
		for i := range links {
			link := &links[i]
			now := seenWith(seen[link.ID], link.Seen, doubted)
			if now.Hash() != link.Seen.Hash() {
				link.Seen = now
				outcomes = append(outcomes, dirsync.Outcome{Source: link.ID, Link: link})
			}
		}
		if len(outcomes) > 0 {
			if err := a.journal.Record(ctx, outcomes); err != nil {
				return err
			}
		}
	}
	return nil
}
