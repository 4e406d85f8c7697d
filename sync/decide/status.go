package decide

import dirsync "duosync/sync"

// statusChange is what is to happen to a status; nothing where it has no action.
type statusChange struct {
	action        dirsync.Action
	after, reason string
}

// decideStatus compares the wanted status with Duo's. A status that somebody set in Duo
// by hand is never raised.
func (r *Rules) decideStatus(s *Subject) statusChange {
	link, last := s.Link, s.Link.Asked[dirsync.FieldStatus]
	wanted, ours := s.Want.Fields[dirsync.FieldStatus]
	if s.lifted() && s.Live.Status == dirsync.StatusDisabled && !WasByOthers(link, s.Mark) { // by us, whatever the link says
		last, link = dirsync.StatusDisabled, s.disabledForMark()
	}
	s.Next.Marked = s.Want.Mark != nil
	switch {
	case !ours && (last != dirsync.StatusDisabled || link.Missing == nil && !link.Marked),
		s.Live.Status == dirsync.StatusPendingDeletion: // the restore says the status
		return statusChange{}
	case !ours:
		wanted = dirsync.StatusActive // only our own disabling is undone
	}
	if wanted == dirsync.StatusDisabled {
		return r.keepOut(s, link, last)
	}
	return s.letIn(link, wanted, last)
}

// lifted reports whether the user was disabled for a mark that was taken back.
func (s *Subject) lifted() bool { return s.Mark != nil && !s.Mark.Stands() }

// keepOut is for a person whom the directory, or a mark, wants disabled.
func (r *Rules) keepOut(s *Subject, link *dirsync.Link, last string) statusChange {
	live, mark := s.Live, s.Want.Mark
	switch {
	case live.Status == dirsync.StatusDisabled:
		s.askStatus(dirsync.StatusDisabled)
		s.Next.ByHand = WasByOthers(link, mark)
		return statusChange{}
	case last == dirsync.StatusDisabled && (live.Status != link.Answered.Status || link.Withdrawn[dirsync.FieldStatus] != "") && mark == nil && r.ReportDrift(dirsync.FieldStatus):
		s.askStatus(dirsync.StatusDisabled)
		s.Next.Withdrawn = withdrawn(s.Next.Withdrawn, dirsync.FieldStatus, dirsync.StatusDisabled)
		s.Warn("%s: is %s in Duo though disabled in the directory; the configuration asks to report it only", s.Username(), live.Status)
		return statusChange{}
	}
	if last != "" && last != dirsync.StatusDisabled { // drift: unknown until it is mended
		s.Next.Asked[dirsync.FieldStatus] = last
	}
	reason := "disabled in the directory"
	if s.Want.Term != nil {
		reason = s.Want.Term.Words() + " in the directory"
	}
	switch {
	case mark != nil:
		reason = "disabled by duosync disable: " + mark.Reason
	case last == dirsync.StatusDisabled && link.Missing == nil:
		reason += ", enabled " + dirsync.InDuoByHand
	}
	return statusChange{dirsync.Disable, dirsync.StatusDisabled, reason}
}

// letIn is for a person whom the directory wants active, or to have bypass.
func (s *Subject) letIn(link *dirsync.Link, wanted, last string) statusChange {
	live, next := s.Live, s.Next
	ourDisabling := live.Status == dirsync.StatusDisabled && last == dirsync.StatusDisabled && !link.ByHand && link.Answered.Status == dirsync.StatusDisabled
	switch {
	case ourDisabling:
		next.Asked[dirsync.FieldStatus] = last
		next.Missing, next.Marked = whileOut(s.Link), link.Marked // until it is done
		if link.Missing != nil {
			return statusChange{dirsync.Enable, wanted, "back in the directory's scope"}
		}
		return statusChange{dirsync.Enable, wanted, "enabled in the directory"}
	case wanted == dirsync.StatusBypass && live.Status == dirsync.StatusActive && last != dirsync.StatusBypass:
		keepLast(next, last)
		return statusChange{dirsync.Update, wanted, "bypass in the directory"}
	case wanted == dirsync.StatusActive && live.Status == dirsync.StatusBypass && last == dirsync.StatusBypass:
		keepLast(next, last)
		if s.Want.Unsure != nil {
			return statusChange{dirsync.Update, wanted, "bypass is not allowed any more (sync.allow_bypass)"}
		}
		return statusChange{dirsync.Update, wanted, "no longer bypass in the directory"}
	}
	s.askStatus(wanted)
	next.ByHand = false
	if live.Status != wanted && live.Status != dirsync.StatusActive && live.Status != link.Answered.Status || link.ByHand {
		s.Warn("%s: is %s in Duo by others, and stays so", s.Username(), live.Status)
	}
	return statusChange{}
}

// askStatus notes that Duo holds the status that is asked for, where it is ours.
func (s *Subject) askStatus(status string) {
	if _, ours := s.Want.Fields[dirsync.FieldStatus]; ours {
		s.Next.Asked[dirsync.FieldStatus] = status
	}
}

// WasByOthers reports whether a user who is found disabled was disabled by others, and so is
// not ours to enable. mark is the user's, nil where there is none: only that counts which was
// so before it. What Duo has answered since, in a run that was under way too, may be for it.
func WasByOthers(l *dirsync.Link, mark *dirsync.Mark) bool {
	asked, was := l.Asked[dirsync.FieldStatus] == dirsync.StatusDisabled, l.Answered.Status == dirsync.StatusDisabled
	switch {
	case mark != nil && mark.User == l.User && mark.Before != "":
		return l.ByHand || mark.Before == dirsync.StatusDisabled && !asked
	case mark != nil || l.Marked:
		return l.ByHand || was && !asked
	}
	return l.ByHand || !was || !asked
}

// disabledForMark is the link as it would be had a run disabled the user.
func (s *Subject) disabledForMark() *dirsync.Link {
	link := *s.Link
	link.Marked, link.Answered.Status = true, dirsync.StatusDisabled
	return &link
}

// keepLast leaves the status as it was asked for last, until it is changed.
func keepLast(next *dirsync.Link, last string) {
	if last != "" {
		next.Asked[dirsync.FieldStatus] = last
	}
}

// KeepStatus makes the status that can't be told the one that it was. Bypass that we gave,
// and that the configuration does not allow any more, is taken.
func (s *Subject) KeepStatus() {
	if s.Want.Unsure == nil || s.Link == nil {
		return
	}
	last, known := s.Link.Asked[dirsync.FieldStatus]
	if last == dirsync.StatusBypass && s.Want.NoBypass {
		last = dirsync.StatusActive
	}
	if known {
		s.Want.Fields[dirsync.FieldStatus] = last
	} else {
		delete(s.Want.Fields, dirsync.FieldStatus)
	}
}
