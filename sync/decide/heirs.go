package decide

import (
	"cmp"
	"fmt"
	"strings"

	dirsync "duosync/sync"
	"duosync/sync/mapping"
	"duosync/sync/printed"
)

// A person is one human under one id. After a reload of the directory, a migration, or
// with another id attribute, the same human comes under a new one: then the old id is
// missing, and exactly one entry in scope bears the same username and the same mail
// address (or, where neither side has one, the same full name). Anything else is
// another human.

// A pair of the two stands until somebody decides, and the user has gone over to the new
// entry, or until the user is gone from Duo: then nothing is left that could be taken from
// the wrong one.

// NameOf is the folded username that the directory had for a link's person, as far as is
// known.
func NameOf(l *dirsync.Link) string {
	return dirsync.FoldName(cmp.Or(l.Asked[dirsync.FieldUsername], l.Answered.Username))
}

// IsHeir reports whether an entry is the same human as a link's.
func IsHeir(l *dirsync.Link, want *mapping.Desired) bool {
	if want.Name() == "" || want.Name() != NameOf(l) {
		return false
	}
	was, is := strings.TrimSpace(lastKnown(l, dirsync.FieldEmail)), strings.TrimSpace(want.Fields[dirsync.FieldEmail])
	if was != "" || is != "" {
		return strings.EqualFold(was, is)
	}
	was, is = strings.TrimSpace(lastKnown(l, dirsync.FieldRealname)), strings.TrimSpace(want.Fields[dirsync.FieldRealname])
	return was != "" && strings.EqualFold(was, is)
}

// lastKnown is what we last asked for in a field, or where it is not ours, what Duo holds.
func lastKnown(l *dirsync.Link, field string) string {
	if asked, ours := l.Asked[field]; ours {
		return asked
	}
	return l.Answered.Field(field)
}

// TrashedByOthers reports whether a link's user is known to lie in Duo's Trash, and was not
// put there by us.
func TrashedByOthers(l *dirsync.Link) bool {
	return l.Answered.Status == dirsync.StatusPendingDeletion && !trashedByUs(l)
}

// HandOver is the user that goes over from a missing person to their new entry, of whom
// holder has the name now; where it can't, why tells what is in the way.
func (s *Subject) HandOver(holder *dirsync.Account) (user *dirsync.Account, why string) {
	user, name := s.Live, s.Heir.Want.Name()
	switch {
	case user == nil:
		return nil, "it is not certain whether the Duo user is still there"
	case user.Status == dirsync.StatusPendingDeletion && !trashedByUs(s.Link):
		return nil, InTrash
	case holder != nil && holder.ID != user.ID:
		return nil, fmt.Sprintf("the Duo user is called %s now, and the name is another user's (%s): give the name back in the Duo Admin Panel before", dirsync.Quote(user.Username), holder.ID)
	case holder != nil && dirsync.FoldName(holder.Username) != name:
		return nil, fmt.Sprintf("the Duo user is called %s now, and has the name as an alias: give the username back in the Duo Admin Panel before", dirsync.Quote(user.Username))
	}
	return user, ""
}

// InTrash tells of a user who can't be adopted what has to be done before. Duo's own
// deadline is 7 days, unless its settings say otherwise.
const InTrash = "the Duo user lies in Duo's Trash: restore it in the Duo Admin Panel before, or leave it there until Duo has deleted it for good, " +
	"after 7 days as a rule; the refresh after that creates a new user"

// Hindrance tells why the user of a missing person can't go over to the new entry now, as
// far as is known; "" where nothing is in the way.
func (s *Subject) Hindrance() string {
	link := s.Link
	if s.Next != nil {
		link = s.Next
	}
	switch {
	case s.Hindered != "":
		return s.Hindered
	case TrashedByOthers(link):
		return InTrash
	case s.Heir.Contested:
		return "others in the directory claim one of the names, too: settle that conflict before"
	case s.Heir.Want.Unsure != nil:
		return s.Heir.Want.Unsure.Problem()
	}
	return ""
}

// WasIn reports whether a missing person who is there under a new id is known to have been let
// in at the last complete run, and nothing that is known now speaks against it.
func (s *Subject) WasIn() bool { return s.Link.Active() && s.Link.Seen.In && !s.Out }

// ToDisable reports whether a missing person who is there under a new id is locked.
func (s *Subject) ToDisable() bool {
	return s.Locked || s.Heir.Want.Fields[dirsync.FieldStatus] == dirsync.StatusDisabled
}

// AdoptCommand is the command by which the user of a missing person goes over to the new
// entry. flags end it.
func (s *Subject) AdoptCommand(flags string) string {
	words := []string{"sync"}
	if s.Hindrance() == InTrash { // once it is restored, which only a refresh sees
		words = append(words, "--refresh")
	}
	return printed.Command(flags, append(words, "--adopt", s.Heir.Want.Name())...)
}

// decideHeir is for a missing person who is there under a new id. The clock stands, and
// what others have made of the user meanwhile is noted.
func (s *Subject) decideHeir() {
	live := s.Live
	if live == nil {
		return
	}
	s.noteStatus()
	if !s.ToDisable() || live.Status == dirsync.StatusPendingDeletion {
		return
	}
	if live.Status == dirsync.StatusDisabled { // done already
		mark := s.Heir.Want.Mark
		s.Next.ByHand, s.Next.Marked = WasByOthers(s.Link, mark), mark != nil
		s.Next.Asked = merged(s.Link.Asked, dirsync.Fields{dirsync.FieldStatus: dirsync.StatusDisabled})
		return
	}
	reason := "disabled in the directory, under a new id"
	if s.Locked {
		reason = "disabled in the directory"
	}
	s.Add(dirsync.Op{Action: dirsync.Disable, Reason: reason, Missing: s.Link.Missing,
		Changes: []dirsync.Change{{Field: dirsync.FieldStatus, Before: live.Status, After: dirsync.StatusDisabled}}, Asked: dirsync.Fields{dirsync.FieldStatus: dirsync.StatusDisabled}})
}

// noteStatus takes over the status that Duo has, and hardly anything else: by the other fields it
// is known that the new entry is the same human, and they are mended once it is decided.
func (s *Subject) noteStatus() {
	live, was := s.Live, &s.Link.Answered
	s.Next.Answered.Status, s.Next.Answered.LockoutReason = live.Status, live.LockoutReason
	if live.Status == dirsync.StatusDisabled && was.Status != live.Status && s.Link.Asked[dirsync.FieldStatus] == live.Status {
		s.Next.ByHand = true // enabled by others after us, and disabled by them again
	}
	s.Next.Answered.Synced = live.Synced
	switch {
	case live.Status != dirsync.StatusPendingDeletion:
		s.Next.LetGo = ""
	case s.Next.LetGo == dirsync.LetGoSynced: // that is over, and it lies in the Trash
		s.Next.LetGo = dirsync.LetGoTrashed
	}
}
