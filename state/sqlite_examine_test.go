package state_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

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
