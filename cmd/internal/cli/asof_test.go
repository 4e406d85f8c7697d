package cli

import (
	"testing"
	"time"

	dirsync "duosync/sync"
)

func TestParseAsOf(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"":                          {},
		"720h":                      now.Add(720 * time.Hour),
		"0s":                        now,
		"2026-04-01":                time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC),
		"2026-04-01T10:00:00Z":      time.Date(2026, 4, 1, 10, 0, 0, 0, time.UTC),
		"2026-04-01T10:00:00+02:00": time.Date(2026, 4, 1, 8, 0, 0, 0, time.UTC),
	} {
		if got, err := parseAsOf(text, true, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"-1h", "720", "tomorrow", "2026-04-31", "2026-04-01 10:00"} {
		if at, err := parseAsOf(text, true, now); err == nil || dirsync.Hint(err) == "" {
			t.Errorf("%q is taken for %v, or without advice: %v", text, at, err)
		}
	}
	if _, err := parseAsOf("720h", false, now); err == nil || dirsync.Hint(err) == "" {
		t.Errorf("a run that writes takes --as-of: %v", err)
	}
}
