package state_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"duosync/state"
	dirsync "duosync/sync"
)

// What the tests here do with a state.

var account = dirsync.Binding{Host: "api-1234.duosecurity.com", Key: "DIKEY", Directory: "dc=example,dc=org"}

func link(id dirsync.SourceID, user string) *dirsync.Link {
	return &dirsync.Link{
		ID: id, User: user, Origin: dirsync.Created,
		Asked:    dirsync.Fields{dirsync.FieldUsername: string(id), dirsync.FieldEmail: string(id) + "@example.org"},
		Answered: dirsync.Account{ID: user, Username: string(id), Email: string(id) + "@example.org", Status: dirsync.StatusActive},
	}
}

// open opens the state at path for writing and leaves closing it to the caller.
func open(t testing.TB, path string) *state.DB {
	t.Helper()
	db, err := state.Open(t.Context(), path, state.Options{CallTime: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func openFor(t *testing.T, dsn string, callTime time.Duration) *state.DB {
	t.Helper()
	db, err := state.Open(t.Context(), dsn, state.Options{CallTime: callTime})
	must(t, err)
	return db
}

func openReadOnly(t testing.TB, path string) *state.DB {
	t.Helper()
	db, err := state.OpenReadOnly(t.Context(), path)
	must(t, err)
	return db
}

func closing(t testing.TB, db *state.DB) {
	t.Helper()
	must(t, db.Close())
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func begin(t testing.TB, db *state.DB, id string) dirsync.Journal {
	t.Helper()
	j, err := db.Begin(t.Context(), dirsync.RunStart{ID: id, Started: time.Now(), Binding: account})
	must(t, err)
	return j
}

func create(id dirsync.SourceID) []*dirsync.Op {
	return []*dirsync.Op{{Action: dirsync.Create, Source: id, Username: string(id)}}
}

// intend writes operations down, of which nothing is barred.
func intend(t testing.TB, j dirsync.Journal, ops []*dirsync.Op, at time.Time) {
	t.Helper()
	may, err := j.Intend(t.Context(), ops, at)
	must(t, err)
	if len(may) != len(ops) {
		t.Errorf("%d operations of %d may be sent", len(may), len(ops))
	}
}

// refused gives the error of writing operations down.
func refused(ctx context.Context, j dirsync.Journal, ops []*dirsync.Op) error {
	_, err := j.Intend(ctx, ops, time.Now())
	return err
}

func countLinks(t testing.TB, db *state.DB) int {
	t.Helper()
	links, err := db.CountLinks(t.Context())
	must(t, err)
	return links
}

// runAt makes a run at a time that writes a link of that name, or nothing.
func runAt(t *testing.T, path string, at time.Time, name string, end dirsync.RunEnd) (warnings []string) {
	t.Helper()
	return runWith(t, path, state.Options{Now: func() time.Time { return at }}, at, name, end)
}

func runWith(t *testing.T, path string, opts state.Options, at time.Time, name string, end dirsync.RunEnd) []string {
	t.Helper()
	db, err := state.Open(t.Context(), path, opts)
	must(t, err)
	defer closing(t, db)
	j, err := db.Begin(t.Context(), dirsync.RunStart{ID: "run " + at.Format(time.RFC3339Nano), Started: at, Binding: account})
	must(t, err)
	if name != "" {
		id := dirsync.SourceID(name)
		intend(t, j, create(id), at)
		must(t, j.Record(t.Context(), []dirsync.Outcome{{Source: id, Link: link(id, "DU"+name)}}))
	}
	end.Finished, end.Outcome = at, "applied"
	must(t, j.Finish(t.Context(), end))
	return db.Warnings()
}

func day(n int) time.Time { return time.Date(2026, 3, n, 12, 0, 0, 0, time.UTC) }

// tree gives the bytes of every file below dir, by name.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	must(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			files[path] = "folder"
			return err
		}
		content, err := os.ReadFile(path)
		files[path] = string(content)
		return err
	}))
	return files
}

// unchanged fails the test unless dir is as it was.
func unchanged(t *testing.T, before map[string]string, dir string) {
	t.Helper()
	after := tree(t, dir)
	for name, content := range before {
		if got, ok := after[name]; !ok || got != content {
			t.Errorf("%s is there: %v, and was changed", name, ok)
		}
	}
	for name := range after {
		if _, ok := before[name]; !ok {
			t.Errorf("%s was left behind", name)
		}
	}
}

// ownTemp gives the test a temporary folder of its own and checks that nothing
// is left in it.
func ownTemp(t *testing.T) {
	t.Helper()
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	t.Cleanup(func() {
		left, err := os.ReadDir(temp)
		must(t, err)
		for _, file := range left {
			t.Errorf("%s was left in the temporary folder", file.Name())
		}
	})
}
