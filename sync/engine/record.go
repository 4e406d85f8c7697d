package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	dirsync "duosync/sync"
	"duosync/sync/decide"
)

// keep writes down what changes without a call, before the plan is carried out.
func (r *run) keep(ctx context.Context, c *course) error {
	switch {
	case r.report.Stopped() && r.narrowed(c), r.opts.Exactly != nil:
		return nil
	case !r.report.Stopped() && !r.narrowed(c):
		if err := r.keepSeen(ctx, c); err != nil {
			return err
		}
	}
	return r.keepQuietChanges(ctx, c)
}

// keepSeen writes down what each person's place in the scope rests on, where that is
// another thing now. What is doubted stays as it was.
func (r *run) keepSeen(ctx context.Context, c *course) error {
	doubted := c.verdicts.DoubtedGroups()
	for some := range slices.Chunk(c.census.places.moved, 500) {
		ids := make([]dirsync.SourceID, len(some))
		seen := map[dirsync.SourceID]dirsync.Seen{}
		for i, m := range some {
			ids[i], seen[m.id] = m.id, m.seen
		}
		links, err := r.Store.Load(ctx, ids)
		if err != nil {
			return fmt.Errorf("reading the snapshot: %w", err)
		}
		var outcomes []dirsync.Outcome
		for i := range links {
			link := &links[i]
			now := decide.SeenWith(seen[link.ID], link.Seen, doubted)
			if now.Hash() != link.Seen.Hash() {
				link.Seen = now
				outcomes = append(outcomes, dirsync.Outcome{Source: link.ID, Link: link})
			}
		}
		if len(outcomes) > 0 {
			if err := r.journal.Record(ctx, outcomes); err != nil {
				return err
			}
		}
	}
	return nil
}

// keepQuietChanges writes the links that change without a call: a field that
// Duo holds already, a person seen missing for the first time, one that is let
// go. Where the whole run is held, only what was begun before is noted: that somebody is
// missing, or was offered something, in reads in a row.
func (r *run) keepQuietChanges(ctx context.Context, c *course) error {
	var outcomes []dirsync.Outcome
	stopped := r.report.Stopped()
	if !stopped {
		outcomes = c.groups.quiet
	}
	sent := sourcesOf(r.report, dirsync.ResultPlanned)
	for _, s := range c.subjects() {
		if s.Done && c.verdicts.Believes(s.ID) && s.Next.Missing.Scope == "" {
			s.NoteDisabled(r.now, c.state.marks.of(s.Link.User, "") != nil)
		}
		_, linked := c.state.snap.index[s.ID]
		switch {
		case !linked, sent[s.ID] && !stopped:
		case s.Link == nil && (stopped || s.Sends()): // made anew for a user who is gone: the link of that one stands until then
		case stopped && s.Link.Missing == nil && len(s.Link.Offered) == 0:
		case s.Next == nil || !sameLink(s.Link, s.Next):
			outcomes = append(outcomes, dirsync.Outcome{Source: s.ID, Link: s.Next})
		}
	}
	if len(outcomes) == 0 {
		return nil
	}
	return r.journal.Record(ctx, outcomes)
}

func sameLink(a, b *dirsync.Link) bool {
	if a == nil || b == nil {
		return a == b
	}
	before, _ := json.Marshal(a) // a link always marshals
	after, _ := json.Marshal(b)
	return bytes.Equal(before, after)
}

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

// tellings gives all that the admin has been told by this run. A person with
// an operation still to be done is not among them, for what was told is not
// looked at again.
func (r *run) tellings(c *course) map[string]dirsync.Told {
	told := map[string]dirsync.Told{}
	if !r.report.Refreshed { // what was not looked at stands as it was told
		looked := map[string]bool{}
		for _, s := range c.subjects() {
			looked[personKey(s.ID)] = true
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
		if c.retried(s) || r.report.Stopped() && s.Sends() || held[s.ID] {
			delete(told, personKey(s.ID))
			continue
		}
		if s.Problem == "" && !(s.Idle && s.Skipped) {
			continue
		}
		hash, username := r.personHash(s), s.Username()
		made := s.Link == nil && s.Next != nil
		if made { // the next run meets a person who is ours
			s.Link = s.Next
			hash = r.personHash(s)
		}
		if _, known := told[personKey(s.ID)]; !known || made {
			told[personKey(s.ID)] = dirsync.Told{Hash: hash, Username: username, Sources: []dirsync.SourceID{s.ID}, Reason: s.Problem}
		}
	}
	return told
}

// unmarked gives the users whose lifted marks have done their work: nothing is left to
// do for them that was held, left out or failed.
func (r *run) unmarked(c *course) []string {
	var users []string
	left := map[string]bool{}
	for _, o := range r.report.Operations {
		if o.Result != dirsync.ResultApplied {
			left[o.User] = true
		}
	}
	for _, user := range slices.Sorted(maps.Keys(c.state.marks.lifted)) {
		looked := slices.ContainsFunc(c.subjects(), func(s *decide.Subject) bool { return s.Link != nil && s.Link.User == user })
		if !left[user] && (looked || !r.narrowed(c)) {
			users = append(users, user)
		}
	}
	return users
}
