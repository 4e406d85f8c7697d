package decide_test

import (
	"errors"
	"testing"

	dirsync "duosync/sync"
	"duosync/sync/decide"
)

// TestWhatWasFoundIsToldAsItIs: of an operation of which a part is missing nobody is told
// that it was done.
func TestWhatWasFoundIsToldAsItIs(t *testing.T) {
	op := func(action dirsync.Action, fields ...string) *dirsync.Op {
		o := &dirsync.Op{Action: action}
		for _, field := range fields {
			o.Changes = append(o.Changes, dirsync.Change{Field: field})
		}
		return o
	}
	lacks := func(fields ...string) (undone []dirsync.Undone) {
		for _, field := range fields {
			undone = append(undone, dirsync.Undone{Field: field, Fate: dirsync.Failed, Err: errors.New("no " + field)})
		}
		return undone
	}
	for name, test := range map[string]struct {
		res  dirsync.Result
		want string
	}{
		"all":             {dirsync.Result{Op: op(dirsync.Update, "email"), Fate: dirsync.Done}, "it was done"},
		"nothing":         {dirsync.Result{Op: op(dirsync.Update, "email"), Fate: dirsync.Failed}, "it was not done"},
		"a part":          {dirsync.Result{Op: op(dirsync.Update, "email", "phones"), Fate: dirsync.Done, Undone: lacks("phones")}, "it was done, but for phones: no phones"},
		"phones, and not": {dirsync.Result{Op: op(dirsync.Update, "phones"), Fate: dirsync.Done, Undone: lacks("phones")}, "it was not, or not wholly, done: phones: no phones"},
		"lists, and not":  {dirsync.Result{Op: op(dirsync.Update, "phones", "groups"), Fate: dirsync.Done, Undone: lacks("phones", "groups")}, "it was not, or not wholly, done: phones: no phones; groups: no groups"},
		"a name of others": {
			dirsync.Result{Op: op(dirsync.Create, "username"), Fate: dirsync.Taken}, "it was not done: another Duo user holds the name",
		},
		"no answer": {dirsync.Result{Op: op(dirsync.Update, "email"), Fate: dirsync.Unknown}, "it can't be found out yet"},
		"a mail":    {dirsync.Result{Op: op(dirsync.EnrollMail, "email"), Fate: dirsync.Done}, "whether the mail was sent can't be found out, and it is not sent again"},
	} {
		if got := decide.FoundWords(&test.res); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
