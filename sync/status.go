package dirsync

func statusAfter(a Action) string {
	if a == Disable {
		return StatusDisabled
	}
	return StatusActive
}

// decideStatus compares the wanted status with Duo's. It gives Disable, Enable
// or nothing. A status that somebody set in Duo by hand is never raised.
func (r *Rules) decideStatus(s *subject) (Action, string) {
	link, live, next := s.link, s.live, s.next
	wanted, ours := s.want.fields[FieldStatus]
	last := link.Asked[FieldStatus]
	if !ours {
		if last != StatusDisabled || link.Missing == nil {
			return "", ""
		}
		wanted = StatusActive // only our own disabling is undone
	}
	keep := func() {
		if ours {
			next.Asked[FieldStatus] = wanted
		}
	}
	if live.Status == StatusPendingDeletion {
		return "", "" // the restore says the status
	}
	if wanted == StatusDisabled {
		switch {
		case live.Status == StatusDisabled:
			keep()
			next.ByHand = link.ByHand || last != StatusDisabled || link.Answered.Status != StatusDisabled
			return "", ""
		case last == StatusDisabled && live.Status != link.Answered.Status && r.ReportDrift(FieldStatus):
			keep()
			s.warn("%s: is %s in Duo though disabled in the directory; the configuration asks to report it only", s.username(), live.Status)
			return "", ""
		}
		if last != "" && last != StatusDisabled { // drift: unknown until it is mended
			next.Asked[FieldStatus] = last
		}
		if last == StatusDisabled && link.Missing == nil {
			return Disable, "disabled in the directory, enabled in Duo by hand"
		}
		return Disable, "disabled in the directory"
	}
	if live.Status == StatusDisabled && last == StatusDisabled && !link.ByHand && link.Answered.Status == StatusDisabled {
		next.Asked[FieldStatus] = last
		if link.Missing != nil {
			return Enable, "back in the directory's scope"
		}
		return Enable, "enabled in the directory"
	}
	keep()
	next.ByHand = false
	if live.Status != StatusActive && live.Status != link.Answered.Status || link.ByHand {
		s.warn("%s: is %s in Duo by other hands, and stays so", s.username(), live.Status)
	}
	return "", ""
}
