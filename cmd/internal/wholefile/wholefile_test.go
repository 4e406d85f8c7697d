package wholefile_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"duosync/cmd/internal/wholefile"
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
