package config_test

import (
	"os"
	"strings"
	"testing"
)

// TestLayouts: each configuration in docs/groups.md is one that duosync takes.
func TestLayouts(t *testing.T) {
	text, err := os.ReadFile("../../../docs/groups.md")
	if err != nil {
		t.Fatal(err)
	}
	var layouts []string
	for block := range strings.SplitSeq(string(text), "\n\n") {
		if strings.HasPrefix(block, "    ldap:\n") {
			layouts = append(layouts, block)
		}
	}
	if len(layouts) < 8 {
		t.Fatalf("only %d layouts", len(layouts))
	}
	for _, layout := range layouts {
		const indent = "    "
		load(t, strings.ReplaceAll("\n"+layout, "\n"+indent, "\n")+keys)
	}
}
