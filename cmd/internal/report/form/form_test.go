package form_test

import (
	"strings"
	"testing"

	"duosync/cmd/internal/report/form"
	dirsync "duosync/sync"
)

func TestParse(t *testing.T) {
	for _, format := range form.Formats() {
		if got, err := form.Parse(string(format)); err != nil || got != format {
			t.Errorf("%s: %s, %v", format, got, err)
		}
	}
	if _, err := form.Parse("xml"); err == nil || !strings.Contains(dirsync.Hint(err), "markdown") {
		t.Errorf("xml: %v, want the forms that there are", err)
	}
}
