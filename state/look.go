package state

import (
	"context"
	"time"

	"duosync/state/backend"
)

// Condition is what can be told of a state without opening it.
type Condition = backend.Condition

// lookTime is how long a look at a state that is not opened may take.
const lookTime = 15 * time.Second

// Examine looks at the state that dsn names and changes nothing. It fails where
// Open would for want of a right: a folder or file that can't be written by this
// user, or lies on a network; a server that can't be reached, a table that can't
// be written. It takes no longer than 15 seconds. Errors carry advice
// (dirsync.Hint).
func Examine(dsn string) (Condition, error) {
	return look(dsn, "looking at it", backend.Database.Examine)
}

// Holder tells who holds the run lock of the state that dsn names, since when, as
// in "by process 12 on host since …"; "" when nobody does. A run that began before
// then and has no end was killed.
func Holder(dsn string) (string, error) {
	return look(dsn, "looking who has its lock", backend.Database.Holder)
}

// look has a look at a state that is not open.
func look[T any](dsn, doing string, at func(backend.Database, context.Context) (T, error)) (found T, err error) {
	database, err := find(dsn, Options{})
	if err != nil {
		return found, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), lookTime)
	defer cancel()
	found, err = at(database, ctx)
	return found, (&DB{database: database}).fail(doing, err)
}
