package state_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"duosync/state"
	dirsync "duosync/sync"
)

func TestLockTellsWhoHoldsIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "duosync.db")
	since := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	first, err := state.Open(t.Context(), path, state.Options{Now: func() time.Time { return since }})
	must(t, err)

	alias := filepath.Join(t.TempDir(), "alias.db")
	must(t, os.Symlink(path, alias))
	for _, name := range []string{path, alias} {
		_, err := state.Open(t.Context(), name, state.Options{})
		if !errors.Is(err, state.ErrLocked) {
			t.Fatalf("opening %s a second time: %v, want ErrLocked", name, err)
		}
		host, _ := os.Hostname()
		for _, want := range []string{"process " + strconv.Itoa(os.Getpid()), host, "since 2026-03-04T05:06:07Z"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q does not say %q", err, want)
			}
		}
		if dirsync.Hint(err) == "" {
			t.Errorf("%q comes without advice", err)
		}
	}
	must(t, first.Close())
	must(t, open(t, alias).Close())
}

func TestLockDiesWithItsProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "duosync.db")
	run := startRun(t, path)
	if _, err := state.Open(t.Context(), path, state.Options{}); !errors.Is(err, state.ErrLocked) {
		t.Errorf("opening beside a run: %v, want ErrLocked", err)
	}
	run.kill(t)

	db := open(t, path)
	defer closing(t, db)
	checkKilled(t, db)
}

// A copy made in this process must not cost SQLite its locks: another program
// would take itself for the last one to use the database, and remove the log
// under us.
func TestCopyKeepsTheLocks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "duosync.db")
	db := open(t, path)
	defer closing(t, db)
	begin(t, db, "first")
	closing(t, openReadOnly(t, path))
	must(t, command(t, "intruder", path).Run())
}
