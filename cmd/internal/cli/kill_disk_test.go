//go:build linux

package cli

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// mount mounts something for the time of a test, and reports whether that is
// allowed here: it takes root, and not every container lets it.
func mount(t *testing.T, from, to, kind string, flags uintptr, options string) bool {
	t.Helper()
	err := unix.Mount(from, to, kind, flags, options)
	if errors.Is(err, unix.EPERM) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	if flags&unix.MS_REMOUNT == 0 {
		t.Cleanup(func() { _ = unix.Unmount(to, unix.MNT_DETACH) })
	}
	return true
}

// TestFullDisk lets the disk with the state fill up during a run: it ends with
// advice, and once there is space the next run goes on where it stopped.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	if small := t.TempDir(); mount(t, "duosync-test", small, "tmpfs", 0, "size=1m") {
		t.Run("tmpfs", func(t *testing.T) {
			t.Parallel()
			fills(t, small, nil, func() { mount(t, "", small, "tmpfs", unix.MS_REMOUNT, "size=64m") }, "free some space")
		})
	}
	t.Run("file size", func(t *testing.T) { // of which any user may set the limit
		t.Parallel()
		const most = 512 << 10
		limited := true
		limit := func(p *process) {
			if limited {
				p.must(unix.Prlimit(p.cmd.Process.Pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: most, Max: most}, nil))
			}
		}
		fills(t, t.TempDir(), limit, func() { limited = false }, "disk")
	})
}

// fills makes runs until the disk is full, and goes on after it was emptied. limit
// is called with each process.
func fills(t *testing.T, dir string, limit func(*process), empty func(), advice string) {
	t.Helper()
	s := newSite(t, siteOptions{dsn: filepath.Join(dir, "state.db"), sync: crowdRules})
	c := newCrowd(s, 7)
	sync := func() result {
		t.Helper()
		p := s.startRun()
		if limit != nil {
			limit(p)
		}
		return p.wait()
	}
	// The log of writes needs a place for each change, until the run ends.
	var r result
	full := 0
	for range 8 {
		c.changes(120)
		if r = sync(); r.code == 0 {
			continue
		}
		full++
		t.Logf("%d writes to Duo with effect so far; it says: %s", s.ledger.count(), r.err)
		if r.code != 1 || r.report.Outcome != "failed" || !strings.Contains(r.err, advice) || !strings.Contains(r.err, "state.db") {
			t.Fatalf("on a full disk: exit %d, %s\n%s", r.code, r.report.Outcome, r.err)
		}
		if full == 2 {
			break
		}
	}
	if full < 2 {
		t.Fatal("the disk was not full twice")
	}
	empty()
	for range 2 { // whoever is disabled in the first goes to the Trash in the second
		if r = sync(); r.code != 0 {
			t.Fatalf("with space again: exit %d, %s\n%s%s", r.code, r.report.Outcome, r.err, brief(r.out))
		}
	}
	s.settled()
	if wrong := c.wrong(); len(wrong) > 0 {
		t.Errorf("in the end:\n%s", strings.Join(wrong, "\n"))
	}
	if h := s.run("history", "--format", "json"); h.code != 0 {
		t.Errorf("history: exit %d %s", h.code, h.err)
	}
}

// TestReadOnlyState can't write its state: no call to Duo is made, and a dry run
// works all the same.
func TestReadOnlyState(t *testing.T) {
	t.Parallel()
	refused := func(t *testing.T, s *site, advice string) {
		t.Helper()
		s.hire("late")
		s.duo.ResetCalls()
		r := s.startRun().wait()
		if r.code != 1 || r.report.Outcome != "failed" || !strings.Contains(r.err, advice) {
			t.Errorf("exit %d, %s\n%s; want advice with %q", r.code, r.report.Outcome, r.err, advice)
		}
		if calls := s.duo.Calls(); len(calls) > 0 {
			t.Errorf("Duo was called: %v", calls)
		}
		if r := s.startRun("--dry-run").wait(); r.code != 0 || !slices.Equal(r.ops(), []string{"create late"}) {
			t.Errorf("dry run: exit %d, %v\n%s", r.code, r.ops(), r.err)
		}
	}
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, siteOptions{dsn: postgres(t).Schema(t)})
		s.hire("anna")
		s.want(0, "applied")
		s.edit(s.dsn, s.dsn+"&default_transaction_read_only=on")
		refused(t, s, "takes no writes")
	})
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		dir := filepath.Join(t.TempDir(), "state")
		s := newSite(t, siteOptions{dsn: filepath.Join(dir, "state.db")})
		s.hire("anna")
		s.want(0, "applied")
		switch {
		case os.Geteuid() != 0:
			s.must(os.Chmod(dir, 0o500)) //nolint:gosec // a folder
			refused(t, s, "the right to write")
			s.must(os.Chmod(dir, 0o700)) //nolint:gosec // a folder
		case mount(t, dir, dir, "", unix.MS_BIND, ""): // no mode stops root
			mount(t, "", dir, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, "")
			refused(t, s, "read-only file system")
		}
	})
}
