//go:build linux

package state_test

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

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

// TestBesideARunCopiesOnce: beside a run that is under way the state is copied once to look at
// it, however it is opened.
func TestBesideARunCopiesOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "duosync.db")
	run := open(t, path)
	begin(t, run, "run") // it has a log, so the state is not in one file
	ownTemp(t)
	made := creations(t, os.TempDir())
	for _, existing := range []bool{true, false} {
		db, err := state.OpenBeside(t.Context(), path, state.Options{Existing: existing})
		must(t, err)
		closing(t, db)
		if copies := made(); copies != 1 {
			t.Errorf("existing %v: %d copies", existing, copies)
		}
	}
	closing(t, run)
}

// creations counts what is made in a folder since the last call.
func creations(t *testing.T, folder string) func() int {
	t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	must(t, err)
	t.Cleanup(func() { _ = unix.Close(fd) })
	_, err = unix.InotifyAddWatch(fd, folder, unix.IN_CREATE)
	must(t, err)
	return func() (n int) {
		events := make([]byte, 1<<16)
		length, err := unix.Read(fd, events)
		if errors.Is(err, unix.EAGAIN) {
			return 0
		}
		must(t, err)
		for at := 0; at < length; n++ {
			at += unix.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(events[at+12:])) // the length of the name
		}
		return n
	}
}
