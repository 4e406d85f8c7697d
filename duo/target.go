// Package duo is the Target that the core writes to: apply.go carries the operations of a
// wave out as calls of Duo's Admin API, forecast.go counts them beforehand, and settle.go only
// looks what became of those whose reply was lost; a user's fields pass through by name.
// What each operation asks for, and what of it an account shows, tells the package operation.
//
// An operation is carried out so: a user's fields in one piece, then its phones and
// groups step by step, then a look at what is there.
//
//	apply.go, attempt.go                     a wave, an operation; a create without what Duo refuses
//	settle.go                                what became of one after a crash
//	forecast.go                              how many calls a plan takes
//	users.go, aliases.go, groups.go          what is done in one piece
//	apart.go                                 values one by one, where Duo will not have them together
//	lists.go, phones.go                      what is done step by step
//	enroll.go                                a mail
//	once.go, refused.go, results.go          making once, refusals in words, results
//	believe.go, fetch.go                     which answers are believed, and who is who
//	target.go, read.go                       the Target, and what it only reads
//
// Three rules hold throughout. A user is absent only when Duo itself answers 404 for that
// id, twice on two connections, and does not find it by name. An answer that is not about
// what was asked is no answer: what became of the call is looked up. Where the reply to a
// call that makes something was lost, what it made is looked for by name or number before
// the call is sent again; a mail is not sent again.
package duo

import (
	"time"

	"duosync/duo/api"
	dirsync "duosync/sync"
)

// Target is a Duo account as the core sees it. It makes one call at a time; its
// methods may be used by one goroutine.
type Target struct {
	client *api.Client
	bound  time.Duration // of an operation
	writes failures
	reads  failures
	known  knownGroups
	owner  func(user string) dirsync.SourceID // whose of ours a user is; nil: nobody is known
	// remembered is what is known of somebody's user; with owner.
	remembered func(dirsync.SourceID) dirsync.Remembered
	made       map[string]madeUser // by the ids that Duo answered to creates
}

var _ dirsync.Target = (*Target)(nil)

// NewTarget returns the account that c calls. bound is how long after its intent an
// operation begins calls at most; 0 means as long as a single call may take with all its
// tries, see [api.Client.Patience]. What an operation does not come to is brought about by
// the next run.
func NewTarget(c *api.Client, bound time.Duration) *Target {
	if bound <= 0 {
		bound = c.Patience()
	}
	return &Target{client: c, bound: bound, writes: failures{what: "write"}, reads: failures{what: "read"}}
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
