package duo

import (
	"cmp"

	"duosync/duo/api"
	"duosync/duo/gate"
	dirsync "duosync/sync"
)

func outcome(op *dirsync.Op, fate dirsync.Fate, err error) dirsync.Result {
	return dirsync.Result{Op: op, Fate: fate, Err: err}
}

func done(op *dirsync.Op, a *dirsync.Account) dirsync.Result {
	return dirsync.Result{Op: op, Fate: dirsync.Done, Account: a}
}

// with adds the account, where one is known, and what is not as it should be.
func with(r dirsync.Result, a *dirsync.Account, undone ...dirsync.Undone) dirsync.Result {
	r.Account = a
	r.Undone = append(r.Undone, undone...)
	return r
}

// told gives a result whose errors hold no secret: what Duo answered stands in some, also
// where it was no error of Duo's.
func (t *Target) told(r dirsync.Result) dirsync.Result {
	r.Err = t.client.Hide(r.Err)
	for i := range r.Undone {
		r.Undone[i].Err = t.client.Hide(r.Undone[i].Err)
	}
	return r
}

// stopper is the error of a result that every further call would meet as well.
func stopper(r dirsync.Result) error {
	errs := []error{r.Err}
	for _, undone := range r.Undone {
		errs = append(errs, undone.Err)
	}
	for _, err := range errs {
		if api.Stops(err) {
			return cmp.Or(gate.Closed(err), err)
		}
	}
	return nil
}
