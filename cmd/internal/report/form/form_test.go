package form_test

import (
	"testing"

	"duosync/cmd/internal/report/form"
)

func TestParse(t *testing.T) {
	for _, format := range form.Formats() {
		if got, ok := form.Parse(string(format)); !ok || got != format {
			t.Errorf("%s: %s, %v", format, got, ok)
		}
	}
	if _, ok := form.Parse("xml"); ok {
		t.Error("xml is a form")
	}
	if _, ok := form.Parse("csv", form.Table, form.JSON); ok {
		t.Error("csv is one of table and JSON")
	}
}
