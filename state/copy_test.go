package state_test

import (
	"os"
	"path/filepath"
	"testing"

	"duosync/state"
)

func TestWhatSpoilsACopy(t *testing.T) {
	const insert = `INSERT INTO meta (key, value) VALUES (hex(randomblob(8)), 'x');`
	for _, test := range []struct {
		name   string
		during func(t *testing.T, path string)
		log    bool // another program has the database open all the time
		whole  bool
	}{
		{"nothing", func(*testing.T, string) {}, false, true},
		{"nothing beside a log", func(*testing.T, string) {}, true, true},
		{"the log grew", func(t *testing.T, path string) {
			must(t, state.Exec(t.Context(), path, insert))
		}, true, true},
		{"the log was moved into the file", func(t *testing.T, path string) {
			must(t, state.Exec(t.Context(), path, `PRAGMA wal_checkpoint(PASSIVE)`))
		}, true, true}, // a copy has the file first and all of the log then
		{"the log began anew", func(t *testing.T, path string) {
			must(t, state.Exec(t.Context(), path, `PRAGMA wal_checkpoint(RESTART);`+insert))
		}, true, false},
		{"a program came, wrote and went", func(t *testing.T, path string) {
			must(t, state.Exec(t.Context(), path, insert))
		}, false, false},
		{"the file was replaced", func(t *testing.T, path string) {
			content, err := os.ReadFile(path)
			must(t, err)
			must(t, os.WriteFile(path+".new", content, 0o600))
			must(t, os.Rename(path+".new", path))
		}, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "duosync.db")
			closing(t, open(t, path))
			check := func() error {
				before, err := state.Look(path)
				must(t, err)
				test.during(t, path)
				after, err := state.Look(path)
				must(t, err)
				if got := before.Holds(after); got != test.whole {
					t.Errorf("the copy is taken for whole: %v, want %v", got, test.whole)
				}
				return nil
			}
			if test.log {
				must(t, state.ExecAnd(t.Context(), path, insert, check))
			} else {
				must(t, check())
			}
		})
	}
}
