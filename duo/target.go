// Package duo is the Target that the core writes to: apply.go carries the operations of a
// wave out as calls of Duo's Admin API, forecast.go counts them beforehand, and settle.go only
// looks what became of those whose reply was lost; a user's fields pass through by name.
// What each operation asks for, and what of it an account shows, tells the package operation;
// how many share a call and what its answer tells of each, the package bulk; which go
// together, the core's package batch.
//
// An operation is carried out so: a user's fields in one piece, then its phones and
// groups step by step, then a look at what is there.
//
//	apply.go, attempt.go                     a wave, an operation; a create without what Duo refuses
//	together.go, together_*.go               operations that share calls
//	settle.go                                what became of one after a crash
//	forecast.go                              how many calls a plan takes
//	users.go, groups.go                      what is done in one piece
//	apart.go                                 values one by one, where Duo will not have them together
//	lists.go, phones.go                      what is done step by step
//	enroll.go                                a mail
//	results.go, words.go                     results, and what is said of them
//	believe.go, fetch.go                     which answers are believed, and who is who
//	target.go                                the Target; what it only reads is the package lookup
//
// Three rules hold throughout. A user is absent only when Duo itself answers 404 for that
// id, twice on two connections, and does not find it by name. An answer that is not about
// what was asked is no answer: what became of the call is looked up. Where the reply to a
// call that makes something was lost, what it made is looked for by name or number before
// the call is sent again; a mail is not sent again.
package duo

import (
	"sync"
	"time"

	"duosync/duo/api"
	"duosync/duo/bulk"
	"duosync/duo/lookup"
	"duosync/duo/outage"
	dirsync "duosync/sync"
)

// Target is a Duo account as the core sees it. Its methods may be used by one goroutine;
// while one of them is under way, the functions that it was given may use others.
type Target struct {
	lookup.Reader

	client   *api.Client
	bound    time.Duration // of an operation
	inFlight int           // calls at once
	writes   *outage.Streak
	reads    *outage.Streak
	known    *knownGroups
	made     *madeUsers
	clock    *sync.Mutex                        // held while Duo's clock is asked for
	owner    func(user string) dirsync.SourceID // whose of ours a user is; nil: nobody is known
	// remembered is what is known of somebody's user; with owner.
	remembered       func(dirsync.SourceID) dirsync.Remembered
	creates, changes *bulk.Endpoint
}

// Options say how a Target calls Duo.
type Options struct {
	// Bound is how long after its intent an operation begins calls at most; 0 means as
	// long as a single call may take with all its tries, see [api.Client.Patience]. What an
	// operation does not come to is brought about by the next run.
	Bound time.Duration
	// Bulk lets operations share calls.
	Bulk bool
	// InFlight is how many calls are under way at once, as far as the rate allows; below
	// 2: one.
	InFlight int
}

var _ dirsync.Target = (*Target)(nil)

// NewTarget returns the account that c calls.
func NewTarget(c *api.Client, o Options) *Target {
	if o.Bound <= 0 {
		o.Bound = c.Patience()
	}
	t := &Target{
		Reader: lookup.New(c), client: c, bound: o.Bound, inFlight: o.InFlight,
		writes: &outage.Streak{What: "write"}, reads: &outage.Streak{What: "read"},
		known: &knownGroups{made: map[string]string{}}, made: &madeUsers{byID: map[string]madeUser{}}, clock: &sync.Mutex{},
	}
	t.creates, t.changes = bulk.NewEndpoints(o.Bulk, c.Now)
	return t
}

// Recall implements dirsync.Target.
func (t *Target) Recall(known []dirsync.BulkRefusal) {
	t.creates.Recall(known)
	t.changes.Recall(known)
}

// BulkRefusals implements dirsync.Target.
func (t *Target) BulkRefusals() []dirsync.BulkRefusal {
	var all []dirsync.BulkRefusal
	for _, e := range []*bulk.Endpoint{t.creates, t.changes} {
		if r := e.Refusal(); r != nil {
			all = append(all, *r)
		}
	}
	return all
}

// OperationTime is how long after its intent an operation may be under way: no call
// begins later than the bound, and each ends within the client's Timeout. Whoever takes
// over from a process that vanished knows after that time that it calls no more.
func (t *Target) OperationTime() time.Duration { return t.bound + t.client.Timeout() }

// Now is the time by Duo's clock, as far as replies show it: never later than
// it is there, and early by a second at most plus the time an answer takes.
func (t *Target) Now() time.Time { return t.client.Now() }

// Usage says what calls have been made so far.
func (t *Target) Usage() dirsync.Usage { return t.client.Usage() }
