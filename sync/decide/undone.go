package decide

import (
	"errors"
	"fmt"
	"slices"

	dirsync "duosync/sync"
)

// StoppedBefore is said of an operation that is not sent because the run ends.
const StoppedBefore = "not sent: the run stopped before"

// Withheld tells of an operation that was intended, and of which nothing was sent, why; "" of
// any other.
func Withheld(res dirsync.Result) string {
	var withdrawn dirsync.Withdrawn
	switch {
	case res.Fate != dirsync.Failed || len(res.Made)+len(res.Removed)+len(res.Kept) > 0:
		return ""
	case errors.As(res.Err, &withdrawn):
		return string(withdrawn)
	case errors.Is(res.Err, dirsync.ErrPaused):
		return StoppedBefore
	}
	return ""
}

// Unask leaves a list open of which an operation could not do its part: another of all of the
// same person does the rest, and would have it counted as done.
func Unask(res dirsync.Result, all []*dirsync.Op) {
	var open []string
	if res.Fate != dirsync.Done {
		for _, c := range res.Op.Changes {
			open = append(open, c.Field)
		}
	}
	for _, u := range res.Undone {
		open = append(open, u.Field)
	}
	open = slices.DeleteFunc(open, func(field string) bool { return !dirsync.IsList(field) })
	for _, o := range all {
		if o != res.Op { // which may be tried once more
			o.Unask(open...)
		}
	}
}

// OtherForms tells of values that Duo keeps in another form than it was sent them. That form
// is not fought.
func OtherForms(res dirsync.Result) []string {
	if res.Op.Action == dirsync.EnrollMail || res.Op.Action == dirsync.PhoneDelete {
		return nil
	}
	var told []string
	tell := func(format string, args ...any) { told = append(told, fmt.Sprintf(format, args...)) }
	for _, c := range res.Op.Changes {
		if dirsync.IsList(c.Field) || slices.ContainsFunc(res.Undone, func(u dirsync.Undone) bool { return u.Field == c.Field }) {
			continue
		}
		held := res.Account.Field(c.Field)
		if held == c.After || c.Field == dirsync.FieldUsername && dirsync.FoldName(held) == dirsync.FoldName(c.After) || res.Op.Action == dirsync.Trash {
			continue
		}
		tell("%s: Duo keeps %s as %s, it was sent %s", res.Op.Name(), c.Field, dirsync.Quote(held), dirsync.Quote(c.After))
	}
	made := res.Op.Action == dirsync.Create || res.Op.Action == dirsync.Recreate
	if held := res.Account.Status; made && held != dirsync.StatusActive && res.Op.Change(dirsync.FieldStatus) == nil {
		tell("%s: Duo made the user with the status %s, for which nobody asked; look at it in the Duo Admin Panel", res.Op.Name(), dirsync.Quote(held))
	}
	return told
}
