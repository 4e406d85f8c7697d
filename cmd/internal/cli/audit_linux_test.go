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
	small := t.TempDir()
	if !mount(t, "duosync-test", small, "tmpfs", 0, "size=64k") {
		t.Skip("this process may mount nothing")
	}
	s := newSite(t, siteOptions{more: fmt.Sprintf("audit: {file: %q}\n", filepath.Join(small, "audit.jsonl"))})
	for n := range 120 {
		s.hire(fmt.Sprintf("u%03d", n))
	}
	r := s.want(0, "applied")
	if !slices.ContainsFunc(r.report.Warnings, func(w string) bool { return strings.Contains(w, "no space") && strings.Contains(w, "follow later") }) {
		t.Errorf("no warning: %v", r.report.Warnings)
	}
	data, err := os.ReadFile(filepath.Join(small, "audit.jsonl"))
	s.must(err)
	if len(data) < 32<<10 || data[len(data)-1] == '\n' {
		t.Errorf("%d bytes are there, want a part that ends within a line", len(data))
	}
	mount(t, "", small, "tmpfs", unix.MS_REMOUNT, "size=8m")
	s.want(0, "no-changes")
	if lines := auditLines(t, true, filepath.Join(small, "audit.jsonl")); len(lines) != 120 {
		t.Errorf("%d lines", len(lines))
	}
}
