package column_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"duosync/state/column"
)

type inner struct {
	ID   string      `db:"id"`
	When column.Time `db:"at"`
}

type outer struct {
	inner
	Text column.Text `db:"text"`
	Note string
}

func TestRows(t *testing.T) {
	row := column.Of[outer]()
	if diff := cmp.Diff([]string{"id", "at", "text"}, row.Names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	at := column.At(time.Date(2026, 3, 4, 5, 6, 7, 8, time.UTC))
	values := row.Values(&outer{inner{"a", at}, "b", "not a column"})
	if diff := cmp.Diff([]any{"a", at, column.Text("b")}, values); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	const upsert = `INSERT INTO t (id, at, text) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET at = excluded.at, text = excluded.text`
	if got := column.Upsert("t", row.Names...); got != upsert {
		t.Errorf("upsert: %s", got)
	}
}

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
