package commandline_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"duosync/cmd/internal/cli/commandline"
	dirsync "duosync/sync"
)

// Names are one a line, however an editor keeps the file.
func TestNamesIn(t *testing.T) {
	wide := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune("anna\r\nzoë\r\n")) {
		wide = append(wide, byte(unit), byte(unit>>8))
	}
	long := strings.Repeat("x", 200_000)
	for text, want := range map[string][]string{
		"anna\n\n  bert \r\n":        {"anna", "bert"},
		"\ufeffanna":                 {"anna"},
		string(wide):                 {"anna", "zoë"},
		"anna\n" + long + "\n" + "b": {"anna", long, "b"},
	} {
		path := filepath.Join(t.TempDir(), "names")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := commandline.NamesIn(path); err != nil || !slices.Equal(got, want) {
			t.Errorf("%.40q: %d names, %v", text, len(got), err)
		}
	}
	for _, path := range []string{filepath.Join(t.TempDir(), "nothing"), t.TempDir()} {
		if _, err := commandline.NamesIn(path); err == nil || dirsync.Hint(err) == "" {
			t.Errorf("%s: %v", path, err)
		}
	}
}
