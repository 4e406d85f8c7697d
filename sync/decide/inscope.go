package decide

import (
	"maps"
	"slices"
	"time"

	dirsync "duosync/sync"
)

// Decide settles what happens to one subject, names apart: whether a wanted
// name is free is looked at afterwards, over all subjects (the engine's claims.go).
func (r *Rules) Decide(s *Subject, now time.Time) {
	if s.Link != nil {
		next := *s.Link
		next.Unmet = next.Unmet && (s.Live == nil || s.Doubtful != nil)
		s.Next = &next
	}
	switch {
	case s.Doubtful != nil:
		r.decideDoubtful(s, now)
	case s.Want == nil:
		r.decideMissing(s, now)
	case s.Link == nil:
		r.decideNew(s, "in the directory's scope")
	default:
		r.decideOurs(s)
	}
}

// decideDoubtful is for a person of whose user it is not certain that it is in Duo. Nothing
// is done, but that a user who is to be disabled, and is seen by its name at least, is
// disabled all the same: that harms nobody, and a leaver must not wait for certainty.
func (r *Rules) decideDoubtful(s *Subject, now time.Time) {
	const doubt = "whether the user is in Duo is not certain: "
	if s.Live != nil {
		trial := *s
		trial.Doubtful = nil
		r.Decide(&trial, now)
		if len(trial.Ops) > 0 && trial.Ops[0].Action == dirsync.Disable && trial.Ops[0].Blocked == "" {
			s.Ops, s.Next = trial.Ops[:1], trial.Next
			s.Warn("%s: %s%v; a disable is sent all the same", s.Username(), doubt, s.Doubtful)
			return
		}
	}
	s.Add(dirsync.Op{Action: dirsync.Update, Reason: "to be compared with Duo", Blocked: doubt + s.Doubtful.Error()})
}

// decideNew is for a person who is not ours yet.
func (r *Rules) decideNew(s *Subject, reason string) {
	want := s.Want
	switch {
	case s.Contested, s.Ancestor != nil && !s.Inherits:
		return
	case want.Problem != "":
		s.Add(dirsync.Op{Action: dirsync.Create, Username: want.Fields[dirsync.FieldUsername], Reason: reason, Blocked: want.Problem})
		s.tellFaults()
		return
	case r.Protect[want.Name()]:
		s.Skipped = dirsync.SkippedProtected
		return
	case want.Unsure != nil && !s.Blind:
		problem := want.Unsure.Problem()
		s.Add(dirsync.Op{Action: dirsync.Create, Username: want.Fields[dirsync.FieldUsername], Reason: reason, Blocked: problem})
		s.Problem = problem
		return
	case want.Unsure != nil: // created when it is known whether the person is locked
		want.Fields[dirsync.FieldStatus] = dirsync.StatusActive
	case want.Fields[dirsync.FieldStatus] == dirsync.StatusDisabled:
		// A user who is locked in the directory is not created: a licence saved.
		if r.Existing == ExistingReport && !s.Adopted && !s.Inherits {
			s.Skipped = dirsync.SkippedLocked
			return
		}
		s.Idle = true
	}
	s.Open = true
	s.tellFaults()
	op := dirsync.Op{Action: dirsync.Create, Username: want.Fields[dirsync.FieldUsername], Reason: reason,
		Changes: created(want.Fields), Asked: want.Fields}
	if s.Former != nil {
		op.Takes = s.Former
	}
	s.Add(op)
}

// created lists the fields that a new user gets, phones and groups apart.
func created(fields dirsync.Fields) []dirsync.Change {
	changes := make([]dirsync.Change, 0, 16) // on the stack
	add := func(name string) {
		if value := fields[name]; value != "" {
			changes = append(changes, dirsync.Change{Field: name, After: value})
		}
	}
	for _, name := range dirsync.FieldNames {
		add(name)
	}
	add(dirsync.FieldAliases)
	return slices.Clone(changes) // as long as it needs to be: a first run has one for each person
}

// decideOurs is for a person in scope whose Duo user is ours.
func (r *Rules) decideOurs(s *Subject) {
	link, live, want := s.Link, s.Live, s.Want
	trashedByUs := link.Missing != nil && link.Missing.Step == dirsync.Trash
	switch {
	case live == nil:
		r.decideVanished(s, trashedByUs || link.Missing != nil && link.Missing.Step == dirsync.Delete)
		return
	case live.Synced:
		s.letGo(r, dirsync.LetGoSynced, LetGoWords(dirsync.LetGoSynced))
		return
	case live.Status == dirsync.StatusPendingDeletion && !trashedByUs:
		s.letGo(r, dirsync.LetGoTrashed, LetGoWords(dirsync.LetGoTrashed))
		return
	case r.Protect[dirsync.FoldName(live.Username)], r.Protect[want.Name()]:
		s.Skipped = dirsync.SkippedProtected
		return
	}

	next := s.Next
	next.Answered, next.Missing, next.LetGo, next.Offered = *live, nil, "", nil
	next.Asked = make(dirsync.Fields, len(want.Fields))
	if live.Status == dirsync.StatusPendingDeletion && want.Unsure != nil {
		s.Next = link // it stays in the Trash until it is known whether the person is locked
		s.Problem = want.Unsure.Problem()
		return
	}
	s.Open = true
	r.noteWithdrawn(s)
	update := r.changes(s)
	status := r.decideStatus(s)
	s.tellFaults()
	if want.Problem != "" {
		s.Add(dirsync.Op{Action: dirsync.Update, Reason: dirsync.ChangedInDirectory, Blocked: want.Problem})
	}
	if live.Status == dirsync.StatusPendingDeletion {
		s.restore(update)
		return
	}
	// A status of its own goes first and alone: a mail address that Duo
	// refuses must not keep a leaver in.
	if status.action != "" {
		asked := dirsync.Fields{}
		if _, ours := want.Fields[dirsync.FieldStatus]; ours {
			asked[dirsync.FieldStatus] = status.after
		}
		s.Add(dirsync.Op{Action: status.action, Reason: status.reason, Marked: status.action == dirsync.Disable && want.Mark != nil,
			Changes: []dirsync.Change{{Field: dirsync.FieldStatus, Before: live.Status, After: status.after}}, Asked: asked})
	}
	if len(update) > 0 {
		s.update(update)
	}
}

// tellFaults tells what of a person can't be carried over.
func (s *Subject) tellFaults() {
	if s.Want.Problem != "" {
		s.TellProblem("%s", s.Want.Problem)
	}
	if s.Want.Unsure != nil && s.Want.Unsure.Why != "" {
		s.TellProblem("%s", s.Want.Unsure.Why)
	}
	for _, text := range s.Want.Faulty() {
		s.TellProblem("%s", text)
	}
}

// restore takes a user whom we had put into the Trash out of it, and all else with it.
func (s *Subject) restore(update []dirsync.Change) {
	asked, to := s.askedOf(update), dirsync.StatusActive
	if wanted, ours := s.Want.Fields[dirsync.FieldStatus]; ours {
		to, asked[dirsync.FieldStatus] = wanted, wanted
	}
	if s.Link.ByHand {
		to = dirsync.StatusDisabled // by others, before we put it into the Trash
	}
	s.Next.Missing = whileOut(s.Link) // until it is out of the Trash
	s.Add(dirsync.Op{Action: dirsync.Restore, Username: s.Live.Username, Reason: "back in the directory's scope", Asked: asked,
		Changes: append(update, dirsync.Change{Field: dirsync.FieldStatus, Before: s.Live.Status, After: to})})
}

// update changes fields of a user.
func (s *Subject) update(changes []dirsync.Change) {
	op := dirsync.Op{Action: dirsync.Update, Username: s.Live.Username, Changes: changes, Asked: s.askedOf(changes), Reason: dirsync.ChangedInDirectory}
	if !slices.ContainsFunc(changes, func(c dirsync.Change) bool { return s.Link.Asked[c.Field] != s.Want.Fields[c.Field] }) {
		op.Reason = "changed " + dirsync.InDuoByHand
	}
	s.Add(op)
}

// askedOf gives what changes ask for, of the fields that are ours.
func (s *Subject) askedOf(changes []dirsync.Change) dirsync.Fields {
	asked := dirsync.Fields{}
	for _, c := range changes {
		if value, ours := s.Want.Fields[c.Field]; ours {
			asked[c.Field] = value
		}
	}
	return asked
}

// decideVanished is for a person in scope whose Duo user does not exist.
func (r *Rules) decideVanished(s *Subject, removedByUs bool) {
	name := s.Username()
	protected := r.Protect[s.Want.Name()] || r.Protect[dirsync.FoldName(name)]
	s.Next.Missing = nil
	switch {
	case removedByUs:
		if len(s.Link.Phones) > 0 {
			s.Former = &dirsync.Belongings{Phones: s.Link.Phones}
		}
		s.Was = s.Link
		s.Link, s.Next = nil, nil
		r.decideNew(s, "back in the directory's scope; the user has been removed from Duo since")
	case r.ReportDrift(""):
		s.letGo(r, dirsync.LetGoDeleted, LetGoWords(dirsync.LetGoDeleted))
	case s.Contested:
		s.TellProblem("deleted in Duo, and not made anew while others claim the name")
		if status, ours := s.Want.Fields[dirsync.FieldStatus]; ours {
			s.Next.Asked = merged(s.Link.Asked, dirsync.Fields{dirsync.FieldStatus: status})
		}
	case s.Want.Problem != "":
		s.Add(dirsync.Op{Action: dirsync.Recreate, Reason: "deleted " + dirsync.InDuoByHand, Blocked: s.Want.Problem})
		s.Problem = s.Want.Problem
	case protected, s.Want.Fields[dirsync.FieldStatus] == dirsync.StatusDisabled, s.Want.Unsure != nil:
		s.Skipped = dirsync.SkippedLocked
		if protected {
			s.Skipped = dirsync.SkippedProtected
		}
		if len(s.Link.Phones) > 0 {
			s.Add(Orphans(s))
		} else {
			s.forget("kept out by the directory or the configuration")
		}
	default:
		s.Next.Asked = dirsync.Fields{} // unknown until it is there again
		s.Next.Joined = nil
		s.Open = true
		s.tellFaults()
		s.Add(dirsync.Op{Action: dirsync.Recreate, Username: s.Want.Fields[dirsync.FieldUsername], Reason: "deleted " + dirsync.InDuoByHand,
			Changes: created(s.Want.Fields), Asked: s.Want.Fields})
	}
}

func merged(a, b dirsync.Fields) dirsync.Fields {
	m := make(dirsync.Fields, len(a)+len(b))
	maps.Copy(m, a)
	maps.Copy(m, b)
	return m
}
