package state_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"duosync/state"
	dirsync "duosync/sync"
)

var account = dirsync.Binding{Host: "api-1234.duosecurity.com", Key: "DIKEY", Directory: "dc=example,dc=org"}

func link(id dirsync.SourceID, user string) *dirsync.Link {
	return &dirsync.Link{
		ID: id, User: user, Origin: dirsync.Created,
		Asked:    dirsync.Fields{dirsync.FieldUsername: string(id), dirsync.FieldEmail: string(id) + "@example.org"},
		Answered: dirsync.Account{ID: user, Username: string(id), Email: string(id) + "@example.org", Status: dirsync.StatusActive},
	}
}

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
	intents, err := db.Open(t.Context())
	must(t, err)
	if len(intents) != 1 || intents[0].Op.Source != "a" {
		t.Errorf("open intents %v, want the one of a", intents)
	}
	links, err := db.Load(t.Context(), []dirsync.SourceID{"a", "b"})
	must(t, err)
	if diff := cmp.Diff([]dirsync.Link{*link("b", "DU2")}, links); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	must(t, db.Check(t.Context(), account))
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

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
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

func closing(t testing.TB, db *state.DB) {
	t.Helper()
	must(t, db.Close())
}

func begin(t testing.TB, db *state.DB, id string) dirsync.Journal {
	t.Helper()
	j, err := db.Begin(t.Context(), dirsync.RunStart{ID: id, Started: time.Now(), Binding: account})
	must(t, err)
	return j
}

func openReadOnly(t testing.TB, path string) *state.DB {
	t.Helper()
	db, err := state.OpenReadOnly(t.Context(), path)
	must(t, err)
	return db
}

func countLinks(t testing.TB, db *state.DB) int {
	t.Helper()
	meta, err := db.Meta(t.Context())
	must(t, err)
	return meta.Links
}
