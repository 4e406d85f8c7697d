package backend

import (
	"errors"
	"fmt"
	"os"
	"time"

	dirsync "duosync/sync"
)

// The errors of opening and holding a state, by errors.Is.
var (
	// ErrLocked means that another process, or this one, has the state open for writing.
	ErrLocked = errors.New("the state is in use")
	// ErrLostLock means that another process has taken the state over meanwhile.
	ErrLostLock = errors.New("another process has taken the state over")
	// ErrNewer means that a newer duosync wrote the state; nothing was changed.
	ErrNewer = errors.New("the state was written by a newer duosync")
	// ErrOlder means that an older duosync wrote the state, and nobody has brought it up to
	// date yet.
	ErrOlder = errors.New("the state was written by an older duosync")
	// ErrMissing means that there is no state, and that none was to be made.
	ErrMissing = errors.New("there is no state")
	// ErrForeign means that the database holds something else.
	ErrForeign = errors.New("the database is not a state of duosync")
)

// Missing is the error of who finds no state, and is to make none.
func Missing() error {
	return dirsync.WithHint(ErrMissing, "name the configuration of the job with --config, or its state with --state; none was made")
}

// Locked is the error of who finds the lock taken.
func Locked(holder string) error {
	return dirsync.WithHint(fmt.Errorf("%w: %s", ErrLocked, holder),
		"wait until that run has ended; the lock goes with its process")
}

// Signature names this process, for who finds the lock taken.
func Signature(now time.Time) string {
	host, err := os.Hostname()
	if err != nil {
		host = "an unknown host"
	}
	return fmt.Sprintf("process %d on %s since %s", os.Getpid(), host, now.UTC().Format(time.RFC3339))
}

// JustStarted is the holder of a lock that is not signed yet.
const JustStarted = "by a process that has only just started"
