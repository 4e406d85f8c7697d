package daemon_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestDaylightSaving runs the daemon over the two nights of Europe/Berlin in
// which clocks are set, on a clock that the test moves.
func TestDaylightSaving(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	spring := time.Date(2000, 3, 25, 12, 0, 0, 0, berlin)  // 02:00 becomes 03:00 on the 26th
	autumn := time.Date(2000, 10, 28, 12, 0, 0, 0, berlin) // 03:00 becomes 02:00 on the 29th
	for _, test := range []struct {
		name, spec string
		from       time.Time
		hours      int
		want       []string
	}{
		{"a time in the gap is left out", "30 2 * * *", spring, 48, []string{"27 02:30 CEST"}},
		{"a time after the gap comes", "0 3 * * *", spring, 48, []string{"26 03:00 CEST", "27 03:00 CEST"}},
		{"half hours go on through the gap", "*/30 * * * *", spring.Add(13 * time.Hour), 2,
			[]string{"26 01:30 CET", "26 03:00 CEST", "26 03:30 CEST"}},
		{"an interval goes on through the gap", "@every 45m", spring.Add(13 * time.Hour), 2,
			[]string{"26 01:45 CET", "26 03:30 CEST"}},
		{"a time in the hour that comes twice is met twice", "30 2 * * *", autumn, 48,
			[]string{"29 02:30 CEST", "29 02:30 CET", "30 02:30 CET"}},
		{"a time after that hour comes once", "0 3 * * *", autumn, 48, []string{"29 03:00 CET", "30 03:00 CET"}},
		{"hours go on through both", "@hourly", autumn.Add(13 * time.Hour), 4,
			[]string{"29 02:00 CEST", "29 02:00 CET", "29 03:00 CET"}},
		{"midnight comes once", "@daily", autumn, 48, []string{"29 00:00 CEST", "30 00:00 CET"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(test.from))
				j := newJob(fine(time.Second))
				stop := j.start(t, parse(t, every(test.spec, "Europe/Berlin", false)))
				time.Sleep(time.Duration(test.hours)*time.Hour - time.Minute)
				if err := stop(); err != nil {
					t.Error(err)
				}
				if diff := cmp.Diff(test.want, j.startTimes("02 15:04 MST", berlin)); diff != "" {
					t.Errorf("runs (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestTimesOfRuns(t *testing.T) {
	for _, test := range []struct {
		name, spec string
		atStart    bool
		takes      time.Duration
		want       []string
	}{
		{"at the start, and then on the spec", "*/10 * * * *", true, time.Second, []string{"00:00:00", "00:10:00", "00:20:00", "00:30:00", "00:40:00"}},
		{"not at the start", "*/20 * * * *", false, time.Second, []string{"00:20:00", "00:40:00"}},
		{"an interval is counted from start to start", "@every 15m", true, 5 * time.Minute, []string{"00:00:00", "00:15:00", "00:30:00", "00:45:00"}},
		{"a long run leaves out what it missed", "*/10 * * * *", true, 25 * time.Minute, []string{"00:00:00", "00:30:00"}},
		{"a long run moves an interval on", "@every 10m", true, 15 * time.Minute, []string{"00:00:00", "00:25:00"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := newJob(fine(test.takes))
				stop := j.start(t, parse(t, every(test.spec, "UTC", test.atStart)))
				time.Sleep(49 * time.Minute)
				if err := stop(); err != nil {
					t.Error(err)
				}
				if diff := cmp.Diff(test.want, j.startTimes("15:04:05", time.UTC)); diff != "" {
					t.Errorf("runs (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestJitter delays runs by chance, within the jitter, and not at the start.
func TestJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJob(fine(time.Second))
		begin := time.Now()
		stop := j.start(t, parse(t, "schedule: {cron: '@hourly', jitter: 10m}\n"))
		time.Sleep(50*time.Hour + 30*time.Minute)
		if err := stop(); err != nil {
			t.Error(err)
		}
		if len(j.starts) != 51 || !j.starts[0].Equal(begin) {
			t.Fatalf("%d runs, the first %s after the start, want 51 and 0s", len(j.starts), j.starts[0].Sub(begin))
		}
		delays := map[time.Duration]bool{}
		for i, at := range j.starts[1:] {
			delay := at.Sub(begin.Add(time.Duration(i+1) * time.Hour))
			if delay < 0 || delay > 10*time.Minute {
				t.Errorf("run %d is %s late", i+1, delay)
			}
			delays[delay] = true
		}
		if len(delays) < 40 {
			t.Errorf("only %d different delays", len(delays))
		}
	})
}
