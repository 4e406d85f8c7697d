package decide

import (
	"fmt"

	dirsync "duosync/sync"
)

// What can't be undone is looked at once more before it is sent; see the engine's lastLook.

const meanwhile = "changed since the run began: "

// WhereNow tells what is different now of a missing person; "" for nothing.
func (r *Rules) WhereNow(op *dirsync.Op, where *dirsync.Whereabouts) string {
	p := where.Person
	switch {
	case op.Missing.Why == dirsync.Gone && where.Present:
		return meanwhile + "the person is in the directory again"
	case op.Missing.Why == dirsync.OutOfScope && !where.Present:
		return meanwhile + "the person is not in the directory any more; the next run decides"
	case p != nil && r.Selected(p), p != nil && p.Unsure != nil && p.Unsure.Groups:
		return meanwhile + "the person may be in scope again"
	case where.Present && r.Exclude("", where.DN), p != nil && r.LeftAlone(p):
		return meanwhile + "the person is excluded now"
	}
	return ""
}

// UserNow tells what is different now of a user who is to go; "" for nothing.
func UserNow(op *dirsync.Op, a *dirsync.Account) string {
	switch {
	case a.Synced:
		return meanwhile + "Duo's own directory sync manages the user now"
	case a.Status != dirsync.StatusDisabled:
		return meanwhile + fmt.Sprintf("the user is %s in Duo", a.Status)
	case dirsync.FoldName(a.Username) != dirsync.FoldName(op.Username):
		return meanwhile + fmt.Sprintf("the user is called %s in Duo", dirsync.Quote(a.Username))
	}
	return ""
}
