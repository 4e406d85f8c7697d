package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// proof is a test that a page names: its folder, and a function or a scenario.
var proof = regexp.MustCompile(`^([a-z0-9/]+): (Test\w+|[a-z-]+\.txtar)$`)

// TestPromises: each test that docs/promises.md names is there, and each promise of "What it
// never does" in README leads to a heading of that page, and names a test that holds it.
func TestPromises(t *testing.T) {
	pages := readPages(t)
	promises, readme := pages["docs/promises.md"], pages["README.md"]
	named, under, section := map[string]bool{}, map[string]int{}, ""
	for _, l := range promises.lines {
		if heading, found := strings.CutPrefix(l.text, "## "); found {
			section = anchor(heading)
		}
		for _, span := range spans(l.text) {
			m := proof.FindStringSubmatch(span)
			if m == nil {
				continue
			}
			named[span] = true
			under[section]++
			if section != "" && !isThere(t, m[1], m[2]) {
				t.Errorf("docs/promises.md:%d: there is no %s", l.number, span)
			}
		}
	}
	if len(named) < 30 {
		t.Errorf("only %d tests are named", len(named))
	}

	_, never, found := strings.Cut(readme.text, "\n## What it never does\n")
	never, _, _ = strings.Cut(never, "\n## ")
	items := strings.Split(never, "\n- ")[1:]
	if !found || len(items) < 8 {
		t.Fatalf("README has %d promises", len(items))
	}
	beside := regexp.MustCompile("\\[`([^`]+)`\\]\\(docs/promises\\.md#([a-z-]+)\\)")
	for _, item := range items {
		item = strings.Join(strings.Fields(item), " ")
		m := beside.FindStringSubmatch(item)
		switch {
		case m == nil:
			t.Errorf("README: no test is named beside: %s", item)
		case !named[m[1]]:
			t.Errorf("README names %s, and docs/promises.md does not", m[1])
		case under[m[2]] == 0:
			t.Errorf("docs/promises.md names no test under #%s", m[2])
		}
	}
}

// isThere reports whether a folder has a test function, or a scenario.
func isThere(t *testing.T, folder, name string) bool {
	t.Helper()
	if strings.HasSuffix(name, ".txtar") {
		_, err := os.Stat(filepath.Join(top, folder, "testdata", name))
		return err == nil
	}
	files, err := filepath.Glob(filepath.Join(top, folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\nfunc "+name+"(") {
			return true
		}
	}
	return false
}
