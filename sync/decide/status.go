package decide

import (
	"slices"

	dirsync "duosync/sync"
)

// decideStatus compares the wanted status with Duo's. It gives an action and the
// status after it, or nothing. A status that somebody set in Duo by hand is never
// raised.
func (r *Rules) decideStatus(s *Subject) (action dirsync.Action, after, reason string) {
	link, live, next := s.Link, s.Live, s.Next
	wanted, ours := s.Want.Fields[dirsync.FieldStatus]
	last := link.Asked[dirsync.FieldStatus]
	marked := s.Want.Mark != nil
	if s.Lifted && live.Status == dirsync.StatusDisabled && !WasByOthers(link, true) { // by us, whatever the link says
		last, link = dirsync.StatusDisabled, s.disabledForMark()
	}
	next.Marked = marked
	if !ours {
		if last != dirsync.StatusDisabled || link.Missing == nil && !link.Marked {
			return "", "", ""
		}
		wanted = dirsync.StatusActive // only our own disabling is undone
	}
	keep := func() {
		if ours {
			next.Asked[dirsync.FieldStatus] = wanted
		}
	}
	if live.Status == dirsync.StatusPendingDeletion {
		return "", "", "" // the restore says the status
	}
	if wanted == dirsync.StatusDisabled {
		switch {
		case live.Status == dirsync.StatusDisabled:
			keep()
			next.ByHand = WasByOthers(link, marked || link.Marked)
			return "", "", ""
		case last == dirsync.StatusDisabled && live.Status != link.Answered.Status && r.ReportDrift(dirsync.FieldStatus):
			keep()
			s.Warn("%s: is %s in Duo though disabled in the directory; the configuration asks to report it only", s.Username(), live.Status)
			return "", "", ""
		}
		if last != "" && last != dirsync.StatusDisabled { // drift: unknown until it is mended
			next.Asked[dirsync.FieldStatus] = last
		}
		if marked {
			return dirsync.Disable, dirsync.StatusDisabled, "disabled by duosync disable: " + s.Want.Mark.Reason
		}
		if last == dirsync.StatusDisabled && link.Missing == nil {
			return dirsync.Disable, dirsync.StatusDisabled, "disabled in the directory, enabled in Duo by hand"
		}
		return dirsync.Disable, dirsync.StatusDisabled, "disabled in the directory"
	}
	ourDisabling := live.Status == dirsync.StatusDisabled && last == dirsync.StatusDisabled && !link.ByHand && link.Answered.Status == dirsync.StatusDisabled
	switch {
	case ourDisabling:
		next.Asked[dirsync.FieldStatus] = last
		next.Missing, next.Marked = whileOut(s.Link), link.Marked // until it is done
		if link.Missing != nil {
			return dirsync.Enable, wanted, "back in the directory's scope"
		}
		return dirsync.Enable, wanted, "enabled in the directory"
	case wanted == dirsync.StatusBypass && live.Status == dirsync.StatusActive && last != dirsync.StatusBypass:
		keepLast(next, last)
		return dirsync.Update, wanted, "bypass in the directory"
	case wanted == dirsync.StatusActive && live.Status == dirsync.StatusBypass && last == dirsync.StatusBypass:
		keepLast(next, last)
		return dirsync.Update, wanted, "no longer bypass in the directory"
	}
	keep()
	next.ByHand = false
	if live.Status != wanted && live.Status != dirsync.StatusActive && live.Status != link.Answered.Status || link.ByHand {
		s.Warn("%s: is %s in Duo by other hands, and stays so", s.Username(), live.Status)
	}
	return "", "", ""
}

// WasByOthers reports whether a user who is found disabled was disabled by others, and so is
// not ours to enable. Of a marked one only that counts which was so before the mark.
func WasByOthers(l *dirsync.Link, marked bool) bool {
	asked, was := l.Asked[dirsync.FieldStatus] == dirsync.StatusDisabled, l.Answered.Status == dirsync.StatusDisabled
	if marked {
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

// SeenWith keeps of what was seen before the groups that are doubted now.
func SeenWith(s dirsync.Seen, before dirsync.Seen, doubted []string) dirsync.Seen {
	for _, group := range before.Groups {
		if slices.Contains(doubted, group) && !slices.Contains(s.Groups, group) {
			s.Groups = append(slices.Clone(s.Groups), group)
		}
	}
	slices.Sort(s.Groups)
	return s
}

// KeepStatus makes the status that can't be told the one that it was.
func (s *Subject) KeepStatus() {
	if s.Want.Unsure == nil || s.Link == nil {
		return
	}
	if last, known := s.Link.Asked[dirsync.FieldStatus]; known {
		s.Want.Fields[dirsync.FieldStatus] = last
	} else {
		delete(s.Want.Fields, dirsync.FieldStatus)
	}
}
