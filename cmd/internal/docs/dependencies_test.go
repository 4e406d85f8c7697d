package docs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDependencies: docs/development.md says of each module that go.mod requires what it is for,
// and of none besides.
func TestDependencies(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join(top, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	required := map[string]bool{}
	for line := range strings.Lines(string(mod)) {
		if f := strings.Fields(line); len(f) == 2 && strings.HasPrefix(f[1], "v") && strings.Contains(f[0], ".") { // no mark of an indirect one
			required[f[0]] = true
		}
	}
	if len(required) < 25 {
		t.Fatalf("go.mod requires %d modules", len(required))
	}
	_, section, found := strings.Cut(readPages(t)["docs/development.md"].text, "\n## Dependencies\n")
	section, _, _ = strings.Cut(section, "\n## ")
	if !found {
		t.Fatal("docs/development.md has no section about dependencies")
	}
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 {
			continue
		}
		for _, name := range spans(cells[1]) {
			if !required[name] {
				t.Errorf("go.mod does not require %s", name)
			}
			if delete(required, name); len(strings.TrimSpace(cells[2])) < 3 || len(strings.TrimSpace(cells[3])) < 3 {
				t.Errorf("%s: what for, and why this one?", name)
			}
		}
	}
	for name := range required {
		t.Errorf("docs/development.md does not say what %s is for", name)
	}
}
