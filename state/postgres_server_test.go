package state_test

import (
	"os"
	"sync"
	"testing"

	"duosync/state/pgtest"
)

// launched is the server of all tests here, started by the first that needs it.
var launched struct {
	sync.Mutex
	server *pgtest.Server
	err    error
}

// temporary is where its data go, whatever TMPDIR a test sets for itself.
var temporary = os.TempDir()

func postgres(t testing.TB) *pgtest.Server {
	t.Helper()
	launched.Lock()
	defer launched.Unlock()
	if launched.server == nil && launched.err == nil {
		launched.server, launched.err = pgtest.Launch(temporary)
	}
	if launched.err != nil {
		t.Fatal(launched.err)
	}
	return launched.server
}

func stopPostgres() error {
	if launched.server == nil {
		return nil
	}
	return launched.server.Close()
}
