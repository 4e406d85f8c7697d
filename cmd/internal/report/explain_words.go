package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	dirsync "duosync/sync"
)

// verdict is the answer in a few words.
func (e *Explanation) verdict() string {
	n := &e.Next
	if e.keptDisabled() {
		return "kept disabled by duosync disable"
	}
	switch n.Action {
	case NextNone:
		if e.Duo.ByOthers {
			return "nothing to do; " + e.Duo.User.Status + " in Duo, not by duosync"
		}
		return "nothing to do"
	case NextWait:
		w := n.Waiting[0]
		return fmt.Sprintf("%s, on %s", actionWords(w.Action), minute(w.Due)[:len("2006-01-02")])
	case NextConflict:
		return "CONFLICT, a human has to settle it"
	case NextSkip:
		return "left alone, by rule"
	case NextFail:
		if len(n.Operations) > 0 {
			return "can't be carried over"
		}
		return "the next run FAILS"
	case NextUnknown:
		return "not all could be found out"
	}
	text := actionWords(n.Action)
	if len(n.Operations) > 1 {
		text += fmt.Sprintf(", and %s more", plural(len(n.Operations)-1, "operation"))
	}
	switch {
	case slices.ContainsFunc(e.Holds, func(h Hold) bool { return h.Kind == HoldPaused }):
		return text + ", once writing is resumed"
	case n.Result == dirsync.ResultHeld:
		return text + ", but that is HELD"
	}
	return text + ", in the next run"
}

// keptDisabled reports whether there is a mark.
func (e *Explanation) keptDisabled() bool {
	return slices.ContainsFunc(e.Holds, func(h Hold) bool { return h.Kind == HoldDisabled })
}

func (e *Explanation) tone() tone {
	if e.keptDisabled() {
		return bad
	}
	switch e.Next.Action {
	case NextNone, NextSkip:
		if e.Duo.ByOthers {
			return change
		}
		return good
	case NextConflict:
		return conflicting
	case NextFail, NextUnknown:
		return bad
	case NextWait:
		return change
	}
	if e.Next.Result == dirsync.ResultHeld || (&Operation{Action: e.Next.Action}).removes() {
		return bad
	}
	return change
}

// actionWords says an action to somebody who does not know the words of the
// report.
func actionWords(action dirsync.Action) string {
	switch action {
	case dirsync.Create:
		return "to be created in Duo"
	case dirsync.Recreate:
		return "to be created in Duo anew"
	case dirsync.Update:
		return "to be updated in Duo"
	case dirsync.Disable:
		return "to be disabled in Duo"
	case dirsync.Enable:
		return "to be enabled in Duo"
	case dirsync.Restore:
		return "to be taken out of Duo's Trash"
	case dirsync.Trash:
		return "to be put into Duo's Trash"
	case dirsync.Delete:
		return "to be deleted from Duo for good"
	case dirsync.Adopt:
		return "to be adopted: the Duo user becomes ours"
	case dirsync.Release:
		return "to be released: the Duo user is ours no more"
	case dirsync.PhoneDelete:
		return "phones to be deleted from Duo"
	case dirsync.EnrollMail:
		return "to get Duo's enrollment mail"
	}
	return string(action)
}

// nextWords say what the next run does, and why. What stands further down is not
// repeated.
func (e *Explanation) nextWords() string {
	switch n := &e.Next; {
	case n.Action == NextConflict:
		return "nothing, until a human has settled the conflict below"
	case n.Action == NextFail || len(n.Operations) != 1:
		return n.Reason
	default:
		return actionWords(n.Action) + ": " + n.Reason
	}
}

func (e *Explanation) entryWords() string {
	if e.Entry == nil {
		return "nowhere: no entry has this name, mail or id"
	}
	switch e.Entry.Found {
	case FoundInBase:
		return "found, " + string(e.Entry.Standing)
	case FoundElsewhere:
		return "outside ldap.users (base, scope or filter): " + e.Entry.DN
	case FoundUnknown:
		return "not known: it could not be read whole"
	}
	return "nowhere: the id " + string(e.Entry.SourceID) + " is gone"
}

func (e *Explanation) duoWords() string {
	switch e.Duo.Standing {
	case DuoNone:
		text := "no such user"
		if len(e.Duo.Holders) > 0 {
			text = "no user of ours; " + e.Duo.Holders[0].words()
		}
		return text
	case DuoNotOurs:
		return statusWord(e.Duo.User) + "; not ours, never touched"
	case DuoUnknown:
		return "not known: Duo was not asked"
	}
	text := statusWord(e.Duo.User)
	if !e.Duo.User.Enrolled {
		return text + ", not enrolled"
	}
	return text + ", enrolled"
}

func statusWord(u *DuoUser) string {
	if u.Status == dirsync.StatusPendingDeletion {
		return "in Duo's Trash"
	}
	return u.Status
}

func (h *Holder) words() string {
	u := h.User
	return fmt.Sprintf("the name %s is held by the Duo user %s (%s, %s): %s", h.Name, u.Username, u.ID, statusWord(u), h.Reason)
}

func (e *Explanation) snapshotBlock() block {
	b := block{title: "what duosync remembers"}
	s := e.Snapshot
	if s == nil {
		return b
	}
	came := map[dirsync.Origin]string{dirsync.Created: "created by duosync", dirsync.Adopted: "existed in Duo before, and was adopted"}[s.Origin]
	if s.Since != "" {
		came += ", on " + minute(s.Since) + " UTC"
	}
	b.say(item, plain, fmt.Sprintf("Duo user %s: %s", s.User, came))
	if m := s.Missing; m != nil {
		text := fmt.Sprintf("missing from the directory's scope (%s) since %s UTC", m.Why, minute(m.Since))
		if m.Step != "" {
			text += fmt.Sprintf("; %s on %s UTC", pastWords(m.Step), minute(m.At))
		}
		b.say(item, bad, text)
	}
	if text := letGoWords(s.LetGo); text != "" {
		b.say(item, bad, text)
	}
	if s.DisabledByHand {
		b.say(item, change, "somebody else disabled the user in Duo, so it is not duosync's to enable")
	}
	if len(s.Phones) > 0 {
		b.say(item, plain, "phones that duosync made: "+listWords(s.Phones))
	}
	if len(s.Groups) > 0 {
		b.say(item, plain, "groups that duosync put the user into: "+listWords(s.Groups))
	}
	if len(s.Unfinished) > 0 {
		b.say(item, change, "still to be done: "+strings.Join(s.Unfinished, ", "))
	}
	switch s.Mail {
	case dirsync.MailDue:
		b.say(item, plain, "the enrollment mail is due")
	case dirsync.MailSent:
		b.say(item, plain, "the enrollment mail was sent")
	}
	if len(e.Fields) == 0 && len(s.Asked) > 0 {
		var parts []string
		for _, field := range slices.Concat(dirsync.FieldNames, dirsync.ListFields) {
			if asked, ours := s.Asked[field]; ours && len(asked.Items) > 0 {
				parts = append(parts, field+" "+asked.words())
			}
		}
		b.say(item, plain, "last asked of Duo: "+strings.Join(parts, ", "))
	}
	if e.Duo.Standing != DuoOurs {
		b.say(item, plain, fmt.Sprintf("last known of Duo: %s, status %s", s.Answered.Username, s.Answered.Status))
	}
	if s.Refreshed != "" {
		text := "all of Duo was last read on " + minute(s.Refreshed) + " UTC"
		if s.RefreshDue != "" {
			text += "; the first run after " + minute(s.RefreshDue) + " UTC reads it again, and looks at what was changed there"
		}
		b.say(item, plain, text)
	}
	return b
}

func pastWords(step dirsync.Action) string {
	switch step {
	case dirsync.Disable:
		return "disabled"
	case dirsync.Trash:
		return "put into Duo's Trash"
	case dirsync.Delete:
		return "deleted"
	}
	return string(step)
}

func letGoWords(why string) string {
	switch why {
	case dirsync.LetGoSynced:
		return "let go: Duo's own directory sync manages this user"
	case dirsync.LetGoTrashed:
		return "let go: somebody else put the user into Duo's Trash"
	case dirsync.LetGoDeleted:
		return "let go: somebody else deleted the user in Duo"
	}
	return why
}

func (e *Explanation) duoBlock() block {
	b := block{title: "Duo"}
	if u := e.Duo.User; u != nil {
		tone := plain
		if u.Status != dirsync.StatusActive {
			tone = change
		}
		b.say(item, tone, fmt.Sprintf("%s, status %s: %s", u.ID, u.Status, statusWords(u.Status)))
		if e.Duo.ByOthers && u.Status != dirsync.StatusLockedOut {
			b.say(item, change, "not duosync's doing, nor undone by it: an administrator changes it in the Duo Admin Panel")
		}
		for _, g := range u.Groups {
			if g.overrides() {
				b.say(item, bad, fmt.Sprintf("the group %s has the status %s, which counts before the user's own: %s", g.Name, g.Status, statusWords(g.Status)))
			}
		}
		text := "has no device yet"
		if u.Enrolled {
			text = "enrolled: has a device"
		}
		if u.Created != "" {
			text += "; created on " + minute(u.Created) + " UTC"
		}
		b.say(item, plain, text)
		if len(u.Aliases) > 0 {
			b.say(item, plain, "aliases: "+listWords(u.Aliases))
		}
		if u.Directory {
			b.say(item, change, "managed by Duo's own directory sync")
		}
	}
	for _, c := range e.Duo.Changed {
		b.say(item, change, fmt.Sprintf("%s was changed in Duo by other hands: %s → %s", c.Field, c.Left.words(), c.Duo.words()))
	}
	for i := range e.Duo.Holders {
		b.say(item, conflicting, e.Duo.Holders[i].words())
	}
	return b
}

// statusWords tells what a status means to whoever logs in.
func statusWords(status string) string {
	switch status {
	case dirsync.StatusActive:
		return "Duo asks for a second factor"
	case dirsync.StatusBypass:
		return "Duo lets in without a second factor"
	case dirsync.StatusDisabled:
		return "Duo lets nobody in"
	case dirsync.StatusLockedOut:
		return "by Duo itself, after too many failed logins as a rule; an administrator can set it to active in the Duo Admin Panel"
	case dirsync.StatusPendingDeletion:
		return "in Duo's Trash, to be deleted for good"
	}
	return "not known to duosync, and left as it is"
}

// overrides reports whether the group's status counts before that of its members.
func (g *DuoGroup) overrides() bool { return g.Status != "" && g.Status != dirsync.StatusActive }

func (g *DuoGroup) words() string {
	text := "group, joined by others"
	if g.Ours {
		text = "group, joined by duosync"
	}
	if g.overrides() {
		text += "; status " + g.Status
	}
	return text
}

func (p *DuoPhone) words() string {
	text := cmp.Or(p.Type, "phone")
	if p.Platform != "" && p.Platform != "unknown" {
		text += ", " + p.Platform
	}
	if p.Activated {
		text += ", activated for Duo Mobile"
	}
	switch {
	case p.Kept:
		return text + "; made by duosync, no longer in the directory, and kept, for it is activated"
	case p.Ours:
		return text + "; made by duosync"
	}
	return text + "; not made by duosync"
}
