package engine

import (
	dirsync "duosync/sync"
	"maps"
	"slices"
	"time"
)

// decide settles what happens to one subject, names apart: whether a wanted
// name is free is looked at afterwards, over all subjects (see claims.go).
func (r *Rules) decide(s *subject, now time.Time) {
	if s.link != nil {
		next := *s.link
		s.next = &next
	}
	switch {
	case s.want == nil:
		r.decideMissing(s, now)
	case s.link == nil:
		r.decideNew(s, "in the directory's scope")
	default:
		r.decideOurs(s)
	}
}

// decideNew is for a person who is not ours yet.
func (r *Rules) decideNew(s *subject, reason string) {
	want := s.want
	switch {
	case s.contested, s.ancestor != nil:
		return
	case want.Problem != "":
		s.add(dirsync.Op{Action: dirsync.Create, Username: want.Fields[dirsync.FieldUsername], Reason: reason, Blocked: want.Problem})
		s.problem = want.Problem
		return
	case r.Protect[want.Name()]:
		s.skipped = true
		return
	case want.Unsure != nil && !s.blind:
		problem := want.Unsure.Problem()
		s.add(dirsync.Op{Action: dirsync.Create, Username: want.Fields[dirsync.FieldUsername], Reason: reason, Blocked: problem})
		s.problem = problem
		return
	case want.Unsure != nil: // created when it is known whether the person is locked
		want.Fields[dirsync.FieldStatus] = dirsync.StatusActive
	case want.Fields[dirsync.FieldStatus] == dirsync.StatusDisabled:
		// A user who is locked in the directory is not created: a licence saved.
		if r.Existing == ExistingReport && !s.adopted {
			s.skipped = true
			return
		}
		s.idle = true
	}
	s.open = true
	op := dirsync.Op{Action: dirsync.Create, Username: want.Fields[dirsync.FieldUsername], Reason: reason,
		Changes: created(want.Fields), Asked: maps.Clone(want.Fields)}
	if s.former != nil {
		op.Takes = s.former
	}
	s.add(op)
}

// created lists the fields that a new user gets, phones and groups apart.
func created(fields dirsync.Fields) []dirsync.Change {
	var changes []dirsync.Change
	for _, name := range append(slices.Clone(dirsync.FieldNames), dirsync.FieldAliases) {
		if value := fields[name]; value != "" {
			changes = append(changes, dirsync.Change{Field: name, After: value})
		}
	}
	return changes
}

// decideOurs is for a person in scope whose Duo user is ours.
func (r *Rules) decideOurs(s *subject) {
	link, live, want := s.link, s.live, s.want
	trashedByUs := link.Missing != nil && link.Missing.Step == dirsync.Trash
	switch {
	case live == nil:
		r.decideVanished(s, trashedByUs || link.Missing != nil && link.Missing.Step == dirsync.Delete)
		return
	case live.Synced:
		s.letGo(dirsync.LetGoSynced, "Duo's own directory sync manages this user now; duosync leaves it alone")
		return
	case live.Status == dirsync.StatusPendingDeletion && !trashedByUs:
		s.letGo(dirsync.LetGoTrashed, "somebody else put this user into Duo's Trash; restore it in the Duo Admin Panel to have it kept in step again")
		return
	case r.Protect[dirsync.FoldName(live.Username)], r.Protect[want.Name()]:
		s.skipped = true
		return
	}

	next := s.next
	next.Answered = *live
	next.Missing = nil
	next.LetGo = ""
	next.Offered = nil
	next.Asked = make(dirsync.Fields, len(want.Fields))
	if live.Status == dirsync.StatusPendingDeletion && want.Unsure != nil {
		s.next = link // it stays in the Trash until it is known whether the person is locked
		s.problem = want.Unsure.Problem()
		return
	}
	s.open = !s.contested && want.Problem == ""
	if !s.open {
		for _, field := range []string{dirsync.FieldGroups, dirsync.FieldPhones} {
			if last, known := link.Asked[field]; known {
				next.Asked[field] = last
			}
		}
	}
	update := r.changes(s)
	status, after, reason := r.decideStatus(s)
	if want.Problem != "" {
		s.problem = want.Problem
		s.add(dirsync.Op{Action: dirsync.Update, Reason: "changed in the directory", Blocked: want.Problem})
	}

	if live.Status == dirsync.StatusPendingDeletion { // ours: restore, and all else with it
		asked := dirsync.Fields{}
		to := dirsync.StatusActive
		if wanted, ours := want.Fields[dirsync.FieldStatus]; ours {
			to, asked[dirsync.FieldStatus] = wanted, wanted
		}
		if link.ByHand {
			to = dirsync.StatusDisabled // by others, before we put it into the Trash
		}
		next.Missing = whileOut(link) // until it is out of the Trash
		op := dirsync.Op{Action: dirsync.Restore, Username: live.Username, Reason: "back in the directory's scope", Asked: asked,
			Changes: append(update, dirsync.Change{Field: dirsync.FieldStatus, Before: live.Status, After: to})}
		for _, c := range update {
			if value, ours := want.Fields[c.Field]; ours {
				op.Asked[c.Field] = value
			}
		}
		s.add(op)
		return
	}
	// A status of its own goes first and alone: a mail address that Duo
	// refuses must not keep a leaver in.
	if status != "" {
		asked := dirsync.Fields{}
		if _, ours := want.Fields[dirsync.FieldStatus]; ours {
			asked[dirsync.FieldStatus] = after
		}
		s.add(dirsync.Op{Action: status, Reason: reason, Marked: status == dirsync.Disable && want.Mark != nil, Changes: []dirsync.Change{{Field: dirsync.FieldStatus, Before: live.Status, After: after}}, Asked: asked})
	}
	if len(update) > 0 {
		op := dirsync.Op{Action: dirsync.Update, Username: live.Username, Changes: update, Asked: dirsync.Fields{}, Reason: "changed in the directory"}
		drift := true
		for _, c := range update {
			if value, ours := want.Fields[c.Field]; ours {
				op.Asked[c.Field] = value
			}
			drift = drift && link.Asked[c.Field] == want.Fields[c.Field]
		}
		if drift {
			op.Reason = "changed in Duo by hand"
		}
		s.add(op)
	}
}

// decideVanished is for a person in scope whose Duo user does not exist.
func (r *Rules) decideVanished(s *subject, removedByUs bool) {
	name := s.username()
	s.next.Missing = nil
	switch {
	case removedByUs:
		if len(s.link.Phones) > 0 {
			s.former = &dirsync.Belongings{Phones: s.link.Phones}
		}
		s.was = s.link
		s.link, s.next = nil, nil
		r.decideNew(s, "back in the directory's scope; the user has been removed from Duo since")
	case r.ReportDrift(""):
		s.letGo(dirsync.LetGoDeleted, "somebody deleted this user in Duo; the configuration asks to report it only")
	case s.contested:
		if status, ours := s.want.Fields[dirsync.FieldStatus]; ours {
			s.next.Asked = merged(s.link.Asked, dirsync.Fields{dirsync.FieldStatus: status})
		}
	case s.want.Problem != "":
		s.add(dirsync.Op{Action: dirsync.Recreate, Reason: "deleted in Duo by hand", Blocked: s.want.Problem})
		s.problem = s.want.Problem
	case s.want.Fields[dirsync.FieldStatus] == dirsync.StatusDisabled, s.want.Unsure != nil, r.Protect[s.want.Name()], r.Protect[dirsync.FoldName(name)]:
		s.skipped = true
		if len(s.link.Phones) > 0 {
			s.add(orphans(s))
		} else {
			s.next = nil
		}
	default:
		s.next.Asked = dirsync.Fields{} // unknown until it is there again
		s.next.Joined = nil
		s.open = true
		s.add(dirsync.Op{Action: dirsync.Recreate, Username: s.want.Fields[dirsync.FieldUsername], Reason: "deleted in Duo by hand",
			Changes: created(s.want.Fields), Asked: maps.Clone(s.want.Fields)})
	}
}

func merged(a, b dirsync.Fields) dirsync.Fields {
	m := make(dirsync.Fields, len(a)+len(b))
	maps.Copy(m, a)
	maps.Copy(m, b)
	return m
}
