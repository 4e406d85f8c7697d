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
