package state_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"duosync/state"
	dirsync "duosync/sync"
)

func TestExamine(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "deep", "down", "duosync.db")
	examine := func(path string) state.Condition {
		t.Helper()
		before := tree(t, dir)
		c, err := state.Examine(path)
		must(t, err)
		unchanged(t, before, dir)
		return c
	}
	if c := examine(path); c.Exists || c.Holder != "" || c.Path != path {
		t.Errorf("before the first run: %+v", c)
	}
	db := open(t, path)
	if c := examine(path); !c.Exists || !strings.HasPrefix(c.Holder, "by process ") {
		t.Errorf("while it is open: %+v", c)
	}
	closing(t, db)
	if c := examine(path); !c.Exists || c.Holder != "" {
		t.Errorf("after it was closed: %+v", c)
	}
	startRun(t, path).kill(t) // a run that is killed leaves its name in the lock
	if c := examine(path); c.Holder != "" {
		t.Errorf("after a killed run: %+v", c)
	}
	must(t, open(t, path).Close())
}

func TestExamineFindsWhatKeepsFromWriting(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	must(t, os.WriteFile(file, nil, 0o600))
	for _, test := range []struct{ name, dsn, words, hint string }{
		{"a folder", dir, "is a folder", "state.dsn"},
		{"below a file", filepath.Join(file, "duosync.db"), "not a directory", "state.dsn"},
		{"no file", "", "must not be empty", "name of a file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := state.Examine(test.dsn)
			if err == nil || !strings.Contains(err.Error(), test.words) || !strings.Contains(dirsync.Hint(err), test.hint) {
				t.Errorf("%v (%s), want %q and the advice %q", err, dirsync.Hint(err), test.words, test.hint)
			}
		})
	}
}

// TestStampTellsOfWrites: looking and reading leave the stamp as it is, and each write gives
// another one.
func TestStampTellsOfWrites(t *testing.T) {
	dsn := filepath.Join(t.TempDir(), "state.db")
	seen := map[string]bool{}
	stamp := func() string {
		c, err := state.Examine(dsn)
		if err != nil || c.Stamp == "" {
			t.Fatalf("%q %v", c.Stamp, err)
		}
		return c.Stamp
	}
	for _, write := range []func(*state.DB) error{
		func(db *state.DB) error { return nil },
		func(db *state.DB) error {
			return db.Pause(t.Context(), dirsync.Pause{Since: time.Now(), Reason: "one"})
		},
		func(db *state.DB) error {
			return db.Pause(t.Context(), dirsync.Pause{Since: time.Now(), Reason: "two"})
		},
	} {
		before := stamp()
		if seen[before] {
			t.Errorf("%s stood for another moment", before)
		}
		seen[before] = true
		reader, err := state.OpenReadOnly(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		if err := reader.Close(); err != nil || stamp() != before {
			t.Errorf("reading changes it: %v", err)
		}
		db, err := state.OpenBeside(t.Context(), dsn, state.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(write(db), db.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if seen[stamp()] {
		t.Error("the last write does not show")
	}
}
