package dirsync

// Due gives the removal that a link has before it under these rules: which step,
// and when. ok is false where there is none: the person is there, the user is let
// go or protected, or the rules keep it. A step whose day has come is due in the
// next run, which looks again, in the directory and in Duo, before it takes it.
func (r *Rules) Due(l *Link) (w Waiting, ok bool) {
	if l.Missing == nil || l.LetGo != "" || r.Protect[FoldName(l.Answered.Username)] {
		return Waiting{}, false
	}
	step, due, ok := r.removal(l.Missing.Why).next(l.Missing, l.Origin)
	if !ok {
		return Waiting{}, false
	}
	return Waiting{Username: l.Answered.Username, Source: l.ID, Since: l.Missing.Since, Action: step, Due: due}, true
}
