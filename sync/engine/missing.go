package engine

import (
	dirsync "duosync/sync"
	"maps"
	"slices"
	"time"
)

// decideMissing is for a link whose person is gone or out of scope.
func (r *Rules) decideMissing(s *subject, now time.Time) {
	if s.heir != nil {
		s.decideHeir()
		return
	}
	missing := s.missing(now)
	if s.notAccepted && missing.Scope == "" {
		missing.Scope = r.Scope
	}
	wait := s.waitsForRead(s.switched, missing)
	s.next.Missing = &missing
	s.next.Offered = nil
	switch {
	case s.asked && s.live == nil && len(s.link.Phones) > 0:
		if !wait {
			s.add(orphans(s))
		}
		return
	case s.asked && s.live == nil: // deleted in Duo, or purged: nothing left to remove
		s.next = nil
		return
	case s.live != nil:
		s.noteDrift(r)
		if !s.live.Synced && s.live.Status != dirsync.StatusPendingDeletion {
			s.next.LetGo = ""
		}
		if r.decideReopened(s) {
			return
		}
	}
	step, due, ok := r.step(s, &missing)
	if !ok {
		return
	}
	if wait || due.After(now) {
		s.wait = &dirsync.Waiting{Username: s.username(), Source: s.id, Since: missing.Since, Action: step, Due: due}
		return
	}
	live := s.live
	switch {
	case live.Synced:
		s.letGo(dirsync.LetGoSynced, "Duo's own directory sync manages this user now; duosync leaves it alone")
		return
	case live.Status == dirsync.StatusPendingDeletion:
		s.letGo(dirsync.LetGoTrashed, "missing from the directory, and put into Duo's Trash by somebody else")
		return
	case r.Protect[dirsync.FoldName(live.Username)]:
		s.skipped = true
		return
	}
	if step == dirsync.Disable && live.Status == dirsync.StatusDisabled { // by us (a lock) or by hand
		s.done = true
		return
	}
	missing.Step, missing.At = step, now
	reason := missing.Why
	if missing.Why == dirsync.Gone {
		reason = "gone from the directory"
	}
	if missing.Since.Before(now) {
		reason += " since " + missing.Since.UTC().Format(time.RFC3339)
	}
	op := dirsync.Op{Action: step, Reason: reason, Missing: &missing}
	switch step {
	case dirsync.Disable:
		op.Changes = []dirsync.Change{{Field: dirsync.FieldStatus, Before: live.Status, After: dirsync.StatusDisabled}}
		op.Asked = dirsync.Fields{dirsync.FieldStatus: dirsync.StatusDisabled}
	case dirsync.Trash:
		r.disableFirst(s, live, op)
		op.Changes = []dirsync.Change{{Field: dirsync.FieldStatus, Before: dirsync.StatusDisabled, After: dirsync.StatusPendingDeletion}}
		op.Asked = dirsync.Fields{dirsync.FieldStatus: dirsync.StatusDisabled}
	case dirsync.Delete:
		r.disableFirst(s, live, op)
		if live.Enrolled {
			op.Reason += "; the enrolled devices are destroyed with it"
		}
	}
	s.next.Missing = s.link.Missing // the step counts once it is done
	s.add(op)
	if step == dirsync.Delete && len(s.link.Phones) > 0 {
		after := orphans(s)
		after.Missing = &missing
		s.add(after)
	}
}

// noteDisabled notes that the disabling which was due was done already; marked: perhaps
// for a mark.
func (s *subject) noteDisabled(now time.Time, marked bool) {
	missing := *s.next.Missing
	missing.Step, missing.At = dirsync.Disable, now
	s.next.Missing = &missing
	s.next.ByHand, s.next.Marked = wasByOthers(s.link, marked || s.link.Marked), marked
	s.next.Asked = merged(s.next.Asked, dirsync.Fields{dirsync.FieldStatus: dirsync.StatusDisabled})
}

// disableFirst disables a user at once on the way to a removal that comes last in
// the plan: a leaver must not wait behind 10,000 creations, and the Trash alone
// need not keep anybody from logging in.
func (r *Rules) disableFirst(s *subject, live *dirsync.Account, removal dirsync.Op) {
	if live.Status == dirsync.StatusDisabled {
		return
	}
	step := *removal.Missing
	step.Step = dirsync.Disable
	s.add(dirsync.Op{Action: dirsync.Disable, Reason: removal.Reason, Missing: &step,
		Changes: []dirsync.Change{{Field: dirsync.FieldStatus, Before: live.Status, After: dirsync.StatusDisabled}}, Asked: dirsync.Fields{dirsync.FieldStatus: dirsync.StatusDisabled}})
}

// noteDrift takes Duo's answer over for a missing person. What drifted counts as
// not asked for, so that it is mended when the person is back.
func (s *subject) noteDrift(r *Rules) {
	s.next.Asked = maps.Clone(s.link.Asked)
	for _, field := range append(slices.Clone(dirsync.FieldNames), dirsync.ListFields...) {
		if field != dirsync.FieldStatus && s.live.Field(field) != s.link.Answered.Field(field) && !r.ReportDrift(field) {
			delete(s.next.Asked, field)
		}
	}
	s.next.Joined = stillIn(s.link.Joined, s.live.Groups)
	s.next.Aliases = stillHeld(s.live, s.link.Aliases)
	s.next.Answered = *s.live
}

// decideReopened is for a missing person whom we had disabled and somebody has
// enabled in Duo since: that is drift, and a leaver stays out.
func (r *Rules) decideReopened(s *subject) bool {
	live := s.live
	if s.next.Missing.Step == "" || live.Status != dirsync.StatusActive && live.Status != dirsync.StatusBypass ||
		live.Status == s.link.Answered.Status || s.link.ByHand || live.Synced || r.Protect[dirsync.FoldName(live.Username)] {
		return false
	}
	if r.ReportDrift(dirsync.FieldStatus) {
		s.next.Answered = *live
		s.warn("%s: is %s in Duo though %s; the configuration asks to report it only", s.username(), live.Status, s.next.Missing.Why)
		return true
	}
	missing := *s.next.Missing // a step that is done is not done again
	s.add(dirsync.Op{Action: dirsync.Disable, Reason: missing.Why + ", enabled in Duo by hand", Missing: &missing,
		Changes: []dirsync.Change{{Field: dirsync.FieldStatus, Before: live.Status, After: dirsync.StatusDisabled}}, Asked: dirsync.Fields{dirsync.FieldStatus: dirsync.StatusDisabled}})
	s.next.Missing = s.link.Missing
	return true
}

// missing gives the state of a missing link at this read. A date to come was noted
// by a clock that was wrong, and counts from now.
func (s *subject) missing(now time.Time) dirsync.Missing {
	m := dirsync.Missing{Why: dirsync.Gone, Since: now}
	if s.link.Missing != nil {
		m = *s.link.Missing
	}
	switch {
	case m.Reads == seenSince:
		m.Reads = 1
	case s.link.Missing != nil && m.Reads == 0: // a state of the first version does not count
		m.Reads = enoughReads
	default:
		m.Reads = min(m.Reads+1, enoughReads)
	}
	if m.Since.After(now) {
		m.Since = now
	}
	if m.At.After(now) {
		m.At = now
	}
	if s.second != nil {
		m.Why = dirsync.Gone
		if s.second.Present {
			m.Why = dirsync.OutOfScope
		}
	}
	return m
}

// enoughReads is how many complete reads in a row have to miss a person after a switch
// of servers; more are not counted. seenSince stands for none: the last read had the
// person, who is not let in again yet.
const (
	enoughReads = 2
	seenSince   = -1
)

// waitsForRead reports whether a removal waits for one more complete read.
func (s *subject) waitsForRead(switched bool, now dirsync.Missing) bool {
	return switched && now.Reads < enoughReads
}

// whileOut is the state of a missing link whose person is there again, until the user
// is let in again; nil: the person was not missing.
func whileOut(l *dirsync.Link) *dirsync.Missing {
	if l.Missing == nil {
		return nil
	}
	m := *l.Missing
	m.Reads = seenSince
	return &m
}

// step gives the removal step that follows for a missing person, and when. While
// somebody else in the directory claims the name, the user is not deleted: they
// may be the same human under a new id, and a deletion takes the devices along.
func (r *Rules) step(s *subject, m *dirsync.Missing) (dirsync.Action, time.Time, bool) {
	step, due, ok := r.removal(m.Why).next(m, s.link.Origin)
	if ok && step == dirsync.Delete && s.claimed {
		return dirsync.Disable, due, m.Step == ""
	}
	return step, due, ok
}

func (r *Rules) removal(why string) Removal {
	if why == dirsync.OutOfScope {
		return r.OnOutOfScope
	}
	return r.OnMissing
}

// Due gives the removal that a link has before it under these rules: which step,
// and when. ok is false where there is none: the person is there, the user is let
// go or protected, or the rules keep it. A step whose day has come is due in the
// next run, which looks again, in the directory and in Duo, before it takes it.
func (r *Rules) Due(l *dirsync.Link) (w dirsync.Waiting, ok bool) {
	if l.Missing == nil || l.LetGo != "" || r.Protect[dirsync.FoldName(l.Answered.Username)] {
		return dirsync.Waiting{}, false
	}
	step, due, ok := r.removal(l.Missing.Why).next(l.Missing, l.Origin)
	if !ok {
		return dirsync.Waiting{}, false
	}
	return dirsync.Waiting{Username: l.Answered.Username, Source: l.ID, Since: l.Missing.Since, Action: step, Due: due}, true
}
