package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFolderThatCannotBeLookedInto: a folder without a right to look into it, such as root's home after
// runuser, has no configuration; one that is there and can't be read is told.
func TestFolderThatCannotBeLookedInto(t *testing.T) {
	a := &app{Stdio: Stdio{Env: func(string) (string, bool) { return "", false }}}
	dir := t.TempDir()
	t.Chdir(dir)
	usual := "/etc/duosync/config.yaml"
	if _, err := os.Stat(usual); err == nil {
		t.Skipf("%s is there", usual)
	}
	if _, err := a.configFile(); err == nil || !strings.Contains(err.Error(), "there is no configuration") {
		t.Errorf("an empty folder: %v", err)
	}
	file := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(file, nil, 0); err != nil {
		t.Fatal(err)
	}
	if found, err := a.configFile(); found != "config.yaml" || err != nil {
		t.Errorf("a file without rights: %q, %v", found, err)
	}
	if err := os.Chmod(dir, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o700) }) //nolint:gosec // for the folder to be removed
	if _, err := os.Stat("config.yaml"); err == nil {
		return // root sees all
	}
	if _, err := a.configFile(); err == nil || !strings.Contains(err.Error(), "there is no configuration") {
		t.Errorf("a folder without rights: %v", err)
	}
}
