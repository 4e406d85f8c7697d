package duo

import (
	"fmt"
	"sync"

	"duosync/duo/api"
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
	if api.Stops(r.Err) {
		return r.Err
	}
	for _, undone := range r.Undone {
		if api.Stops(undone.Err) {
			return undone.Err
		}
	}
	return nil
}

// maxFailures is how many writes, or reads, may fail in a row before the trouble
// is taken to be Duo's or the network's, and not one person's.
const maxFailures = 10

// failures counts those in a row of one kind of call.
type failures struct {
	what  string
	mu    sync.Mutex
	inRow int
	last  error
}

// count takes the outcome of a call.
func (f *failures) count(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !api.Outage(err) {
		f.inRow = 0
		return
	}
	f.inRow++
	f.last = err
}

// tooMany returns an error when it is not to be tried any more.
func (f *failures) tooMany() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.inRow < maxFailures {
		return nil
	}
	return fmt.Errorf("%d %ss to Duo failed in a row, the last one so: %w", f.inRow, f.what, f.last)
}
