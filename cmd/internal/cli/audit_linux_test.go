package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestAuditFullDisk lets the disk of the audit fill up in the middle of a line: the run goes on
// with a warning, and with space again the line is completed, and the others follow.
func TestAuditFullDisk(t *testing.T) {
	t.Parallel()
	if small := t.TempDir(); mount(t, "duosync-test", small, "tmpfs", 0, "size=64k") {
		t.Run("tmpfs", func(t *testing.T) {
			t.Parallel()
			auditFills(t, small, "", nil, func() { mount(t, "", small, "tmpfs", unix.MS_REMOUNT, "size=8m") }, "no space")
		})
	}
	t.Run("file size", func(t *testing.T) { // of which any user may set the limit; the state is no file then
		t.Parallel()
		const most = 64 << 10
		limited := true
		limit := func(p *process) {
			if limited {
				p.must(unix.Prlimit(p.cmd.Process.Pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: most, Max: most}, nil))
			}
		}
		auditFills(t, t.TempDir(), postgres(t).Schema(t), limit, func() { limited = false }, "file too large")
	})
}

// auditFills makes a run with which the disk of the audit file gets full, and another after it was
// emptied. limit is called with each process; nil: there is no need.
func auditFills(t *testing.T, dir, dsn string, limit func(*process), empty func(), why string) {
	t.Helper()
	file := filepath.Join(dir, "audit.jsonl")
	s := newSite(t, siteOptions{dsn: dsn, more: fmt.Sprintf("audit: {file: %q}\n", file)})
	sync := func(outcome string) result {
		t.Helper()
		p := s.startRun()
		if limit != nil {
			limit(p)
		}
		r := p.wait()
		if r.code != 0 || r.report.Outcome != outcome {
			t.Fatalf("exit %d, %s\n%s", r.code, r.report.Outcome, r.err)
		}
		return r
	}
	for n := range 120 {
		s.hire(fmt.Sprintf("u%03d", n))
	}
	r := sync("applied")
	if !slices.ContainsFunc(r.report.Warnings, func(w string) bool { return strings.Contains(w, why) && strings.Contains(w, "follow later") }) {
		t.Errorf("no warning: %v", r.report.Warnings)
	}
	data, err := os.ReadFile(file)
	s.must(err)
	if len(data) < 32<<10 || data[len(data)-1] == '\n' {
		t.Errorf("%d bytes are there, want a part that ends within a line", len(data))
	}
	empty()
	sync("no-changes")
	if lines := auditLines(t, true, file); len(lines) != 120 {
		t.Errorf("%d lines", len(lines))
	}
}
