package state_test

import (
	"path/filepath"
	"testing"

	"duosync/state/statetest"
)

func TestContract(t *testing.T) {
	onBoth(t, func(t *testing.T, fresh func(*testing.T) string) {
		statetest.Run(t, func(t *testing.T) statetest.Opener {
			dsn := fresh(t)
			return func(t *testing.T) statetest.Store { return open(t, dsn) }
		})
	})
}

// onBoth runs a test on SQLite and on PostgreSQL. fresh gives the DSN of a state
// that is not there yet.
func onBoth(t *testing.T, test func(t *testing.T, fresh func(*testing.T) string)) {
	t.Run("SQLite", func(t *testing.T) {
		test(t, func(t *testing.T) string { return filepath.Join(t.TempDir(), "duosync.db") })
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		server := postgres(t)
		test(t, func(t *testing.T) string { return server.Schema(t) })
	})
}
