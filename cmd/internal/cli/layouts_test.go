package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"duosync/ldapsrc/slapdtest"
)

// layoutSections are the sections of docs/directories.md, and the page of FreeIPA, whose
// example a file of testdata/layouts is for.
func layoutSections() map[string]string {
	return map[string]string{
		"freeipa": "FreeIPA", "opendj": "OpenDJ, PingDS, PingDirectory and Oracle Unified Directory", "edirectory": "NetIQ eDirectory",
		"oracle": "Oracle Internet Directory", "univention": "Univention Corporate Server", "apple": "Apple Open Directory", "posix": "POSIX accounts",
	}
}

// TestLayouts takes the examples of docs/directories.md and docs/freeipa.md at their word. Each reads a slapd
// that has the schema and people of such a directory, and gives the users that the file of
// testdata/layouts foretells: at first, and after the changes there.
func TestLayouts(t *testing.T) {
	examples := exampleOf(t, "directories.md")
	examples["FreeIPA"] = exampleOf(t, "freeipa.md")["The configuration"]
	files, err := filepath.Glob("testdata/layouts/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	sections := layoutSections()
	if len(files) != len(sections) || len(examples) != len(sections) {
		t.Errorf("%d files and %d examples for %d layouts", len(files), len(examples), len(sections))
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		t.Run(name, func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			parts := map[string]string{}
			for _, part := range archive.Files {
				parts[part.Name] = string(part.Data)
			}
			playLayout(t, examples[sections[name]], parts)
		})
	}
}

// exampleOf gives the examples of a page by the headings of their sections.
func exampleOf(t *testing.T, name string) map[string]string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("../../../docs", name))
	if err != nil {
		t.Fatal(err)
	}
	examples := map[string]string{}
	for _, section := range strings.Split(string(page), "\n## ")[1:] {
		heading, text, _ := strings.Cut(section, "\n")
		if _, example, found := strings.Cut(text, "```yaml\n"); found {
			example, rest, closed := strings.Cut(example, "```\n")
			if !closed || strings.Contains(rest, "```yaml\n") {
				t.Errorf("%s: want one example", heading)
			}
			examples[heading] = example
		}
	}
	return examples
}

func playLayout(t *testing.T, example string, parts map[string]string) {
	t.Helper()
	server := slapdtest.Start(t, slapdtest.Options{Schema: parts["layout.schema"], LDIF: parts["people.ldif"]})
	h := newHouse(t, houseOptions{ldap: "ldap: {}"})
	h.write(layoutConfig(t, h, server, example))
	if r := h.run("check"); r.code != 0 {
		t.Fatalf("check: exit %d\n%s%s", r.code, r.out, r.err)
	}
	h.want(0, "applied")
	if diff := cmp.Diff(parts["first"], h.users()); diff != "" {
		t.Fatalf("users of Duo at first (-want +got):\n%s", diff)
	}
	h.duo.ResetCalls()
	h.want(0, "no-changes")
	if calls := h.duo.Calls(); len(calls) > 0 {
		t.Errorf("a run without changes called Duo %d times", len(calls))
	}
	for line := range strings.Lines(parts["change"]) {
		changeLayout(server, strings.Split(strings.TrimSpace(line), " | "))
	}
	h.want(0, "applied")
	if diff := cmp.Diff(parts["then"], h.users()); diff != "" {
		t.Errorf("users of Duo after the changes (-want +got):\n%s", diff)
	}
	h.want(0, "no-changes")
}

// changeLayout makes one change: an attribute of an entry, "delete DN", or "move DN" and
// where to.
func changeLayout(server *slapdtest.Server, words []string) {
	if dn, found := strings.CutPrefix(words[0], "delete "); found {
		server.Delete(dn)
	} else if dn, found := strings.CutPrefix(words[0], "move "); found {
		rdn, _, _ := strings.Cut(dn, ",")
		server.Rename(dn, rdn, words[1])
	} else {
		server.Modify(words[0], words[1], words[2:]...)
	}
}

// layoutConfig makes a configuration of an example: the suffix, the server and the account
// become the test's.
func layoutConfig(t *testing.T, h *house, server *slapdtest.Server, example string) string {
	t.Helper()
	for _, change := range []struct{ from, to string }{
		{`(?m)^  urls: .*$`, fmt.Sprintf("  urls: [%q]", server.TLSURL)},
		{`(?m)^  ca_file: .*\n`, ""},
		{`(?m)^  bind_dn: .*$`, fmt.Sprintf("  ca_file: %s\n  bind_dn: %q", server.CAFile, slapdtest.ReaderDN)},
		{`\$\{LDAP_PASSWORD\}`, bindPassword},
		{`(?m)dc=example,dc=org|o=example`, slapdtest.Suffix},
		{`(?m)^sync:$`, "sync:\n  refresh_every: 24h"},
	} {
		pattern := regexp.MustCompile(change.from)
		if !pattern.MatchString(example) && change.to != "" {
			t.Fatalf("the example has no %s:\n%s", change.from, example)
		}
		example = pattern.ReplaceAllLiteralString(example, change.to)
	}
	duo, err := os.ReadFile(filepath.Join(h.dir, "duo.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s\n%s  rate: 5000/1s\nstate: {dsn: state.db}\n", example, duo)
}

// users lists Duo's users with their status, a line each.
func (h *house) users() string {
	h.t.Helper()
	var lines []string
	for _, u := range h.duo.Users() {
		lines = append(lines, fmt.Sprintf("%s %s\n", u.Username, u.Status))
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}
