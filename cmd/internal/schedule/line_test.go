package schedule_test

import (
	"regexp"
	"testing"
	"time"

	"duosync/cmd/internal/schedule"
	dirsync "duosync/sync"
)

// What is wrong with a cron line is told without Go's own words.
func TestMistakesInPlainWords(t *testing.T) {
	for _, line := range []string{
		"abc * * * *", "*/x * * * *", "1-b * * * *", "61 * * * *", "* * * *", "@every 5", "@every x", "@every", "@nonsense", "* * 99999999999999999999 * *", "5,a * * * *", "-1 * * * *",
	} {
		_, err := schedule.Parse(line, time.UTC)
		if err == nil || dirsync.Hint(err) == "" || regexp.MustCompile(`strconv|time: |parsing|invalid syntax`).MatchString(err.Error()) {
			t.Errorf("%q: %v (%s)", line, err, dirsync.Hint(err))
		}
	}
}

// TestSunday: 7 is Sunday, too, wherever it stands.
func TestSunday(t *testing.T) {
	for line, same := range map[string]string{
		"0 2 * * 7":      "0 2 * * 0",
		"0 2 * * 5-7":    "0 2 * * 5,6,0",
		"0 2 * * 1-7":    "0 2 * * *",
		"0 2 * * 0-7":    "0 2 * * *",
		"0 2 * * 1-7/2":  "0 2 * * 1,3,5,0",
		"0 2 * * 7,3":    "0 2 * * 0,3",
		"0 2 * * fri-7":  "0 2 * * FRI,SAT,SUN",
		"0 2 * * 7-7":    "0 2 * * 0",
		"0 2 * * 2,5-7":  "0 2 * * 2,5,6,0",
		"7 7 7 7 *":      "7 7 7 7 *",
		"*/17 * 7 * 1-5": "*/17 * 7 * 1-5",
	} {
		a, err := schedule.Parse(line, time.UTC)
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		b, err := schedule.Parse(same, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		now := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
		x, y := now, now
		for range 20 {
			x, y = a.Next(x), b.Next(y)
			if !x.Equal(y) {
				t.Errorf("%s comes at %v, %s at %v", line, x, same, y)
				break
			}
		}
	}
	for _, line := range []string{"0 2 * * 8", "0 2 * * 7-3", "0 2 * * 1-8", "0 2 * * 17", "0 2 * * x-7", "0 2 * * -7", "0 2 * * 1-7/0", "0 2 * * 1-7/x", "0 2 * * 77", "0 2 * * 8-7"} {
		if _, err := schedule.Parse(line, time.UTC); err == nil {
			t.Errorf("%s is taken", line)
		}
	}
}

func TestLongest(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 3, 5, 17, 30, 0, 0, time.UTC) // a Thursday
	for line, want := range map[string]time.Duration{
		"*/30 * * * *":   30 * time.Minute,
		"* * * * *":      time.Minute,
		"@every 1s":      time.Second,
		"0 8-18 * * 1-5": 62 * time.Hour, // from Friday evening to Monday morning
		"0 3 * * *":      24 * time.Hour,
		"0 3 1 * *":      30 * 24 * time.Hour, // from 1 April to 1 May
		"0 3 29 2 *":     (3*365 + 366) * 24 * time.Hour,
		"*/5 6-22 * * *": 7*time.Hour + 5*time.Minute,
	} {
		s, err := schedule.New(line, "UTC", time.Minute)
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		if got := s.Longest(from); got != want {
			t.Errorf("%s: %v, want %v", line, got, want)
		}
	}
}
