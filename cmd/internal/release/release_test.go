package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"duosync/cmd/internal/version"
)

func manual(t *testing.T) string {
	t.Helper()
	t.Chdir("../../..")
	dir := t.TempDir()
	if err := writeManual(time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC), dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestManual: each command has its page, with its flags; the configuration has one with its keys;
// groff reads all of them without a warning.
func TestManual(t *testing.T) {
	dir := manual(t)
	var visit func(*cobra.Command)
	visit = func(cmd *cobra.Command) {
		page, err := os.ReadFile(filepath.Join(dir, pageName(cmd)+".1"))
		if err != nil {
			t.Error(err)
			return
		}
		text := strings.ReplaceAll(string(page), `\`, "")
		for _, want := range []string{"SH NAME", "SH SYNOPSIS", "SH DESCRIPTION", "SH EXIT STATUS", "SH SEE ALSO", "duosync " + version.Number(), "November 2026"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s has no %s", pageName(cmd), want)
			}
		}
		if !strings.Contains(text, "fB0fP\n") {
			t.Errorf("%s does not say what exit 0 means", pageName(cmd))
		}
		for _, below := range shown(cmd) {
			visit(below)
		}
	}
	visit(commands())
	page, err := os.ReadFile(filepath.Join(dir, "duosync.yaml.5"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"SH LDAP", "page_size", "SH NOTIFY", "SH PRESETS", "webhook_url"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("duosync.yaml has no %s", want)
		}
	}
	if bytes.Contains(page, []byte(".md")) && bytes.Contains(page, []byte("](")) {
		t.Error("a link of Markdown is left")
	}
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Fatal("no groff here: install groff-base, or run make deps")
	}
	pages, _ := filepath.Glob(filepath.Join(dir, "*"))
	out, err := exec.CommandContext(t.Context(), groff, append([]string{"-t", "-man", "-ww", "-Tutf8", "-Kutf8", "-z"}, pages...)...).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("groff: %v\n%s", err, out)
	}
}

func TestDefinitions(t *testing.T) {
	const two = "| what | is |\n|---|---|\n| `a \\| b` | one of them |\n"
	if got, want := definitions(two), "`a | b`\n: one of them\n\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	const three = "| kind | urls | base_dns |\n|---|---|---|\n| x | `u` | – |\n"
	if got, want := definitions(three), "x\n: *urls* `u`; *base\\_dns* –\n\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCompletions(t *testing.T) {
	dir := t.TempDir()
	if err := run([]string{"completions", dir}, nil, nil); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"duosync.bash": "__start_duosync", "_duosync": "#compdef duosync", "duosync.fish": "complete -c duosync"} {
		if text, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: %v, no %q", name, err, want)
		}
	}
}

// TestLicences: each module of a program has a licence that is known, and its text.
func TestLicences(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	all, err := licencesOf(self)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 20 {
		t.Fatalf("only %d modules", len(all))
	}
	permissive := []string{"Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "ISC", "Unlicense", "blessing"}
	for _, l := range all {
		for _, name := range l.names {
			if !slices.Contains(permissive, name) {
				t.Errorf("%s is under %s: may it be shipped with this program?", l.path, name)
			}
		}
		if len(strings.Join(l.texts, "")) < 200 {
			t.Errorf("%s: no text", l.path)
		}
	}
}

func TestMaterials(t *testing.T) {
	all := []licence{{path: "a/b", version: "v1", names: []string{"MIT"}}, {path: "std", version: "go1", names: []string{"BSD-3-Clause"}}}
	document := func(names ...string) map[string]any {
		components := []any{}
		for _, name := range names {
			path, version, _ := strings.Cut(name, "@")
			components = append(components, map[string]any{"name": path, "version": version})
		}
		return map[string]any{"components": components, "metadata": map[string]any{"tools": []any{map[string]any{"hashes": 1}}}}
	}
	good := document("a/b@v1", "std@go1")
	if err := complete(good, all); err != nil {
		t.Error(err)
	}
	text, _ := json.Marshal(good)
	if !strings.Contains(string(text), `"licenses":[{"license":{"id":"MIT"}}]`) || strings.Contains(string(text), "hashes") {
		t.Errorf("got %s", text)
	}
	for _, bad := range []map[string]any{document("a/b@v1"), document("a/b@v1", "std@go1", "c@v2"), document("a/b@v2", "std@go1")} {
		if err := complete(bad, all); err == nil {
			t.Errorf("%v passes", bad)
		}
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{nil, {"man"}, {"man", "today", t.TempDir()}, {"licences", "/nowhere", "/nowhere"}} {
		if err := run(args, strings.NewReader(""), &bytes.Buffer{}); err == nil {
			t.Errorf("%v passes", args)
		}
	}
}
