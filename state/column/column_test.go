package column_test

import (
	"testing"
	"time"

	"duosync/state/column"
)

func TestTexts(t *testing.T) {
	for _, test := range []struct{ value, want any }{
		{mustValue(column.At(time.Time{}).Value()), nil},
		{mustValue(column.At(time.Date(2026, 3, 4, 5, 6, 7, 8, time.FixedZone("", 3600))).Value()), "2026-03-04T04:06:07.000000008Z"},
		{mustValue(column.AsJSON([]string(nil)).Value()), nil},
		{mustValue(column.AsJSON([]string{"a"}).Value()), `["a"]`},
		{mustValue(column.Text("a\x00b\xffc").Value()), "a\uFFFDb\uFFFDc"},
	} {
		if test.value != test.want {
			t.Errorf("%q, want %q", test.value, test.want)
		}
	}
}

func mustValue(v any, err error) any {
	if err != nil {
		return err
	}
	return v
}
