package dirsync

// decideStatus compares the wanted status with Duo's. It gives an action and the
// status after it, or nothing. A status that somebody set in Duo by hand is never
// raised.
func (r *Rules) decideStatus(s *subject) (action Action, after, reason string) {
	link, live, next := s.link, s.live, s.next
	wanted, ours := s.want.fields[FieldStatus]
	last := link.Asked[FieldStatus]
	marked := s.want.mark != nil
	if s.lifted && live.Status == StatusDisabled && !link.byOthers(true) { // by us, whatever the link says
		last, link = StatusDisabled, s.disabledForMark()
	}
	next.Marked = marked
	if !ours {
		if last != StatusDisabled || link.Missing == nil && !link.Marked {
			return "", "", ""
		}
		wanted = StatusActive // only our own disabling is undone
	}
	keep := func() {
		if ours {
			next.Asked[FieldStatus] = wanted
		}
	}
	if live.Status == StatusPendingDeletion {
		return "", "", "" // the restore says the status
	}
	if wanted == StatusDisabled {
		switch {
		case live.Status == StatusDisabled:
			keep()
			next.ByHand = link.byOthers(marked || link.Marked)
			return "", "", ""
		case last == StatusDisabled && live.Status != link.Answered.Status && r.ReportDrift(FieldStatus):
			keep()
			s.warn("%s: is %s in Duo though disabled in the directory; the configuration asks to report it only", s.username(), live.Status)
			return "", "", ""
		}
		if last != "" && last != StatusDisabled { // drift: unknown until it is mended
			next.Asked[FieldStatus] = last
		}
		if marked {
			return Disable, StatusDisabled, "disabled by duosync disable: " + s.want.mark.Reason
		}
		if last == StatusDisabled && link.Missing == nil {
			return Disable, StatusDisabled, "disabled in the directory, enabled in Duo by hand"
		}
		return Disable, StatusDisabled, "disabled in the directory"
	}
	ourDisabling := live.Status == StatusDisabled && last == StatusDisabled && !link.ByHand && link.Answered.Status == StatusDisabled
	switch {
	case ourDisabling:
		next.Asked[FieldStatus] = last
		next.Missing, next.Marked = s.link.whileOut(), link.Marked // until it is done
		if link.Missing != nil {
			return Enable, wanted, "back in the directory's scope"
		}
		return Enable, wanted, "enabled in the directory"
	case wanted == StatusBypass && live.Status == StatusActive && last != StatusBypass:
		keepLast(next, last)
		return Update, wanted, "bypass in the directory"
	case wanted == StatusActive && live.Status == StatusBypass && last == StatusBypass:
		keepLast(next, last)
		return Update, wanted, "no longer bypass in the directory"
	}
	keep()
	next.ByHand = false
	if live.Status != wanted && live.Status != StatusActive && live.Status != link.Answered.Status || link.ByHand {
		s.warn("%s: is %s in Duo by other hands, and stays so", s.username(), live.Status)
	}
	return "", "", ""
}

// byOthers reports whether a user who is found disabled was disabled by others, and so is
// not ours to enable. Of a marked one only that counts which was so before the mark.
func (l *Link) byOthers(marked bool) bool {
	asked, was := l.Asked[FieldStatus] == StatusDisabled, l.Answered.Status == StatusDisabled
	if marked {
		return l.ByHand || was && !asked
	}
	return l.ByHand || !was || !asked
}

// disabledForMark is the link as it would be had a run disabled the user.
func (s *subject) disabledForMark() *Link {
	link := *s.link
	link.Marked, link.Answered.Status = true, StatusDisabled
	return &link
}

// keepLast leaves the status as it was asked for last, until it is changed.
func keepLast(next *Link, last string) {
	if last != "" {
		next.Asked[FieldStatus] = last
	}
}
