package values

import (
	"slices"
	"strings"

	"duosync/duo/once"
	dirsync "duosync/sync"
)

// Trouble is why something of a field was not done.
type Trouble struct {
	Fate dirsync.Fate
	Err  error
}

// Troubles are those of one field.
type Troubles []Trouble

// Fate is that of the field: what is unknown is to be found out, what has failed
// is to be tried again, and the rest is not.
func (t Troubles) Fate() dirsync.Fate {
	for _, fate := range []dirsync.Fate{dirsync.Unknown, dirsync.Failed, dirsync.Taken} {
		if slices.ContainsFunc(t, func(one Trouble) bool { return one.Fate == fate }) {
			return fate
		}
	}
	return dirsync.Refused
}

// Unanswered reports whether a call may have been carried out of which nobody knows.
func (t Troubles) Unanswered() bool {
	return slices.ContainsFunc(t, func(one Trouble) bool { return once.PerhapsDone(one.Err) })
}

// Err gives the reasons as one error.
func (t Troubles) Err() error {
	if len(t) == 1 {
		return t[0].Err
	}
	all := make(several, len(t))
	for i, one := range t {
		all[i] = one.Err
	}
	return all
}

// several are errors in one line.
type several []error

func (s several) Error() string {
	texts := make([]string, len(s))
	for i, err := range s {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

func (s several) Unwrap() []error { return s }
