package dirsync

import (
	"cmp"
	"slices"
	"strings"
)

// A person is one human under one id. After a reload of the directory, a migration, or
// with another id attribute, the same human comes under a new one: then the old id is
// missing, and exactly one entry in scope bears the same username and the same mail
// address (or, where neither side has one, the same full name). Anything else is
// another human.

// isHeir reports whether an entry is the same human as a link's.
func (l *Link) isHeir(want *desired) bool {
	if want.name() == "" || want.name() != FoldName(cmp.Or(l.Asked[FieldUsername], l.Answered.Username)) {
		return false
	}
	was, is := strings.TrimSpace(l.known(FieldEmail)), strings.TrimSpace(want.fields[FieldEmail])
	if was != "" || is != "" {
		return strings.EqualFold(was, is)
	}
	was, is = strings.TrimSpace(l.known(FieldRealname)), strings.TrimSpace(want.fields[FieldRealname])
	return was != "" && strings.EqualFold(was, is)
}

// known is what we last asked for in a field, or where it is not ours, what Duo holds.
func (l *Link) known(field string) string {
	if asked, ours := l.Asked[field]; ours {
		return asked
	}
	return l.Answered.Field(field)
}

// findHeirs finds who is missing under an old id and there under a new one. Nothing is
// done to them until somebody decides, but that who is locked is disabled. A user who
// is to be adopted goes the way of adoptions.
func (r *runner) findHeirs() {
	byName := map[string]*subject{}
	for _, s := range r.subjects {
		if s.want != nil && s.link == nil && s.want.problem == "" && !r.contested[s.id] {
			byName[s.want.name()] = s
		}
	}
	for _, s := range r.subjects {
		if s.want != nil || s.link == nil || s.link.LetGo != "" {
			continue
		}
		heir := byName[FoldName(cmp.Or(s.link.Asked[FieldUsername], s.link.Answered.Username))]
		if heir == nil || !s.link.isHeir(heir.want) || r.adopts(heir.want) || r.adoptsHeir(heir.want) {
			continue
		}
		s.heir, heir.ancestor = heir, s
	}
}

// adoptsHeir reports whether the user of a missing person goes to their new entry at
// once.
func (r *runner) adoptsHeir(want *desired) bool {
	switch r.engine.Rules.Existing {
	case ExistingAdopt:
		return true
	case ExistingAdoptIfEmailMatches:
		return want.fields[FieldEmail] != ""
	}
	return false
}

// inherits reports whether the person who claims a name is the missing one who had it,
// under a new id, and is given the user at once.
func (r *runner) inherits(former *subject, want *desired) bool {
	return former != nil && former.link != nil && former.link.isHeir(want) && r.adoptsHeir(want)
}

// decideHeir is for a missing person who is there under a new id. The clock stands.
func (s *subject) decideHeir() {
	if s.heir.want.fields[FieldStatus] != StatusDisabled || s.live == nil || s.live.Synced || s.live.Status == StatusPendingDeletion {
		return
	}
	if s.live.Status == StatusDisabled { // done already
		marked := s.heir.want.mark != nil
		s.next.ByHand = s.link.byOthers(marked || s.link.Marked)
		s.next.Marked = marked
		s.next.Asked = merged(s.link.Asked, Fields{FieldStatus: StatusDisabled})
		s.next.Answered.Status = StatusDisabled
		return
	}
	s.add(Op{Action: Disable, Reason: "disabled in the directory, under a new id", Missing: s.link.Missing,
		Changes: []Change{{Field: FieldStatus, Before: s.live.Status, After: StatusDisabled}}, Asked: Fields{FieldStatus: StatusDisabled}})
}

// idsChanged tells of people who are there under a new id, in every run until somebody
// decides.
func (r *runner) idsChanged() {
	var ids []SourceID
	var names []string
	for _, s := range r.subjects {
		if s.heir != nil {
			ids = append(ids, s.id, s.heir.id)
			names = append(names, s.username())
		}
	}
	if len(ids) == 0 {
		return
	}
	slices.Sort(names)
	remedy := "duosync rebuild --write" + r.run.Flags
	if len(names) == 1 {
		remedy = "duosync sync --adopt " + names[0] + r.run.Flags
	}
	r.add(Guard{Name: guardIDsChanged, hold: Hold{People: ids}, Affected: len(names), Total: r.snap.links, Held: true, Partial: true, Names: names[:min(len(names), mostNames)], Remedy: remedy})
}
