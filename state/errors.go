package state

import (
	"errors"

	"duosync/state/backend"
)

// The errors that callers tell apart, by errors.Is; those of opening and of the lock
// are in state/backend.
var (
	// ErrLocked means that another process, or this one, has the state open for writing.
	ErrLocked = backend.ErrLocked
	// ErrReadOnly means that the state was opened for reading only.
	ErrReadOnly = errors.New("the state is open for reading only")
	// ErrBinding means that the state belongs to another Duo account or directory.
	ErrBinding = errors.New("the state belongs to another Duo account or directory")
	// ErrRunOver means that the run of this journal was finished, or a later one has begun.
	ErrRunOver = errors.New("the run is over")
	// ErrNotOpen means that an approval or intent was used, closed or never there.
	ErrNotOpen = errors.New("not open")
)
