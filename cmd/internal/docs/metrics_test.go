package docs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"duosync/cmd/internal/afterrun"
)

// TestMetrics: docs/monitoring.md has every metric, in the words in which Prometheus gets it.
func TestMetrics(t *testing.T) {
	path := filepath.Join(top, "docs", "monitoring.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(page), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatal("docs/monitoring.md lacks the marks of what is generated")
	}
	var table strings.Builder
	table.WriteString("\n| metric | what it tells |\n|---|---|\n")
	for _, one := range afterrun.Listed() {
		name := one.Name
		if len(one.Labels) > 0 {
			name += "{" + strings.Join(one.Labels, ",") + "}"
		}
		fmt.Fprintf(&table, "| `%s` | %s |\n", name, one.Help)
	}
	table.WriteString("\n")
	want := before + begin + table.String() + end + after
	if want == string(page) {
		return
	}
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Error("docs/monitoring.md is out of date: run go generate ./cmd/internal/docs")
}
