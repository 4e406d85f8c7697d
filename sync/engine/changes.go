package engine

import (
	dirsync "duosync/sync"
	"slices"
	"strings"
)

// changes lists the fields, status apart, in which Duo differs from what the
// directory wants, and carries the others over into next.Asked.
func (r *Rules) changes(s *subject) []dirsync.Change {
	var changes []dirsync.Change
	for _, field := range dirsync.FieldNames {
		value, ours := s.want.Fields[field]
		if !ours || field == dirsync.FieldStatus {
			continue
		}
		last, known := s.link.Asked[field]
		held := s.live.Field(field)
		drifted := held != s.link.Answered.Field(field)
		unchanged := known && last == value
		switch {
		case s.contested || s.want.Problem != "":
			if known && !drifted { // frozen as it is; drift is mended afterwards
				s.next.Asked[field] = last
			}
		case sameValue(field, held, value), unchanged && !drifted: // or Duo's own form of it
			s.next.Asked[field] = value
		case unchanged && r.ReportDrift(field):
			s.next.Asked[field] = value
			s.warn("%s: %s was changed in Duo to %s; the configuration asks to report it only", s.username(), field, dirsync.Quote(held))
		default:
			changes = append(changes, dirsync.Change{Field: field, Before: held, After: value})
			if known && !unchanged { // drift: unknown until it is mended
				s.next.Asked[field] = last
			}
		}
	}
	if c := r.aliasChange(s); c != nil {
		changes = append(changes, *c)
	}
	return changes
}

// aliasChange is the change of the aliases, nil where there is none. Aliases that
// others gave the user stay, but for one that becomes the username.
func (r *Rules) aliasChange(s *subject) *dirsync.Change {
	want, ours := s.want.Fields[dirsync.FieldAliases]
	asked, known := s.link.Asked[dirsync.FieldAliases]
	s.next.Aliases = stillHeld(s.live, s.link.Aliases)
	if s.contested || s.want.Problem != "" {
		if ours && known {
			s.next.Asked[dirsync.FieldAliases] = asked
		}
		return nil
	}
	held := dirsync.Items(s.live.Field(dirsync.FieldAliases))
	wanted, given := dirsync.FoldedSet(dirsync.Items(want)), dirsync.FoldedSet(s.link.Aliases)
	becomes := ""
	if _, mapped := s.want.Fields[dirsync.FieldUsername]; mapped && s.want.Name() != dirsync.FoldName(s.live.Username) {
		becomes = s.want.Name()
	}
	var after, missing []string
	have := map[string]bool{}
	for _, alias := range held {
		if name := dirsync.FoldName(alias); name != becomes && (!ours || wanted[name] || !given[name]) {
			after = append(after, alias)
			have[name] = true
		}
	}
	for _, alias := range dirsync.Items(want) {
		if !have[dirsync.FoldName(alias)] {
			missing = append(missing, alias)
		}
	}
	kept := len(after)
	switch {
	case len(missing) == 0 && kept == len(held):
		if ours {
			s.next.Asked[dirsync.FieldAliases] = want
		}
		return nil
	case known && asked == want && kept == len(held) && r.ReportDrift(dirsync.FieldAliases):
		s.next.Asked[dirsync.FieldAliases] = want
		s.warn("%s: the aliases %s were taken away in Duo; the configuration asks to report it only", s.username(), strings.Join(missing, ", "))
		return nil
	case kept+len(missing) > dirsync.MaxAliases:
		s.tellProblem("Duo holds %d aliases a user at most, and others have given %d; not added: %s", dirsync.MaxAliases, kept, strings.Join(missing, ", "))
		missing = missing[:max(dirsync.MaxAliases-kept, 0)]
		if known {
			s.next.Asked[dirsync.FieldAliases] = asked
		}
		if len(missing) == 0 && kept == len(held) {
			return nil
		}
	}
	if known && asked != want {
		s.next.Asked[dirsync.FieldAliases] = asked
	}
	return &dirsync.Change{Field: dirsync.FieldAliases, Before: dirsync.ListOf(held), After: dirsync.ListOf(append(after, missing...))}
}

// stillHeld leaves of the aliases that we gave those that the user has.
func stillHeld(a *dirsync.Account, aliases []string) []string {
	held := dirsync.FoldedSet(a.Aliases)
	return slices.DeleteFunc(slices.Clone(aliases), func(name string) bool { return !held[name] })
}

func sameValue(field, a, b string) bool {
	if field == dirsync.FieldUsername {
		return dirsync.FoldName(a) == dirsync.FoldName(b)
	}
	return a == b
}

// decideStatus compares the wanted status with Duo's. It gives an action and the
// status after it, or nothing. A status that somebody set in Duo by hand is never
// raised.
func (r *Rules) decideStatus(s *subject) (action dirsync.Action, after, reason string) {
	link, live, next := s.link, s.live, s.next
	wanted, ours := s.want.Fields[dirsync.FieldStatus]
	last := link.Asked[dirsync.FieldStatus]
	marked := s.want.Mark != nil
	if s.lifted && live.Status == dirsync.StatusDisabled && !wasByOthers(link, true) { // by us, whatever the link says
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
			next.ByHand = wasByOthers(link, marked || link.Marked)
			return "", "", ""
		case last == dirsync.StatusDisabled && live.Status != link.Answered.Status && r.ReportDrift(dirsync.FieldStatus):
			keep()
			s.warn("%s: is %s in Duo though disabled in the directory; the configuration asks to report it only", s.username(), live.Status)
			return "", "", ""
		}
		if last != "" && last != dirsync.StatusDisabled { // drift: unknown until it is mended
			next.Asked[dirsync.FieldStatus] = last
		}
		if marked {
			return dirsync.Disable, dirsync.StatusDisabled, "disabled by duosync disable: " + s.want.Mark.Reason
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
		next.Missing, next.Marked = whileOut(s.link), link.Marked // until it is done
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
		s.warn("%s: is %s in Duo by other hands, and stays so", s.username(), live.Status)
	}
	return "", "", ""
}

// byOthers reports whether a user who is found disabled was disabled by others, and so is
// not ours to enable. Of a marked one only that counts which was so before the mark.
func wasByOthers(l *dirsync.Link, marked bool) bool {
	asked, was := l.Asked[dirsync.FieldStatus] == dirsync.StatusDisabled, l.Answered.Status == dirsync.StatusDisabled
	if marked {
		return l.ByHand || was && !asked
	}
	return l.ByHand || !was || !asked
}

// disabledForMark is the link as it would be had a run disabled the user.
func (s *subject) disabledForMark() *dirsync.Link {
	link := *s.link
	link.Marked, link.Answered.Status = true, dirsync.StatusDisabled
	return &link
}

// keepLast leaves the status as it was asked for last, until it is changed.
func keepLast(next *dirsync.Link, last string) {
	if last != "" {
		next.Asked[dirsync.FieldStatus] = last
	}
}
