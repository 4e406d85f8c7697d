package pages

import (
	"testing"
	"time"

	"duosync/cmd/internal/report"
)

// TestDaysGoByTheCalendar, whatever the hour is.
func TestDaysGoByTheCalendar(t *testing.T) {
	now := time.Date(2026, 11, 30, 9, 37, 0, 0, time.UTC)
	for then, want := range map[string]string{
		"2026-12-30T00:00:00Z": "in 30 days", "2026-12-30T23:59:00Z": "in 30 days",
		"2026-12-01T00:00:00Z": "tomorrow", "2026-11-30T23:00:00Z": "today",
	} {
		if got := onDay(now, stamped(then)); got != want {
			t.Errorf("%s: %q, want %q", then, got, want)
		}
	}
}

// TestSecondsWhereRunsShareAMinute and nowhere else.
func TestSecondsWhereRunsShareAMinute(t *testing.T) {
	heads := []report.Head{{Started: "2026-11-30T09:37:15Z"}, {Started: "2026-11-30T09:37:02Z"}, {Started: "2026-11-30T09:30:02Z"}}
	for i, want := range []string{"2026-11-30 09:37:15 UTC", "2026-11-30 09:37:02 UTC", "2026-11-30 09:30 UTC"} {
		if got := times(heads)(&heads[i]); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestWaitingHasNoEmptyColumns: a report knows no names of those who wait.
func TestWaitingHasNoEmptyColumns(t *testing.T) {
	for _, test := range []struct {
		who  Removal
		want int
	}{{Removal{Username: "ann"}, 3}, {Removal{Username: "ann", Mail: "a@example.com"}, 4}, {Removal{Name: "Ann", Mail: "a@example.com", Since: time.Unix(1, 0)}, 6}} {
		table := waitingTable([]Removal{test.who}, time.Now(), 9)
		for row := range table.Rows {
			if len(table.Columns) != test.want || len(row.Cells) != test.want {
				t.Errorf("%+v: %d columns, %d cells, want %d", test.who, len(table.Columns), len(row.Cells), test.want)
			}
		}
	}
}
