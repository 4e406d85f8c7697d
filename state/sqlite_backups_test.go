package state_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"duosync/state"
	dirsync "duosync/sync"
)

// copies lists the dated copies beside a state, by what sets them apart.
func copies(t *testing.T, path string) []string {
	t.Helper()
	var dates []string
	for _, entry := range entries(t, filepath.Dir(path)) {
		if date, ok := strings.CutSuffix(strings.TrimPrefix(entry, filepath.Base(path)+"."), ".bak"); ok {
			dates = append(dates, date)
		}
		if strings.Contains(entry, ".part") {
			dates = append(dates, entry)
		}
	}
	return dates
}

func entries(t *testing.T, dir string) []string {
	t.Helper()
	files, err := os.ReadDir(dir)
	must(t, err)
	var names []string
	for _, file := range files {
		names = append(names, file.Name())
	}
	return names
}

func TestCopiesBeforeChanges(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "duosync.db")
	must(t, os.WriteFile(path+".20260101T000000Z.bak.part", []byte("of a run that was killed"), 0o600))
	must(t, os.WriteFile(path+".mine.bak", []byte("an admin's own"), 0o600))
	must(t, os.WriteFile(path+"2.20260101T000000Z.bak", []byte("another state's"), 0o600))
	for n := 1; n <= 7; n++ {
		if warnings := runAt(t, path, day(n), fmt.Sprint(n), dirsync.RunEnd{}); len(warnings) > 0 {
			t.Errorf("day %d: %q", n, warnings)
		}
		runAt(t, path, day(n).Add(time.Hour), "", dirsync.RunEnd{}) // without changes
	}
	want := []string{"20260303T120000Z", "20260304T120000Z", "20260305T120000Z", "20260306T120000Z", "20260307T120000Z"}
	got := slices.DeleteFunc(copies(t, path), func(date string) bool { return date == "mine" || strings.HasPrefix(date, "duosync.db2") })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("copies (-want +got):\n%s", diff)
	}
	for _, other := range []string{"duosync.db.mine.bak", "duosync.db2.20260101T000000Z.bak"} {
		if !slices.Contains(entries(t, dir), other) {
			t.Errorf("%s is gone", other)
		}
	}
	// The copy is as the state was before that run.
	copied := path + ".20260305T120000Z.bak"
	if info, err := os.Stat(copied); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy: %v, %v", info, err)
	}
	db := openReadOnly(t, copied)
	defer closing(t, db)
	if n := countLinks(t, db); n != 4 {
		t.Errorf("the copy of day 5 has %d links, want 4", n)
	}
}

func TestCopiesWhileTheClockJumps(t *testing.T) {
	path := filepath.Join(t.TempDir(), "duosync.db")
	for n := 1; n <= 3; n++ {
		runAt(t, path, day(n), fmt.Sprint(n), dirsync.RunEnd{})
	}
	for n := 1; n <= 3; n++ {
		runAt(t, path, day(n).AddDate(9, 0, 0), fmt.Sprint("future ", n), dirsync.RunEnd{})
	}
	for n := 4; n <= 5; n++ {
		runAt(t, path, day(n), fmt.Sprint(n), dirsync.RunEnd{})
	}
	// What was made in a time to come goes first, and the newest is there.
	want := []string{"20260302T120000Z", "20260303T120000Z", "20260304T120000Z", "20260305T120000Z", "20350303T120000Z"}
	if diff := cmp.Diff(want, copies(t, path)); diff != "" {
		t.Errorf("copies (-want +got):\n%s", diff)
	}
	db := open(t, path)
	defer closing(t, db)
	if n := countLinks(t, db); n != 8 {
		t.Errorf("%d links, want 8", n)
	}
	runs, err := db.Runs(t.Context(), 0)
	must(t, err)
	if len(runs) != 8 {
		t.Errorf("%d runs, want 8", len(runs))
	}
}

func TestNoRoomForACopy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "duosync.db")
	runAt(t, path, day(1), "1", dirsync.RunEnd{})
	full := state.Options{Now: func() time.Time { return day(2) }}.WithStatfs(func(path string, into *unix.Statfs_t) error {
		err := unix.Statfs(path, into)
		into.Bavail = 1
		return err
	})
	warnings := runWith(t, path, full, day(2), "2", dirsync.RunEnd{})
	if len(warnings) != 1 || !strings.Contains(warnings[0], "no copy") || !strings.Contains(warnings[0], "free") {
		t.Errorf("warnings %q", warnings)
	}
	if diff := cmp.Diff([]string{"20260301T120000Z"}, copies(t, path)); diff != "" {
		t.Errorf("copies (-want +got):\n%s", diff)
	}
	db := open(t, path)
	defer closing(t, db)
	if n := countLinks(t, db); n != 2 {
		t.Errorf("%d links, want 2: the run was to go on", n)
	}
}

func TestCopyThatCantBeMade(t *testing.T) {
	path := filepath.Join(t.TempDir(), "duosync.db")
	must(t, os.Mkdir(path+".20260301T120000Z.bak", 0o700)) // in the way
	warnings := runAt(t, path, day(1), "1", dirsync.RunEnd{})
	if len(warnings) != 1 || !strings.Contains(warnings[0], "no copy") {
		t.Errorf("warnings %q", warnings)
	}
	for _, name := range entries(t, filepath.Dir(path)) {
		if strings.Contains(name, ".part") {
			t.Errorf("%s was left behind", name)
		}
	}
}

// Where the file system shares what files hold, a copy is the state as it was before the run,
// whatever is written meanwhile beside it, and needs no room; where it can't, or fails half
// way, it is written.
func TestCopiesThatShare(t *testing.T) {
	for name, of := range map[string]struct {
		clone func(to, from *os.File) error
		room  bool
	}{
		"shared": {clone: func(to, from *os.File) error { _, err := io.Copy(to, from); return err }},
		"can't":  {clone: func(*os.File, *os.File) error { return unix.EOPNOTSUPP }, room: true},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "duosync.db")
			for n := 1; n <= 3; n++ {
				opts := state.Options{Now: func() time.Time { return day(n) }}.WithClone(of.clone)
				if !of.room {
					opts = opts.WithStatfs(func(path string, into *unix.Statfs_t) error {
						err := unix.Statfs(path, into)
						into.Bavail = 1
						return err
					})
				}
				if warnings := runWith(t, path, opts, day(n), fmt.Sprint(n), dirsync.RunEnd{}); len(warnings) > 0 {
					t.Errorf("day %d: %q", n, warnings)
				}
			}
			for n := 1; n <= 3; n++ {
				copied := path + "." + day(n).Format("20060102T150405Z") + ".bak"
				if said, err := integrity(t.Context(), copied); err != nil || said != "ok" {
					t.Errorf("the copy of day %d: %s, %v", n, said, err)
				}
				db := openReadOnly(t, copied)
				if got := countLinks(t, db); got != n-1 {
					t.Errorf("the copy of day %d has %d links, want %d", n, got, n-1)
				}
				closing(t, db)
			}
		})
	}
}
