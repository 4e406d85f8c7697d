package decide

import dirsync "duosync/sync"

const trashedByOthers = "put into Duo's Trash by others, and left there; restore it in the Duo Admin Panel, or take the person out of scope"

// LetGoWords is what is told of a user when the run lets go of it, by why.
func LetGoWords(why string) string {
	switch why {
	case dirsync.LetGoSynced:
		return "Duo's own directory sync manages this user now; duosync leaves it alone"
	case dirsync.LetGoTrashed:
		return "somebody else put this user into Duo's Trash; restore it in the Duo Admin Panel to have it kept in step again"
	}
	return "somebody deleted this user in Duo; the configuration asks to report it only"
}

// Apart says in which way a user is not as the directory asks for since others have made
// it so; "" where that is not so, or not for us to say. What a link remembers is enough to
// tell. mark is that of the user, nil where there is none: one that stands disables it.
func Apart(l *dirsync.Link, mark *dirsync.Mark) string {
	status, held := l.Asked[dirsync.FieldStatus], l.Answered.Status
	switch {
	case l.LetGo == dirsync.LetGoSynced:
		return "managed by Duo's own directory sync, and left alone; take the person out of one of the two"
	case l.LetGo == dirsync.LetGoTrashed && l.Missing != nil: // gone from both
		return ""
	case l.LetGo == dirsync.LetGoTrashed:
		return trashedByOthers
	case l.LetGo == dirsync.LetGoDeleted:
		return "deleted in Duo by others; the configuration asks to report it only (sync.drift)"
	case l.Missing != nil && l.Missing.Step != "" && (held == dirsync.StatusActive || held == dirsync.StatusBypass):
		return l.Missing.Why + ", and " + held + " in Duo by others"
	case l.Missing != nil:
		return ""
	case held == dirsync.StatusPendingDeletion:
		return trashedByOthers
	case status == "":
		return ""
	case l.Withdrawn[dirsync.FieldStatus] != "" && (held == dirsync.StatusActive || held == dirsync.StatusBypass):
		return held + " in Duo by others, and to be disabled; the configuration asks to report it only (sync.drift)"
	case held == dirsync.StatusBypass && status != dirsync.StatusBypass:
		return "has the status bypass in Duo by others: no second factor is asked; set it to active in the Duo Admin Panel, or map it (sync.allow_bypass)"
	case held == dirsync.StatusDisabled && status != dirsync.StatusDisabled && mark != nil && mark.Stands() && !WasByOthers(l, mark):
		return ""
	case held == dirsync.StatusDisabled && status != dirsync.StatusDisabled:
		return "disabled in Duo by others; enable it in the Duo Admin Panel, or disable the person in the directory"
	case held == dirsync.StatusLockedOut && l.Answered.LockoutReason == dirsync.NotEnrolled:
		return "locked out by Duo, for the user has not enrolled; have the person enroll"
	case held == dirsync.StatusLockedOut && status != dirsync.StatusDisabled:
		return "locked out by Duo; unlock it in the Duo Admin Panel"
	}
	return ""
}
