package reporttest

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
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
		GoldenText(t, name+suffixes[format], Rendered(t, doc, format))
	}
}

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
