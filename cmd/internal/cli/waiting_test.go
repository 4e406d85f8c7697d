package cli

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"duosync/duo/duosim"
)

// during has something done at the first call of that kind, before its reply.
func (s *site) during(method, path string, do func()) (struck func() bool) {
	var once atomic.Bool
	s.before(func(c duosim.Call) {
		if c.Method == method && strings.HasPrefix(c.Path, path) && !once.Swap(true) {
			do()
		}
	})
	return once.Load
}

// sent counts calls that write.
func (s *site) sent() (n int) {
	for _, c := range s.duo.Calls() {
		if c.Method != "GET" {
			n++
		}
	}
	return n
}

// TestPauseStopsARunThatWaits pauses while a run waits: for a Retry-After, or for its turn at
// a slow rate, with calls of many and of one. After "Paused" nothing is sent; the run ends
// with the pause, and leaves nothing open.
func TestPauseStopsARunThatWaits(t *testing.T) {
	t.Parallel()
	const people = 84
	busy := func(path string) *duosim.Fault {
		return &duosim.Fault{Name: "busy", Method: "POST", Path: path, Times: 1, Effect: duosim.Status429, RetryAfter: 20 * time.Second}
	}
	for name, test := range map[string]struct {
		duo, rate string
		fault     *duosim.Fault
	}{
		"Retry-After, together":  {fault: busy("/admin/v1/users/bulk_create")},
		"Retry-After, alone":     {fault: busy("/admin/v1/users"), duo: "  bulk: off\n  max_in_flight: 1"},
		"Retry-After, in flight": {fault: &duosim.Fault{Name: "busy", Method: "POST", Effect: duosim.Status429, RetryAfter: 20 * time.Second}, duo: "  bulk: off\n  max_in_flight: 4"},
		"a slow rate":            {duo: "  bulk: off\n  max_in_flight: 4", rate: "60/1m"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEither(t, func(t *testing.T, dsn string) {
				s := newSite(t, siteOptions{dsn: dsn, duo: test.duo})
				for i := range people {
					s.hire(fmt.Sprintf("u%03d", i))
				}
				if test.rate != "" {
					s.rate(test.rate)
				}
				if test.fault != nil {
					s.must(s.duo.AddFault(*test.fault))
				}
				sent, made := 0, 0
				struck := s.during("POST", "/admin/v1/users", func() {
					if r := s.run("pause", "--reason", "fire"); r.code != 0 || !strings.Contains(r.out, "Paused") {
						t.Errorf("pause: exit %d\n%s%s", r.code, r.out, r.err)
					}
					sent, made = s.sent(), len(s.duo.Users())
				})
				r := s.startRun().wait()
				if !struck() || r.code != 1 || !strings.Contains(r.err, "writing is paused") || !strings.Contains(r.err, "duosync resume") {
					t.Errorf("exit %d\n%s", r.code, r.err)
				}
				if now := s.sent(); now > sent+3 { // those in flight at the time
					t.Errorf("%d calls when it was paused, %d in the end", sent, now)
				}
				users := len(s.duo.Users())
				if test.fault != nil && users > 0 || users > made+1 {
					t.Errorf("%d users when it was paused, %d in the end", made, users)
				}
				results := map[string]int{}
				for _, op := range r.report.Operations {
					results[op.Result]++
				}
				if results["applied"] != users || results["skipped"] != people-users {
					t.Errorf("the report has %v", results)
				}
				if s.run("resume").code != 0 {
					t.Error("not resumed")
				}
				s.duo.ClearFaults()
				s.rate("5000/1s")
				if r := s.want(0, "applied"); strings.Contains(r.out, "an earlier run left open") {
					t.Errorf("something was left open:\n%s", brief(r.out))
				}
				s.settled()
				if n := len(s.duo.Users()); n != people {
					t.Errorf("%d users in the end", n)
				}
			})
		})
	}
}

// rate sets the rate of calls.
func (s *site) rate(rate string) {
	data, err := os.ReadFile(s.config)
	s.must(err)
	lines := strings.Split(string(data), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "  rate: ") {
			lines[i] = "  rate: " + rate
		}
	}
	s.must(os.WriteFile(s.config, []byte(strings.Join(lines, "\n")), 0o600))
}

// TestDisableBesideARunThatWaits disables somebody whom a waiting run is about to enable, by
// itself and together with others: the user stays disabled, and the others are enabled.
func TestDisableBesideARunThatWaits(t *testing.T) {
	t.Parallel()
	for name, people := range map[string]int{"alone": 1, "together": 60} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEither(t, func(t *testing.T, dsn string) {
				s := newSite(t, siteOptions{dsn: dsn, sync: "  limits: {max_update: off, max_enable: off, max_remove: off}\n"})
				uid := func(i int) string { return fmt.Sprintf("ext%03d", 100+i) }
				lock := func(locked ...string) {
					for i := range people {
						s.must(s.ldap.Replace(s.person(uid(i)), "accountLock", locked...))
					}
				}
				for i := range people {
					s.hire(uid(i))
				}
				s.want(0, "applied")
				lock("true")
				s.want(0, "applied")
				lock("false")
				path := "/admin/v1/bulk"
				if people == 1 {
					path = "/admin/v1/users/*"
				}
				s.must(s.duo.AddFault(duosim.Fault{Name: "busy", Method: "POST", Path: path, Times: 1, Effect: duosim.Status429, RetryAfter: 4 * time.Second}))
				struck := s.during("POST", strings.TrimSuffix(path, "*"), func() {
					s.duo.ClearFaults() // it has struck
					if r := s.run("disable", "ext100", "--reason", "fired"); r.code != 0 || !strings.Contains(r.out, "No run lets this user in again") {
						t.Errorf("disable: exit %d\n%s%s", r.code, r.out, r.err)
					}
				})
				r := s.startRun().wait()
				if !struck() || r.code != exitPartial || !strings.Contains(r.out, "somebody keeps this user disabled since the run began") {
					t.Errorf("exit %d\n%s%s", r.code, r.err, brief(r.out))
				}
				for _, u := range s.duo.Users() {
					if (u.Status == "active") != (u.Username != "ext100") {
						t.Errorf("%s is %s", u.Username, u.Status)
					}
				}
				s.onCall.Store(nil)
				if r := s.sync(); r.code != 0 || strings.Contains(r.out, "an earlier run left open") {
					t.Errorf("the next run: exit %d\n%s%s", r.code, r.err, brief(r.out))
				}
				s.settled()
			})
		})
	}
}
