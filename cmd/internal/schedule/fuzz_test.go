package schedule_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/schedule"
)

// FuzzSchedule holds that a schedule that the configuration lets pass can be
// followed: each run is due after the one before, and the first within the years
// that a cron spec can skip.
func FuzzSchedule(f *testing.F) {
	for _, spec := range []string{
		"*/30 * * * *", "@hourly", "@every 1s", "@every 1000000h", "0 2 29 2 *", "0 0 31 2 *", "TZ=UTC * * * * *", "CRON_TZ=0", "TZ=0", "* * * * * *", "60 * * * *",
		"1-5/2,7 0-23 ? JAN-DEC SUN", "*/0 * * * *", "0-59/99999999999999999999 * * * *", "@every -1s", "@every 1ns", "@reboot", "5-1 * * * *", "",
	} {
		f.Add(spec, "UTC", int64(1_800_000_000))
		f.Add(spec, "Europe/Berlin", int64(1_774_747_800)) // before clocks go forward
	}
	for _, zone := range []string{"", "Local", "../UTC", "America/St_Johns", "\x00"} {
		f.Add("30 2 * * *", zone, int64(0))
	}
	f.Fuzz(func(t *testing.T, spec, zone string, at int64) {
		if len(spec) > 200 || !utf8.ValidString(spec) || !utf8.ValidString(zone) || strings.Contains(spec+zone, "${") {
			return
		}
		text := fmt.Sprintf("duo: {host: api-1a2b3c4d.duosecurity.com, integration_key: DIWJ8X6AEYOR5OMC6TQ1, secret_key: x}\nschedule: {cron: %q, timezone: %q}\n", spec, zone)
		loaded, err := config.Parse("/etc/duosync/config.yaml", []byte(text), func(string) (string, bool) { return "", false })
		if err != nil {
			return
		}
		c := loaded.Config.Schedule
		s, err := schedule.New(c.Cron, c.Timezone, c.Jitter)
		if err != nil {
			t.Fatalf("the configuration takes %q in %q, and it can't be followed: %v", spec, zone, err)
		}
		const years = 30 * 365 * 24 * 3600
		now := time.Unix((at%years+years)%years+years, 0) // from 2000 to 2060
		for range 3 {
			next := s.Next(now, now)
			if next.IsZero() || !next.After(now) {
				t.Fatalf("%q in %q: %v comes after %v", spec, zone, next, now)
			}
			now = next
		}
	})
}
