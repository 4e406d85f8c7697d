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

// refreshed tells whether a state knows when Duo was last read, and its warnings,
// for a dry run and for a run.
func refreshed(t *testing.T, path string) (bool, []string) {
	t.Helper()
	look := openReadOnly(t, path)
	defer closing(t, look)
	db := open(t, path)
	defer closing(t, db)
	beside, err := state.OpenBeside(t.Context(), path, state.Options{})
	must(t, err)
	defer closing(t, beside)
	var known [3]bool
	for i, db := range []*state.DB{look, db, beside} {
		meta, err := db.Meta(t.Context())
		must(t, err)
		known[i] = !meta.Refreshed.IsZero()
	}
	if known[0] != known[1] || known[0] != known[2] {
		t.Fatalf("a dry run, a run and a change beside it disagree: %v", known)
	}
	if a, b := strings.Join(look.Warnings(), "\n"), strings.Join(db.Warnings(), "\n"); a != b {
		t.Errorf("a dry run warns %q, a run %q", a, b)
	}
	return known[0], db.Warnings()
}

func TestRestoredState(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "duosync.db")
	read := dirsync.RunEnd{Refreshed: day(1)}
	runAt(t, path, day(1), "1", read)
	runAt(t, path, day(2), "2", dirsync.RunEnd{})
	if info, err := os.Stat(path + ".run"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the mark: %v, %v", info, err)
	}
	if known, warnings := refreshed(t, path); !known || len(warnings) > 0 {
		t.Errorf("before: refreshed %v, warnings %q", known, warnings)
	}

	// Of the time before the last run that changed something.
	content, err := os.ReadFile(path + ".20260302T120000Z.bak")
	must(t, err)
	restore := func() { must(t, os.WriteFile(path, content, 0o600)) }
	restore()
	known, warnings := refreshed(t, path)
	if known || len(warnings) != 1 || !strings.Contains(warnings[0], "older than run run "+day(2).Format(time.RFC3339)) {
		t.Errorf("restored: refreshed %v, warnings %q", known, warnings)
	}
	// A run that did not read Duo, to its end or not, leaves it at that.
	db := open(t, path)
	j := begin(t, db, "killed")
	intend(t, j, create("3"), day(3))
	closing(t, db)
	if known, _ := refreshed(t, path); known {
		t.Error("refreshed after a run that was killed")
	}
	runAt(t, path, day(3), "", dirsync.RunEnd{})
	if known, warnings := refreshed(t, path); known || len(warnings) > 0 {
		t.Errorf("after a run without a refresh: refreshed %v, warnings %q", known, warnings)
	}
	runAt(t, path, day(4), "", dirsync.RunEnd{Refreshed: day(4)})
	if known, warnings := refreshed(t, path); !known || len(warnings) > 0 {
		t.Errorf("after a refresh: refreshed %v, warnings %q", known, warnings)
	}
	// The same copy once more is old again.
	restore()
	if known, warnings := refreshed(t, path); known || len(warnings) != 1 {
		t.Errorf("restored again: refreshed %v, warnings %q", known, warnings)
	}
	runAt(t, path, day(5), "", dirsync.RunEnd{Refreshed: day(5)})
	if known, warnings := refreshed(t, path); !known || len(warnings) > 0 {
		t.Errorf("after another refresh: refreshed %v, warnings %q", known, warnings)
	}
}

func TestStateMovedElsewhere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "duosync.db")
	runAt(t, path, day(1), "1", dirsync.RunEnd{Refreshed: day(1)})
	content, err := os.ReadFile(path)
	must(t, err)
	moved := filepath.Join(t.TempDir(), "moved.db")
	must(t, os.WriteFile(moved, content, 0o600))
	if known, warnings := refreshed(t, moved); !known || len(warnings) > 0 {
		t.Errorf("refreshed %v, warnings %q", known, warnings)
	}
}

func TestStateThatIsMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "duosync.db")
	runAt(t, path, day(1), "1", dirsync.RunEnd{Refreshed: day(1)})
	must(t, os.Remove(path))
	known, warnings := refreshed(t, path)
	if known || len(warnings) != 1 || !strings.Contains(warnings[0], "was missing") {
		t.Errorf("refreshed %v, warnings %q", known, warnings)
	}
}

func TestDamagedMark(t *testing.T) {
	path := filepath.Join(t.TempDir(), "duosync.db")
	runAt(t, path, day(1), "1", dirsync.RunEnd{Refreshed: day(1)})
	must(t, os.WriteFile(path+".run", []byte("{"), 0o600))
	if known, warnings := refreshed(t, path); known || len(warnings) != 1 {
		t.Errorf("refreshed %v, warnings %q", known, warnings)
	}
	runAt(t, path, day(2), "", dirsync.RunEnd{Refreshed: day(2)})
	if known, warnings := refreshed(t, path); !known || len(warnings) > 0 {
		t.Errorf("after a refresh: refreshed %v, warnings %q", known, warnings)
	}
}

// TestMarkWithoutItsName leaves nothing of a mark that could not take its place.
func TestMarkWithoutItsName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "duosync.db")
	must(t, os.MkdirAll(filepath.Join(path+".run", "in", "the way"), 0o700))
	if warnings := runAt(t, path, day(1), "1", dirsync.RunEnd{}); len(warnings) == 0 {
		t.Error("no warning")
	}
	if _, err := os.Lstat(path + ".run.new"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s.run.new: %v", path, err)
	}
}

func TestMarkThatCantBeWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "duosync.db")
	must(t, os.Mkdir(path+".run.new", 0o700)) // in the way
	warnings := runAt(t, path, day(1), "1", dirsync.RunEnd{})
	if len(warnings) == 0 || !strings.Contains(warnings[0], "mark") {
		t.Errorf("warnings %q", warnings)
	}
	db := open(t, path)
	defer closing(t, db)
	if n := countLinks(t, db); n != 1 {
		t.Errorf("%d links, want 1: the run was to go on", n)
	}
}
