package expression_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	dirsync "duosync/sync"
	"duosync/sync/expression"
)

// The documentation names every function and no other, and its examples give what
// it says.
func TestExpressionDocumentation(t *testing.T) {
	page, err := os.ReadFile("../../docs/expressions.md")
	if err != nil {
		t.Fatal(err)
	}
	p := &dirsync.Person{
		DN: "uid=ada,ou=people,dc=example,dc=org",
		Attrs: map[string][]string{
			"uid": {"ada"}, "givenname": {"Ada"}, "sn": {"Lovelace"}, "mail": {"lovelace@corp.example", "ada@example.org"},
		},
		Groups: []string{"Staff"},
		At:     time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC),
	}
	documented := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)\\(.*\\| `(.+)` gives `(.*)` \\|$").FindAllStringSubmatch(string(page), -1) {
		name, text, want := row[1], row[2], row[3]
		documented[name] = true
		if !strings.Contains(text, name+"(") {
			t.Errorf("%s: the example %s is of another function", name, text)
		}
		e, err := expression.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, err := e.Value(p); err != nil || got != want {
			t.Errorf("%s gives %q, %v; want %q", text, got, err, want)
		}
	}
	if diff := cmp.Diff(expression.Names(), slices.Sorted(maps.Keys(documented))); diff != "" {
		t.Errorf("functions: %s", diff)
	}
}

// The mappings that the documentation shows can be used as they stand.
func TestExpressionDocumentationMappings(t *testing.T) {
	page, err := os.ReadFile("../../docs/expressions.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(blocks) != 10 {
		t.Errorf("%d examples", len(blocks))
	}
	for _, block := range blocks {
		var root yaml.Node
		if err := yaml.Unmarshal([]byte(block[1]), &root); err != nil {
			t.Errorf("%s%v", block[1], err)
		}
		for _, text := range scalars(&root) {
			if _, err := expression.Parse(text); err != nil {
				t.Errorf("%s: %v", text, err)
			}
		}
	}
}

// scalars lists the values, not the keys, in a YAML document.
func scalars(n *yaml.Node) []string {
	if n.Kind == yaml.ScalarNode {
		return []string{n.Value}
	}
	var all []string
	for i, child := range n.Content {
		if n.Kind != yaml.MappingNode || i%2 == 1 {
			all = append(all, scalars(child)...)
		}
	}
	return all
}
