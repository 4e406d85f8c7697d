package docs_test

import (
	"fmt"
	"strings"
	"testing"

	"duosync/cmd/internal/afterrun"
)

// TestMetrics: docs/monitoring.md has every metric, in the words in which Prometheus gets it.
func TestMetrics(t *testing.T) {
	generated(t, "monitoring.md", func(string) string {
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
		return table.String()
	})
}
