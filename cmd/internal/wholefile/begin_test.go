package wholefile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNothingIsLeft fails each step between the temporary file and its name.
func TestNothingIsLeft(t *testing.T) {
	broken := errors.New("broken")
	for name, fail := range map[string]func(path string) error{
		"mode and owner": func(path string) error {
			_, err := begin(path, func(*os.File) error { return broken })
			return err
		},
		"a write": func(path string) error {
			f := &file{name: "--output", path: path}
			if err := f.open(false); err != nil {
				return err
			}
			_, first := io.WriteString(f, "one")
			closed := f.pending.File.Close()
			_, err := io.WriteString(f, "two")
			if err == nil || !strings.Contains(err.Error(), "--output: write "+path+": ") {
				t.Errorf("the write: %v", err)
			}
			return errors.Join(first, closed, err, f.Close())
		},
		"the name": func(path string) error {
			f := &file{name: "--output", path: path}
			if err := f.open(false); err != nil {
				return err
			}
			_, first := io.WriteString(f, "one")
			if err := errors.Join(first, os.Mkdir(path, 0o700)); err != nil { // in the way
				t.Fatal(err)
			}
			err := f.Close()
			return errors.Join(err, os.Remove(path))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := fail(filepath.Join(dir, "report")); err == nil {
				t.Error("it did not fail")
			}
			if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
				t.Errorf("%v, %v", entries, err)
			}
		})
	}
}
