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
	made   map[string]dirsync.SourceID        // users by id whom creates have made
}

var _ dirsync.Target = (*Target)(nil)

// OperationTime is how long after its intent an operation makes calls at most,
// unless NewTarget is given another bound: a call that begins in time ends within the
// client's Timeout. Whoever takes over from a process that vanished knows then that
// it calls no more.
const OperationTime = 5 * time.Minute

// NewTarget returns the account that c calls. bound is how long after its intent an
// operation makes calls at most: one that begins in time ends within the client's
// Timeout. 0 means OperationTime.
func NewTarget(c *api.Client, bound time.Duration) *Target {
	if bound <= 0 {
		bound = OperationTime
	}
	return &Target{client: c, bound: bound, writes: failures{what: "write"}, reads: failures{what: "read"}}
}

// Now is the time by Duo's clock, as far as replies show it: never later than
// it is there, and early by a second at most plus the time an answer takes.
func (t *Target) Now() time.Time { return t.client.Now() }

// Usage says what calls have been made so far.
func (t *Target) Usage() dirsync.Usage { return t.client.Usage() }
