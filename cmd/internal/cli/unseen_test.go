package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"duosync/cmd/internal/config"
)

// TestFolderThatCannotBeLookedInto: a folder without a right to look into it, such as root's home after
// runuser, has no configuration, and the usual place is looked at; a file that is there and can't be
// read is told.
func TestFolderThatCannotBeLookedInto(t *testing.T) {
	const unreadable = "open config.yaml: permission denied"
	public, closed := t.TempDir(), t.TempDir()
	binary := filepath.Join(public, "duosync.test")
	copyBinary(t, binary)
	t.Chdir(closed)
	said := func() string {
		child := exec.CommandContext(t.Context(), binary, "config", "show")
		child.Env = []string{beDuosync + "=1", operationTime + "=1m", callTime + "=1m", clockAhead + "=0s"}
		if os.Geteuid() == 0 { // the superuser sees all
			const nobody = 65534
			child.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		}
		out, err := child.CombinedOutput()
		if child.ProcessState == nil || child.ProcessState.ExitCode() != exitError {
			t.Fatalf("it ended with %v, want exit 1\n%s", err, out)
		}
		return string(out)
	}
	modes := func(folder, file os.FileMode) {
		t.Helper()
		if err := os.Chmod(filepath.Join(closed, "config.yaml"), file); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(closed, folder); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{filepath.Dir(public), public} {
		if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // nobody goes through
			t.Fatal(err)
		}
	}
	if err := os.WriteFile("config.yaml", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(closed, 0o700) }) //nolint:gosec // for the folder to be removed
	modes(0o755, 0)
	if got := said(); !strings.Contains(got, unreadable) {
		t.Errorf("of a file that can't be read it says %q", got)
	}
	modes(0, 0)
	if got := said(); strings.Contains(got, unreadable) || !strings.Contains(got, config.UsualFile) {
		t.Errorf("of a folder that can't be looked into it says %q", got)
	}
}
