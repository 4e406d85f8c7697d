package engine

import (
	"cmp"
	dirsync "duosync/sync"
	"duosync/sync/mapping"
	"strings"
)

// A person is one human under one id. After a reload of the directory, a migration, or
// with another id attribute, the same human comes under a new one: then the old id is
// missing, and exactly one entry in scope bears the same username and the same mail
// address (or, where neither side has one, the same full name). Anything else is
// another human.

// isHeir reports whether an entry is the same human as a link's.
func isHeir(l *dirsync.Link, want *mapping.Desired) bool {
	if want.Name() == "" || want.Name() != dirsync.FoldName(cmp.Or(l.Asked[dirsync.FieldUsername], l.Answered.Username)) {
		return false
	}
	was, is := strings.TrimSpace(lastKnown(l, dirsync.FieldEmail)), strings.TrimSpace(want.Fields[dirsync.FieldEmail])
	if was != "" || is != "" {
		return strings.EqualFold(was, is)
	}
	was, is = strings.TrimSpace(lastKnown(l, dirsync.FieldRealname)), strings.TrimSpace(want.Fields[dirsync.FieldRealname])
	return was != "" && strings.EqualFold(was, is)
}

// known is what we last asked for in a field, or where it is not ours, what Duo holds.
func lastKnown(l *dirsync.Link, field string) string {
	if asked, ours := l.Asked[field]; ours {
		return asked
	}
	return l.Answered.Field(field)
}

// findHeirs finds who is missing under an old id and there under a new one. Nothing is
// done to them until somebody decides, but that who is locked is disabled. A user who
// is to be adopted goes the way of adoptions.
func (d *deciding) findHeirs() {
	byName := map[string]*subject{}
	for _, s := range d.subjects {
		if s.want != nil && s.link == nil && s.want.Problem == "" && !d.found.contested[s.id] {
			byName[s.want.Name()] = s
		}
	}
	for _, s := range d.subjects {
		if s.want != nil || s.link == nil || s.link.LetGo != "" {
			continue
		}
		heir := byName[dirsync.FoldName(cmp.Or(s.link.Asked[dirsync.FieldUsername], s.link.Answered.Username))]
		if heir == nil || !isHeir(s.link, heir.want) || d.adopts(heir.want) || d.adoptsHeir(heir.want) {
			continue
		}
		s.heir, heir.ancestor = heir, s
	}
}

// adoptsHeir reports whether the user of a missing person goes to their new entry at
// once.
func (r *run) adoptsHeir(want *mapping.Desired) bool {
	switch r.Rules.Existing {
	case ExistingAdopt:
		return true
	case ExistingAdoptIfEmailMatches:
		return want.Fields[dirsync.FieldEmail] != ""
	}
	return false
}

// inherits reports whether the person who claims a name is the missing one who had it,
// under a new id, and is given the user at once.
func (r *run) inherits(former *subject, want *mapping.Desired) bool {
	return former != nil && former.link != nil && isHeir(former.link, want) && r.adoptsHeir(want)
}

// decideHeir is for a missing person who is there under a new id. The clock stands.
func (s *subject) decideHeir() {
	if s.heir.want.Fields[dirsync.FieldStatus] != dirsync.StatusDisabled || s.live == nil || s.live.Synced || s.live.Status == dirsync.StatusPendingDeletion {
		return
	}
	if s.live.Status == dirsync.StatusDisabled { // done already
		marked := s.heir.want.Mark != nil
		s.next.ByHand = wasByOthers(s.link, marked || s.link.Marked)
		s.next.Marked = marked
		s.next.Asked = merged(s.link.Asked, dirsync.Fields{dirsync.FieldStatus: dirsync.StatusDisabled})
		s.next.Answered.Status = dirsync.StatusDisabled
		return
	}
	s.add(dirsync.Op{Action: dirsync.Disable, Reason: "disabled in the directory, under a new id", Missing: s.link.Missing,
		Changes: []dirsync.Change{{Field: dirsync.FieldStatus, Before: s.live.Status, After: dirsync.StatusDisabled}}, Asked: dirsync.Fields{dirsync.FieldStatus: dirsync.StatusDisabled}})
}
