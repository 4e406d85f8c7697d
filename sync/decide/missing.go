package decide

import (
	"maps"
	"slices"
	"strings"
	"time"

	dirsync "duosync/sync"
)

// decideMissing is for a link whose person is gone or out of scope.
func (r *Rules) decideMissing(s *Subject, now time.Time) {
	if s.Heir != nil {
		s.decideHeir()
		return
	}
	missing := s.Missing(now)
	if s.NotAccepted && missing.Scope == "" {
		missing.Scope = s.Scope
	}
	wait := s.WaitsForRead(s.Switched, missing)
	s.Next.Missing = &missing
	s.Next.Offered = nil
	switch {
	case s.Asked && s.Live == nil && len(s.Link.Phones) > 0:
		if !wait {
			s.Add(Orphans(s))
		}
		return
	case s.Asked && s.Live == nil: // deleted in Duo, or purged: nothing left to remove
		s.forget("missing from the directory")
		return
	case s.Live != nil:
		s.noteDrift(r)
		if s.Live.Synced && s.Claimed { // perhaps by the same human under a new id, whom Duo's own sync keeps
			s.letGo(r, dirsync.LetGoSynced, LetGoWords(dirsync.LetGoSynced))
			return
		}
		if !s.Live.Synced && s.Live.Status != dirsync.StatusPendingDeletion {
			s.Next.LetGo = ""
		}
		if r.decideReopened(s) || r.decideLocked(s) {
			return
		}
	}
	step, due, ok := r.Step(s, &missing)
	switch {
	case !ok:
	case wait || due.After(now):
		s.Wait = &dirsync.Waiting{Username: s.Username(), Source: s.ID, Since: missing.Since, Action: step, Due: due}
	case s.Live.Synced:
		s.letGo(r, dirsync.LetGoSynced, LetGoWords(dirsync.LetGoSynced))
	case s.Live.Status == dirsync.StatusPendingDeletion:
		s.letGo(r, dirsync.LetGoTrashed, "")
		s.Next.Missing = &missing // else nobody could tell that this needs nobody
		s.Warn("%s: missing from the directory, and put into Duo's Trash by somebody else: nothing is left to do", s.Username())
	case r.Protect[dirsync.FoldName(s.Live.Username)]:
		s.Skipped = dirsync.SkippedProtected
	case step == dirsync.Disable && s.Live.Status == dirsync.StatusDisabled: // by us (a lock) or by hand
		s.Done = true
	default:
		s.remove(step, &missing, now)
	}
}

// forget drops a link whose user is not in Duo. It is told where it was not duosync that
// removed the user: there is nothing any more by which it would be kept out if it came back.
func (s *Subject) forget(why string) {
	s.Next = nil
	if m := s.Link.Missing; m != nil && (m.Step == dirsync.Trash || m.Step == dirsync.Delete) {
		return
	}
	s.Warn("%s: %s, and deleted in Duo by others (%s): forgotten. If this user is in Duo after all, disable it in the Duo Admin Panel", s.Username(), why, s.Link.User)
}

// remove carries a removal step out. What comes last in the plan is disabled at once.
func (s *Subject) remove(step dirsync.Action, missing *dirsync.Missing, now time.Time) {
	live := s.Live
	missing.Step, missing.At = step, now
	reason := missing.Why
	switch {
	case s.TakenOut:
		name, _ := s.ID.Split()
		reason = "the directory " + name + " was taken out of the configuration"
	case missing.Why == dirsync.Gone:
		reason = "gone from the directory"
	}
	if since := missing.Start(); since.Before(now) {
		reason += " since " + since.UTC().Format(time.RFC3339)
	}
	op := dirsync.Op{Action: step, Reason: reason, Missing: missing}
	switch step {
	case dirsync.Disable:
		op.Changes = []dirsync.Change{{Field: dirsync.FieldStatus, Before: live.Status, After: dirsync.StatusDisabled}}
		op.Asked = dirsync.Fields{dirsync.FieldStatus: dirsync.StatusDisabled}
	case dirsync.Trash:
		s.disableFirst(op)
		op.Changes = []dirsync.Change{{Field: dirsync.FieldStatus, Before: dirsync.StatusDisabled, After: dirsync.StatusPendingDeletion}}
		op.Asked = dirsync.Fields{dirsync.FieldStatus: dirsync.StatusDisabled}
	case dirsync.Delete:
		s.disableFirst(op)
		if live.Enrolled {
			op.Reason += "; the enrolled devices are destroyed with it"
		}
	}
	s.Next.Missing = s.Link.Missing // the step counts once it is done
	s.Add(op)
	if step == dirsync.Delete {
		s.Next.Phones = s.LetGoChanged(live.Phones, s.Link.Phones)
	}
	if step == dirsync.Delete && len(s.Next.Phones) > 0 {
		after := Orphans(s)
		after.Missing = missing
		s.Add(after)
	}
}

// NoteDisabled notes that the disabling which was due was done already, perhaps for a mark;
// nil: there is none.
func (s *Subject) NoteDisabled(now time.Time, mark *dirsync.Mark) {
	missing := *s.Next.Missing
	missing.Step, missing.At = dirsync.Disable, now
	s.Next.Missing = &missing
	s.Next.ByHand, s.Next.Marked = WasByOthers(s.Link, mark), mark != nil
	s.Next.Asked = merged(s.Next.Asked, dirsync.Fields{dirsync.FieldStatus: dirsync.StatusDisabled})
}

// disableFirst disables a user at once on the way to a removal that comes last in
// the plan: a leaver must not wait behind 10,000 creations, and the Trash alone
// need not keep anybody from logging in.
func (s *Subject) disableFirst(removal dirsync.Op) {
	live := s.Live
	if live.Status == dirsync.StatusDisabled {
		return
	}
	step := *removal.Missing
	step.Step = dirsync.Disable
	s.Add(dirsync.Op{Action: dirsync.Disable, Reason: removal.Reason, Missing: &step,
		Changes: []dirsync.Change{{Field: dirsync.FieldStatus, Before: live.Status, After: dirsync.StatusDisabled}}, Asked: dirsync.Fields{dirsync.FieldStatus: dirsync.StatusDisabled}})
}

// noteDrift takes Duo's answer over for somebody who is left alone. What drifted counts as
// not asked for, so that it is mended when the person is back.
func (s *Subject) noteDrift(r *Rules) {
	s.Next.Asked = maps.Clone(s.Link.Asked)
	for _, field := range append(slices.Clone(dirsync.FieldNames), dirsync.ListFields...) {
		if field != dirsync.FieldStatus && s.Live.Field(field) != s.Link.Answered.Field(field) && !r.ReportDrift(field) {
			delete(s.Next.Asked, field)
		}
	}
	if s.Mark != nil && s.Live.Status == dirsync.StatusDisabled && !WasByOthers(s.Link, s.Mark) { // by duosync disable
		s.Next.Asked, s.Next.Marked = merged(s.Next.Asked, dirsync.Fields{dirsync.FieldStatus: dirsync.StatusDisabled}), s.Mark.Stands()
	}
	s.Next.Joined = StillIn(s.Link.Joined, s.Live.Groups)
	s.Next.Aliases = stillHeld(s.Live, s.Link.Aliases)
	s.Next.Answered = *s.Live
}

// decideReopened is for a missing person who was disabled, by us or by others, and whom
// somebody has enabled in Duo since: that is drift, and a leaver stays out.
func (r *Rules) decideReopened(s *Subject) bool {
	live := s.Live
	if s.Next.Missing.Step == "" || live.Status != dirsync.StatusActive && live.Status != dirsync.StatusBypass ||
		live.Status == s.Link.Answered.Status || live.Synced || r.Protect[dirsync.FoldName(live.Username)] {
		return false
	}
	if r.ReportDrift(dirsync.FieldStatus) {
		s.Next.Answered = *live
		s.Warn("%s: is %s in Duo though %s; the configuration asks to report it only", s.Username(), live.Status, s.Next.Missing.Why)
		return true
	}
	missing := *s.Next.Missing // a step that is done is not done again
	s.Add(dirsync.Op{Action: dirsync.Disable, Reason: missing.Why + ", enabled " + dirsync.InDuoByHand, Missing: &missing,
		Changes: []dirsync.Change{{Field: dirsync.FieldStatus, Before: live.Status, After: dirsync.StatusDisabled}}, Asked: dirsync.Fields{dirsync.FieldStatus: dirsync.StatusDisabled}})
	s.Next.Missing = s.Link.Missing
	return true
}

// decideLocked is for a person who is not in a scope that is not accepted yet, and was in the
// one before: held are the removals that follow from the new scope. A lock does not, and waits
// for no approval.
func (r *Rules) decideLocked(s *Subject) bool {
	live := s.Live
	asked := s.Link.Asked[dirsync.FieldStatus] == dirsync.StatusDisabled
	if !s.NotAccepted || !r.Locked(s) || live.Status != dirsync.StatusActive && live.Status != dirsync.StatusBypass ||
		live.Synced || r.Protect[dirsync.FoldName(live.Username)] || asked && r.ReportDrift(dirsync.FieldStatus) {
		return false
	}
	reason := "disabled in the directory"
	if asked {
		reason += ", enabled " + dirsync.InDuoByHand
	}
	s.Add(dirsync.Op{Action: dirsync.Disable, Reason: reason, Lock: true,
		Changes: []dirsync.Change{{Field: dirsync.FieldStatus, Before: live.Status, After: dirsync.StatusDisabled}}, Asked: dirsync.Fields{dirsync.FieldStatus: dirsync.StatusDisabled}})
	return true
}

// Locked reports whether the directory locks a missing person where the second look found
// them.
func (r *Rules) Locked(s *Subject) bool {
	if s.Second == nil {
		return false
	}
	p := s.Second.Person
	if p == nil {
		p = s.Second.Outside
	}
	return p != nil && r.LocksAnywhere(p)
}

// Missing gives the state of a missing link at this read. A date to come was noted
// by a clock that was wrong, and counts from now.
func (s *Subject) Missing(now time.Time) dirsync.Missing {
	m := dirsync.Missing{Why: dirsync.Gone, Since: now}
	if s.Link.Missing != nil {
		m = *s.Link.Missing
	}
	switch {
	case m.Reads == seenSince:
		m.Reads = 1
	case s.Link.Missing != nil && m.Reads == 0: // a state of the first version does not count
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
	if m.Began.After(now) {
		m.Began = now
	}
	if s.Second != nil {
		why := dirsync.Gone
		if s.Second.Present {
			why = dirsync.OutOfScope
		}
		if why != m.Why && s.Link.Missing != nil {
			m.Began = now
		}
		m.Why = why
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

// WaitsForRead reports whether a removal waits for one more complete read.
func (s *Subject) WaitsForRead(switched bool, now dirsync.Missing) bool {
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

// Step gives the removal step that follows for a missing person, and when. While
// somebody else in the directory claims the name, the user is not deleted: they
// may be the same human under a new id, and a deletion takes the devices along.
func (r *Rules) Step(s *Subject, m *dirsync.Missing) (dirsync.Action, time.Time, bool) {
	step, due, ok := r.next(m, s.Link.Origin)
	if ok && step == dirsync.Delete && s.Claimed {
		return dirsync.Disable, due, m.Step == ""
	}
	return step, due, ok
}

// Due gives the removal that a link has before it under these rules: which step,
// and when. ok is false where there is none: the person is there, the user is let
// go or protected, or the rules keep it. A step whose day has come is due in the
// next run, which looks again, in the directory and in Duo, before it takes it.
func (r *Rules) Due(l *dirsync.Link) (w dirsync.Waiting, ok bool) {
	if l.Missing == nil || l.LetGo != "" || r.Protect[dirsync.FoldName(l.Answered.Username)] {
		return dirsync.Waiting{}, false
	}
	step, due, ok := r.next(l.Missing, l.Origin)
	if !ok {
		return dirsync.Waiting{}, false
	}
	return dirsync.Waiting{Username: l.Answered.Username, Source: l.ID, Since: l.Missing.Since, Action: step, Due: due}, true
}

// removals gives the steps that delete phones of ours.
func removals(phones []dirsync.OwnPhone) []dirsync.PhoneStep {
	steps := make([]dirsync.PhoneStep, 0, len(phones))
	for _, o := range phones {
		number, extension, _ := strings.Cut(o.Number, ";ext=")
		steps = append(steps, dirsync.PhoneStep{Do: dirsync.PhoneRemove, ID: o.ID, Number: number, Extension: extension})
	}
	return steps
}

// Orphans is the operation that deletes the phones of ours whose user is gone.
func Orphans(s *Subject) dirsync.Op {
	phones := s.Next.Phones
	numbers := make([]string, 0, len(phones))
	for _, o := range phones {
		numbers = append(numbers, o.Number)
	}
	return dirsync.Op{Action: dirsync.PhoneDelete, Reason: "the user is gone from Duo", Phones: removals(phones),
		Changes: []dirsync.Change{{Field: dirsync.FieldPhones, Before: dirsync.ListOf(numbers)}}}
}
