package engine

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	dirsync "duosync/sync"
	"duosync/sync/decide"
	"duosync/sync/printed"
)

// keep writes down what changes without a call, before the plan is carried out.
func (r *run) keep(ctx context.Context, c *course) error {
	switch {
	case r.report.Stopped() && r.narrowed(c), r.opts.Exactly != nil:
		return nil
	case !r.narrowed(c):
		if err := r.keepSeen(ctx, slices.Concat(c.census.moved, r.wentMissing(c)), r.seenOf(c)); err != nil {
			return err
		}
	}
	return r.keepQuietChanges(ctx, c)
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
			s.NoteDisabled(r.now, c.state.marks.of(s.Link.User, ""))
		}
		_, linked := c.state.snap.known.Find(s.ID)
		switch {
		case !linked, sent[s.ID] && !stopped:
		case s.Link == nil && (stopped || s.Sends()): // made anew for a user who is gone: the link of that one stands until then
		case stopped && s.Link.Missing == nil && len(s.Link.Offered) == 0:
		case stopped && s.Next != nil && !s.Link.Seen.In && s.Next.Seen.In:
			next := *s.Next
			next.Seen.In = false
			outcomes = append(outcomes, dirsync.Outcome{Source: s.ID, Link: &next})
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
	report.Narrowed = r.narrowed(c) || c.aside
	if err == nil {
		r.nameConflicts(ctx, c)
		err = r.attend(context.WithoutCancel(ctx), c)
		report.Err = err
	}
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

// writeDown ends the run in the state, whatever else fails: a run without an end looks
// like one that was killed. A good run, in which nothing was held, gives the baseline for
// later ones; one narrowed to a person moves nothing.
func (r *run) writeDown(ctx context.Context, c *course) error {
	end, err := r.ending(ctx, c)
	if err != nil { // nobody gets to read what the run found: it counts as one that broke off
		end = dirsync.RunEnd{Finished: r.report.Finished, Outcome: dirsync.OutcomeFailed}
	}
	if finishing := r.journal.Finish(ctx, end); finishing != nil {
		err = errors.Join(err, fmt.Errorf("writing the end of the run into the state: %w", finishing))
	}
	return err
}

// ending gives what the state is to keep of the run.
func (r *run) ending(ctx context.Context, c *course) (end dirsync.RunEnd, err error) {
	report := r.report
	end = dirsync.RunEnd{Finished: report.Finished, Outcome: report.Outcome}
	whole := report.Err == nil && !r.narrowed(c)
	through := report.Err == nil && report.Count(dirsync.ResultSkipped) == 0 && !report.Stopped() && (c.done == nil || c.done.unwritten == nil)
	if whole {
		end.Told = r.tellings(c)
		if report.Refreshed && !c.failed() && !report.Stopped() {
			end.Refreshed = r.now
		}
		end.Holds = c.verdicts.Holdings()
		end.Baseline = c.verdicts.Next(r.now, c.evidence.answers, c.groups.mirrors)
		end.Groups = c.groups.heads(&c.census.heads)
		end.Baseline.Attention = attentionByKey(report.Attention)
		end.Baseline.Bulk = slices.DeleteFunc(r.Target.BulkRefusals(), func(b dirsync.BulkRefusal) bool { return b.Passing })
	}
	if through {
		end.Unmarked = r.unmarked(c)
		if r.opts.Only == "" { // else a part of what was approved is done
			end.Used = c.verdicts.Used
		}
	}
	if r.Encode != nil {
		if err = r.Encode(report, &end); err != nil {
			return end, fmt.Errorf("making the report that the state keeps: %w", err)
		}
	}
	if whole && through {
		if outcomes := c.groups.settleFresh(); len(outcomes) > 0 {
			if err := r.journal.Record(ctx, outcomes); err != nil {
				return end, fmt.Errorf("writing the groups into the state: %w", err)
			}
		}
	}
	return end, nil
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
		told[x.Key] = dirsync.Told{Hash: x.Hash, Username: x.Username, Sources: x.Sources, Reason: x.Reason, Remedy: x.Remedy}
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
		if s.Problem == "" && !(s.Idle && s.Skipped != "") {
			continue
		}
		hash, username := r.personHash(s), s.Username()
		made := s.Link == nil && s.Next != nil
		if made { // the next run meets a person who is ours
			s.Link = s.Next
			hash = r.personHash(s)
		}
		if _, known := told[personKey(s.ID)]; !known || made {
			told[personKey(s.ID)] = dirsync.Told{Hash: hash, Username: username, Sources: []dirsync.SourceID{s.ID}, Reason: s.Problem, Remedy: s.Remedy}
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

// attend lists who is not as the directory asks for, and stays so until a human acts.
// What others have made of a user stands as it was found, while nobody looks.
func (r *run) attend(ctx context.Context, c *course) error {
	before, scan := r.attendedBefore(c)
	found := map[string]*dirsync.Attention{}
	joins := false // what others have done to a user, beside what is told of it otherwise
	add := func(key string, a dirsync.Attention) {
		if was := found[key]; was != nil {
			if (!a.Apart || joins) && !strings.Contains(was.Reason, a.Reason) {
				was.Reason += "; " + a.Reason
			}
			was.Remedy, was.Apart, was.Failed = cmp.Or(was.Remedy, a.Remedy), was.Apart || a.Apart, was.Failed || a.Failed
			return
		}
		if a.Since = r.report.Started; !before[key].Since.IsZero() {
			a.Since = before[key].Since
		}
		found[key] = &a
	}
	left := c.leftAlone()
	marks, err := openMarks(ctx, r.Store) // of now: who was marked meanwhile is not as others made it
	if err != nil {
		return err
	}
	apart := func(l *dirsync.Link) {
		was := found[string(l.ID)]
		joins = l.Missing == nil && (l.LetGo == "" || was == nil || !strings.Contains(was.Reason, decide.LetGoWords(l.LetGo)))
		if why := decide.Apart(l, marks.of(l.User, "")); why != "" && !left[l.ID] {
			add(string(l.ID), dirsync.Attention{Username: l.Answered.Username, Source: l.ID, Reason: why, Apart: true})
		}
	}
	r.attendReport(before, add)
	r.attendHeirs(c, add)
	looked, settled := map[dirsync.SourceID]bool{}, r.settles()
	for _, s := range slices.Concat(c.subjects(), c.idle()) {
		looked[s.ID] = true
		if s.Next != nil && s.Heir == nil && !settled[s.ID] {
			apart(s.Next)
		}
	}
	for key, t := range r.told { // a run about some people only does not make the others well
		if id, ok := strings.CutPrefix(key, personKey("")); ok && !looked[dirsync.SourceID(id)] && t.Reason != "" {
			add(id, dirsync.Attention{Username: t.Username, Source: dirsync.SourceID(id), Reason: t.Reason, Remedy: printed.Reflag(t.Remedy, r.Flags)})
		}
	}
	if err := c.state.apartBefore(ctx, before, scan, looked, apart); err != nil {
		return err
	}
	r.carry(c, before, looked, found)
	for _, key := range slices.Sorted(maps.Keys(found)) {
		r.report.Attention = append(r.report.Attention, *found[key])
	}
	slices.SortStableFunc(r.report.Attention, func(a, b dirsync.Attention) int { return cmp.Compare(a.Username, b.Username) })
	return nil
}

// attendedBefore gives who needed a human at the end of the last run over all; where that was
// not noted, all links are to be looked at.
func (r *run) attendedBefore(c *course) (before map[string]dirsync.Attention, scan bool) {
	b := c.state.meta.Baseline
	if b == nil || b.Attention == nil {
		return map[string]dirsync.Attention{}, true
	}
	before = maps.Clone(b.Attention)
	for key, a := range before { // the configuration may be at another place since
		a.Remedy = printed.Reflag(a.Remedy, r.Flags)
		before[key] = a
	}
	return before, false
}

// settles gives those whose status a dry run would change: what others have made of it does
// not stay.
func (r *run) settles() map[dirsync.SourceID]bool {
	settled := map[dirsync.SourceID]bool{}
	if !r.report.DryRun || r.report.Stopped() {
		return settled
	}
	for _, o := range r.report.Operations {
		ofStatus := func(c dirsync.Change) bool { return c.Field == dirsync.FieldStatus }
		if o.Result == dirsync.ResultPlanned && slices.ContainsFunc(o.Changes, ofStatus) {
			settled[o.Source] = true
		}
	}
	return settled
}

// attendReport adds who is in a conflict, was refused or failed, in this run or before it
// where this run has not tried again.
func (r *run) attendReport(before map[string]dirsync.Attention, add func(string, dirsync.Attention)) {
	named := map[dirsync.SourceID]bool{} // under a name that others claim
	for _, x := range r.report.Conflicts {
		if strings.HasPrefix(x.Key, groupPrefix) {
			add(x.Key, dirsync.Attention{Username: x.Username, Reason: x.Reason, Remedy: x.Remedy})
			continue
		}
		for _, id := range x.Sources {
			reason := x.Reason
			if named[id] && x.Full != "" { // "this name" is another one there
				reason = x.Full
			}
			named[id] = named[id] || x.Full != ""
			add(string(id), dirsync.Attention{Username: x.Username, Source: id, Reason: reason, Remedy: x.Remedy})
		}
	}
	for _, o := range r.report.Operations {
		was := before[string(o.Source)]
		switch {
		case o.Result == dirsync.ResultFailed && o.OnGroup():
			add(string(o.Source), dirsync.Attention{Username: o.Username, Reason: o.Error, Failed: true})
		case o.Result == dirsync.ResultFailed:
			add(string(o.Source), dirsync.Attention{Username: o.Username, Source: o.Source, Reason: o.Error, Failed: true})
		case o.Result != dirsync.ResultApplied && was.Failed:
			add(string(o.Source), was)
		}
	}
}

// attentionByKey gives what needs a human as a baseline keeps it.
func attentionByKey(all []dirsync.Attention) map[string]dirsync.Attention {
	kept := map[string]dirsync.Attention{}
	for _, a := range all {
		key := string(a.Source)
		if key == "" {
			key = groupPrefix + dirsync.FoldName(a.Username)
		}
		kept[key] = a
	}
	return kept
}
