package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
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
			run(t, path, insert, func() {})
		}, true, true},
		{"the log was moved into the file", func(t *testing.T, path string) {
			run(t, path, `PRAGMA wal_checkpoint(PASSIVE)`, func() {})
		}, true, true}, // a copy has the file first and all of the log then
		{"the log began anew", func(t *testing.T, path string) {
			run(t, path, `PRAGMA wal_checkpoint(RESTART);`+insert, func() {})
		}, true, false},
		{"a program came, wrote and went", func(t *testing.T, path string) {
			run(t, path, insert, func() {})
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
			f := New(path, Options{Now: time.Now, Statfs: unix.Statfs})
			_, err := f.OpenRuns(t.Context())
			must(t, errors.Join(err, f.Close()))
			check := func() {
				before, err := look(path)
				must(t, err)
				test.during(t, path)
				after, err := look(path)
				must(t, err)
				if got := before.holds(after); got != test.whole {
					t.Errorf("the copy is taken for whole: %v, want %v", got, test.whole)
				}
			}
			if test.log {
				run(t, path, insert, check)
			} else {
				check()
			}
		})
	}
}

// run runs SQL on a connection of its own, and then still before that is closed.
func run(t *testing.T, path, query string, still func()) {
	t.Helper()
	db, err := open(path, nil)
	must(t, err)
	_, err = db.ExecContext(t.Context(), query)
	must(t, err)
	still()
	must(t, db.Close())
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
