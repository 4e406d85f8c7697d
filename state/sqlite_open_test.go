package state_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"duosync/state"
	"duosync/state/backend"
	dirsync "duosync/sync"
)

func TestOpenMakesPrivateFiles(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	dir := filepath.Join(t.TempDir(), "var", "duosync")
	db := open(t, filepath.Join(dir, "duosync.db"))
	defer closing(t, db)
	begin(t, db, "first")
	for name, want := range map[string]fs.FileMode{
		"": 0o700 | fs.ModeDir, "../": 0o700 | fs.ModeDir,
		"duosync.db": 0o600, "duosync.db-wal": 0o600, "duosync.db-shm": 0o600, "duosync.db.lock": 0o600,
	} {
		info, err := os.Stat(filepath.Join(dir, name))
		must(t, err)
		if info.Mode() != want {
			t.Errorf("%q has mode %v, want %v", name, info.Mode(), want)
		}
	}
	if got := db.Warnings(); len(got) != 0 {
		t.Errorf("warnings %q", got)
	}
}

func TestOpenWarnsOfReaders(t *testing.T) {
	path := filepath.Join(t.TempDir(), "duosync.db")
	closing(t, open(t, path))
	must(t, os.Chmod(path, 0o640))
	db := open(t, path)
	closing(t, db)
	seen := openReadOnly(t, path)
	closing(t, seen)
	for _, warnings := range [][]string{db.Warnings(), seen.Warnings()} {
		if len(warnings) != 1 || !strings.Contains(warnings[0], "chmod 600 "+path) {
			t.Errorf("warnings %q, want one that says chmod", warnings)
		}
	}
}

func TestOpenByName(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{
		"plain.db", "sub/folder/x.db", "./odd ?mode=memory #%41&_pragma=x.db", "./with:colon.db", dir + "/a%20b.db",
	} {
		closing(t, open(t, name))
		if info, err := os.Stat(name); err != nil || info.Size() == 0 {
			t.Errorf("%q was not made: %v", name, err)
		}
	}
	for dsn, want := range map[string]string{
		"":                                    "state.dsn must not be empty",
		"sub/":                                "names a folder",
		"sub":                                 "is a directory",
		"plain.db/x.db":                       "not a directory",
		"mysql://duo:hunter2@db.example/sync": "state.dsn must be the name of a file",
		"host=db.example password=hunter2":    "state.dsn must be the name of a file",
	} {
		_, err := state.Open(t.Context(), dsn, state.Options{})
		if err == nil || !strings.Contains(err.Error(), want) || dirsync.Hint(err) == "" {
			t.Errorf("%q: error %v (%s), want %q and advice", dsn, err, dirsync.Hint(err), want)
		}
	}
	if files, err := filepath.Glob("*hunter2*"); err != nil || len(files) > 0 {
		t.Errorf("a password is in the names of %q: %v", files, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	write := func(text string) func(*testing.T, string) {
		return func(t *testing.T, path string) { must(t, os.WriteFile(path, []byte(text), 0o600)) }
	}
	for _, test := range []struct {
		name string
		make func(*testing.T, string)
		is   error
		want string
	}{
		{"a file that is no database", write(strings.Repeat("users:\n", 500)), nil, "not a database"},
		{"a short file that is no database", write("users:\n"), nil, "not a database"},
		{"a database that is broken", func(t *testing.T, path string) {
			closing(t, open(t, path))
			content, err := os.ReadFile(path)
			must(t, err)
			for i := 100; i < 4096; i++ {
				content[i] = 0xff
			}
			must(t, os.WriteFile(path, content, 0o600))
		}, nil, "malformed"},
		{"a database of something else", func(t *testing.T, path string) {
			onFile(t, path, `CREATE TABLE users (name TEXT)`)
		}, backend.ErrForeign, "not a state of duosync"},
		{"a state of a newer duosync", func(t *testing.T, path string) {
			closing(t, open(t, path))
			onFile(t, path, `INSERT INTO duosync_schema (version_id, is_applied) VALUES (99, 1)`)
		}, backend.ErrNewer, "schema is 99"},
	} {
		t.Run(test.name, func(t *testing.T) {
			ownTemp(t)
			dir := t.TempDir()
			path := filepath.Join(dir, "duosync.db")
			test.make(t, path)
			must(t, os.WriteFile(path+".lock", nil, 0o600))
			before := tree(t, dir)
			_, write := state.Open(t.Context(), path, state.Options{})
			_, read := state.OpenReadOnly(t.Context(), path)
			for _, err := range []error{write, read} {
				if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
					t.Errorf("error %v, want %q and the path", err, test.want)
				}
				if test.is != nil && !errors.Is(err, test.is) {
					t.Errorf("error %v, want %v", err, test.is)
				}
				if dirsync.Hint(err) == "" {
					t.Errorf("%v comes without advice", err)
				}
			}
			unchanged(t, before, dir)
		})
	}
}

func TestNewerSchemaInTheLog(t *testing.T) {
	// What a killed newer duosync wrote is in the log only, and has to count.
	ownTemp(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "duosync.db")
	closing(t, open(t, path))
	const newer = `INSERT INTO duosync_schema (version_id, is_applied) VALUES (99, 1)`
	onFileWhile(t, path, newer, func() {
		before := tree(t, dir)
		if _, err := state.Open(t.Context(), path, state.Options{}); !errors.Is(err, backend.ErrNewer) {
			t.Errorf("error %v, want ErrNewer", err)
		}
		unchanged(t, before, dir)
	})
}

// Whatever stands in the place of a state: each way to it refuses with the name and the
// same advice, makes nothing, and removes nothing.
func TestWhatIsNoStateIsToldAlike(t *testing.T) {
	long := strings.Repeat("a", 300)
	for name, test := range map[string]struct {
		make         func(t *testing.T, path string)
		want, advice string
	}{
		"a pipe":                      {func(t *testing.T, path string) { must(t, unix.Mkfifo(path, 0o600)) }, "a device, a pipe or a socket", "set state.dsn to a file"},
		"a link to a device":          {func(t *testing.T, path string) { must(t, os.Symlink("/dev/null", path)) }, "a device, a pipe or a socket", "set state.dsn to a file"},
		"another file":                {func(t *testing.T, path string) { must(t, os.WriteFile(path, []byte("ldap: {}\n"), 0o600)) }, "not a database", "set state.dsn to a file of its own"},
		"a link to a missing folder":  {func(t *testing.T, path string) { must(t, os.Symlink("gone/x.db", path)) }, "gone is not there", "mount or make"},
		"a circle of links":           {func(t *testing.T, path string) { must(t, os.Symlink(filepath.Base(path), path)) }, "too many levels of symbolic links", "in a circle"},
		long:                          {func(*testing.T, string) {}, "file name too long", "shorter name"},
		"a folder " + long + "/state": {func(*testing.T, string) {}, "file name too long", "shorter name"},
	} {
		t.Run(name[:min(len(name), 20)], func(t *testing.T) {
			ownTemp(t)
			dir := t.TempDir()
			path := filepath.Join(dir, name)
			test.make(t, path)
			for way, opening := range map[string]func() error{
				"runs":      func() error { return opened(state.Open(t.Context(), path, state.Options{})) },
				"existing":  func() error { return opened(state.OpenBeside(t.Context(), path, state.Options{Existing: true})) },
				"read only": func() error { return opened(state.OpenReadOnly(t.Context(), path)) },
				"look":      func() error { _, err := state.Examine(path); return err },
			} {
				err := opening()
				if err == nil && way == "look" && name == "another file" {
					continue // it is not opened
				}
				if err == nil || !strings.Contains(err.Error(), "state "+dir) && !strings.Contains(err.Error(), "state /dev/null") || !strings.Contains(err.Error(), test.want) {
					t.Errorf("%s: %v, want the name and %q", way, err, test.want)
				} else if hint := dirsync.Hint(err); !strings.Contains(hint, test.advice) || strings.Contains(hint, "remove") {
					t.Errorf("%s: advice %q, want %q", way, hint, test.advice)
				}
			}
		})
	}
}

func opened(db *state.DB, err error) error {
	if err == nil {
		err = db.Close()
	}
	return err
}
