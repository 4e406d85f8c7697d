package explanation_test

import (
	"bytes"
	"strings"
	"testing"

	"duosync/cmd/internal/report/explanation"
	"duosync/cmd/internal/report/form"
)

// Whom the time alone has disabled is told as such, in words and in JSON.
func TestEndOfAnAccountInWords(t *testing.T) {
	t.Parallel()
	doc := everythingExplained("asilva")
	doc.Entry.Term = "expired on 2026-02-28 00:00 UTC"
	for format, want := range map[form.Format]string{
		"table": "found, disabled: expired on 2026-02-28 00:00 UTC",
		"json":  `"term": "expired on 2026-02-28 00:00 UTC"`,
	} {
		if got := written(t, doc, format); !strings.Contains(got, want) {
			t.Errorf("%s does not say %q:\n%s", format, want, got)
		}
	}
}

func written(t *testing.T, doc *explanation.Document, format form.Format) string {
	t.Helper()
	var out bytes.Buffer
	if err := form.Write(&out, doc, format, form.Look{}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
