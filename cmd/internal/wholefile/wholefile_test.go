package wholefile_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"duosync/cmd/internal/wholefile"
	dirsync "duosync/sync"
)

// holds compares what a folder has with what it should have: one file, or none.
func holds(t *testing.T, dir, name, text string, mode os.FileMode) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if name == "" {
		if len(entries) > 0 {
			t.Errorf("%v is left", entries)
		}
		return
	}
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil || string(data) != text || len(entries) != 1 {
		t.Errorf("%q, %v; %v", data, err, entries)
	}
	if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode() != mode {
		t.Errorf("mode %v, %v", info, err)
	}
}

func TestCreate(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "report")
	write := func(text string, private bool) {
		t.Helper()
		file, err := wholefile.Create("--output", path, private)
		if err != nil {
			t.Fatal(err)
		}
		if text != "" {
			_, err = io.WriteString(file, text)
		}
		if err = errors.Join(err, file.Close()); err != nil {
			t.Fatal(err)
		}
	}
	write("", false)
	holds(t, dir, "", "", 0)
	write("one", false)
	holds(t, dir, "report", "one", 0o600)
	if err := os.Chmod(path, 0o664); err != nil {
		t.Fatal(err)
	}
	write("two", false)
	holds(t, dir, "report", "two", 0o664)
	write("", false)
	holds(t, dir, "report", "two", 0o664)
	write("three", true)
	holds(t, dir, "report", "three", 0o600)
	for _, path := range []string{dir, filepath.Join(dir, "none", "report")} {
		if _, err := wholefile.Create("--output", path, false); err == nil {
			t.Errorf("%s was opened", path)
		}
	}
}

// TestLink keeps a link, and writes where it leads.
func TestLink(t *testing.T) {
	dir, link := t.TempDir(), filepath.Join(t.TempDir(), "link")
	path := filepath.Join(dir, "report")
	if err := errors.Join(os.WriteFile(path, []byte("old"), 0o600), os.Symlink(path, link)); err != nil {
		t.Fatal(err)
	}
	file, err := wholefile.Create("--output", link, false)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(file, "new")
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
	holds(t, dir, "report", "new", 0o600)
	if target, err := os.Readlink(link); err != nil || target != path {
		t.Errorf("%s, %v", target, err)
	}
}

// TestDanglingLink makes the file where a link leads.
func TestDanglingLink(t *testing.T) {
	dir, link := t.TempDir(), filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(filepath.Join(dir, "report"), link); err != nil {
		t.Fatal(err)
	}
	write(t, link, "new")
	holds(t, dir, "report", "new", 0o600)
	if _, err := os.Readlink(link); err != nil {
		t.Error(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	file, err := wholefile.Create("--output", path, false)
	if err == nil {
		_, err = io.WriteString(file, text)
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestPipe writes to whoever reads.
func TestPipe(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "pipe")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	read := make(chan string, 1)
	go func() {
		text, err := os.ReadFile(path)
		read <- fmt.Sprint(string(text), err)
	}()
	write(t, path, "text")
	if got := <-read; got != "text<nil>" {
		t.Error(got)
	}
	if info, err := os.Lstat(path); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		t.Errorf("the pipe is %v, %v", info, err)
	}
}

// TestWhatIsOpen goes on where the process stands in what it has open, by any name of it.
func TestWhatIsOpen(t *testing.T) {
	log, err := os.CreateTemp(t.TempDir(), "log")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	link := filepath.Join(t.TempDir(), "link")
	number := strconv.Itoa(int(log.Fd()))
	if _, err := log.WriteString("before "); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/proc/self/fd/"+number, link); err != nil {
		t.Fatal(err)
	}
	write(t, "/dev/fd/"+number, "one ")
	write(t, link, "two ")
	if _, err := log.WriteString("after"); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(log.Name()); err != nil || string(text) != "before one two after" {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := wholefile.Create("--output", "/dev/fd/987654", false); err == nil || dirsync.Hint(err) == "" {
		t.Errorf("what is not open: %v", err)
	}
}

// TestFullDisk tells which file could not be written, as it was named.
func TestFullDisk(t *testing.T) {
	file, err := wholefile.Create("--output", "/dev/full", false)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(file, "text")
	if err == nil || !strings.Contains(err.Error(), "--output: write /dev/full: no space left") || !strings.Contains(dirsync.Hint(err), "Free some space") {
		t.Errorf("%v (%s)", err, dirsync.Hint(err))
	}
	if err := file.Close(); err != nil {
		t.Error(err)
	}
}

// TestPlanted refuses what somebody else has put into a folder for all, and a link of
// theirs in a folder of their own.
func TestPlanted(t *testing.T) {
	const stranger = 64322
	if os.Geteuid() != 0 {
		t.Fatal("this test plants files of another user, so it must be run as root, as make deploy-check")
	}
	forAll := func(dir string) error { return os.Chmod(dir, 0o777|os.ModeSticky) }
	theirs := func(dir string) error { return os.Lchown(dir, stranger, stranger) }
	for what, test := range map[string]struct {
		folder func(dir string) error
		put    func(victim, at string) error
	}{
		"a file":               {forAll, func(_, at string) error { return os.WriteFile(at, []byte("theirs"), 0o666) }},
		"a link":               {forAll, os.Symlink},
		"a pipe":               {forAll, func(_, at string) error { return unix.Mkfifo(at, 0o666) }},
		"a link, at home":      {theirs, os.Symlink},
		"a dangling one there": {theirs, func(victim, at string) error { return os.Symlink(victim+"-to-be", at) }},
	} {
		t.Run(what, func(t *testing.T) {
			dir, victim := t.TempDir(), filepath.Join(t.TempDir(), "victim")
			path := filepath.Join(dir, "report")
			if err := errors.Join(test.folder(dir), os.WriteFile(victim, []byte("precious"), 0o600),
				test.put(victim, path), os.Lchown(path, stranger, stranger)); err != nil {
				t.Fatal(err)
			}
			for _, private := range []bool{false, true} {
				if _, err := wholefile.Create("--output", path, private); err == nil || !strings.Contains(err.Error(), "uid 64322") || dirsync.Hint(err) == "" {
					t.Errorf("%v", err)
				}
			}
			if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
				t.Errorf("%v, %v", entries, err)
			}
			if text, err := os.ReadFile(victim); err != nil || string(text) != "precious" {
				t.Errorf("%q, %v", text, err)
			}
			if entries, err := os.ReadDir(filepath.Dir(victim)); err != nil || len(entries) != 1 {
				t.Errorf("beside it: %v, %v", entries, err)
			}
		})
	}
}

// TestOwnerStays leaves a file to the account that it belongs to.
func TestOwnerStays(t *testing.T) {
	const owner = 64321
	if os.Geteuid() != 0 {
		t.Fatal("this test makes files of another user, so it must be run as root, as make deploy-check")
	}
	path := filepath.Join(t.TempDir(), "report")
	if err := errors.Join(os.WriteFile(path, nil, 0o640), os.Chown(path, owner, owner)); err != nil {
		t.Fatal(err)
	}
	write(t, path, "text")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if st := info.Sys().(*syscall.Stat_t); st.Uid != owner || st.Gid != owner || info.Mode() != 0o640 {
		t.Errorf("it belongs to %d:%d, mode %v", st.Uid, st.Gid, info.Mode())
	}
}

func TestReplace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "metrics")
	broken := errors.New("broken")
	for _, fails := range []error{broken, nil, broken} {
		err := wholefile.Replace(path, 0o644, func(w io.Writer) error {
			_, err := io.WriteString(w, "text")
			return errors.Join(err, fails)
		})
		if !errors.Is(err, fails) || (err == nil) != (fails == nil) {
			t.Error(err)
		}
		if _, err := os.Stat(path); err != nil {
			holds(t, dir, "", "", 0)
		}
	}
	holds(t, dir, "metrics", "text", 0o644)
}
