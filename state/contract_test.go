package state_test

import (
	"path/filepath"
	"testing"

	"duosync/state"
	"duosync/state/statetest"
)

func TestContract(t *testing.T) {
	statetest.Run(t, func(t *testing.T) statetest.Opener {
		path := filepath.Join(t.TempDir(), "duosync.db")
		return func(t *testing.T) statetest.Store { return open(t, path) }
	})
}

// open opens the state at path for writing and leaves closing it to the caller.
func open(t testing.TB, path string) *state.DB {
	t.Helper()
	db, err := state.Open(t.Context(), path, state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return db
}
