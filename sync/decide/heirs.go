package decide

import (
	"cmp"
	"strings"

	dirsync "duosync/sync"
	"duosync/sync/mapping"
)

// A person is one human under one id. After a reload of the directory, a migration, or
// with another id attribute, the same human comes under a new one: then the old id is
// missing, and exactly one entry in scope bears the same username and the same mail
// address (or, where neither side has one, the same full name). Anything else is
// another human.

// IsHeir reports whether an entry is the same human as a link's.
func IsHeir(l *dirsync.Link, want *mapping.Desired) bool {
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

// decideHeir is for a missing person who is there under a new id. The clock stands.
func (s *Subject) decideHeir() {
	if s.Heir.Want.Fields[dirsync.FieldStatus] != dirsync.StatusDisabled || s.Live == nil || s.Live.Synced || s.Live.Status == dirsync.StatusPendingDeletion {
		return
	}
	if s.Live.Status == dirsync.StatusDisabled { // done already
		marked := s.Heir.Want.Mark != nil
		s.Next.ByHand = WasByOthers(s.Link, marked || s.Link.Marked)
		s.Next.Marked = marked
		s.Next.Asked = merged(s.Link.Asked, dirsync.Fields{dirsync.FieldStatus: dirsync.StatusDisabled})
		s.Next.Answered.Status = dirsync.StatusDisabled
		return
	}
	s.Add(dirsync.Op{Action: dirsync.Disable, Reason: "disabled in the directory, under a new id", Missing: s.Link.Missing,
		Changes: []dirsync.Change{{Field: dirsync.FieldStatus, Before: s.Live.Status, After: dirsync.StatusDisabled}}, Asked: dirsync.Fields{dirsync.FieldStatus: dirsync.StatusDisabled}})
}
