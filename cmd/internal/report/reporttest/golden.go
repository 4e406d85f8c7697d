package reporttest

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"duosync/cmd/internal/report/form"
)

var update = flag.Bool("update", false, "write what the forms give into testdata")

// Rendered gives a document in one form.
func Rendered(t *testing.T, doc form.Renderer, format form.Format) string {
	t.Helper()
	var out bytes.Buffer
	if err := doc.Write(&out, format, form.Look{}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// Golden compares every form of a document with testdata; go test -update writes it
// anew.
func Golden(t *testing.T, name string, doc form.Renderer) {
	t.Helper()
	suffixes := map[form.Format]string{form.Table: ".txt", form.JSON: ".json", form.Markdown: ".md", form.HTML: ".html", form.CSV: ".csv"}
	for _, format := range form.Formats() {
		GoldenText(t, name+suffixes[format], Bare(Rendered(t, doc, format)))
	}
}

// Bare gives a page of HTML without what each has alike; any other text as it is.
func Bare(text string) string {
	if !strings.HasPrefix(text, "<!DOCTYPE html>") {
		return text
	}
	return ownParts.ReplaceAllString(text, "$1…$2")
}

// ownParts are what each page has alike, and is tested where it is made: the style sheet, the
// script, and their hashes.
var ownParts = regexp.MustCompile(`(?s)(<style>|<script>|Policy" content=").*?(</style>|</script>|" />)`)

// GoldenText compares a text with a file in testdata; go test -update writes it anew.
func GoldenText(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}
