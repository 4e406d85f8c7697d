package notify_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/notify"
)

// systemd tells how a unit ended in these variables.
func ended(result, code, status string) map[string]string {
	return map[string]string{"MONITOR_SERVICE_RESULT": result, "MONITOR_EXIT_CODE": code, "MONITOR_EXIT_STATUS": status, "MONITOR_UNIT": "duosync.service"}
}

// fails has a unit fail half an hour later, and gives what the receiver got.
func (s *scene) fails(env map[string]string) string {
	s.t.Helper()
	s.at = s.at.Add(30 * time.Minute)
	u := notify.UnitOf("duosync.service", func(name string) (string, bool) { value, ok := env[name]; return value, ok })
	found, err := notify.Failed(s.t.Context(), s.config, u, s.options())
	must(s.t, err)
	if len(found.Channels) != 1 || !found.Channels[0].OK {
		s.t.Errorf("%v: %+v", env, found.Channels)
	}
	return s.hook.took()
}

// TestUnit: each way in which a unit ends is told in words, with where to look; what its run tells
// by itself is not told again.
func TestUnit(t *testing.T) {
	for _, end := range []struct{ result, code, status, want, hint string }{
		{"exit-code", "exited", "1", "it ended with status 1", "journalctl -u duosync.service"},
		{"exit-code", "exited", "2", "", ""}, // nothing that a run of the unit ends with wants a human twice
		{"exit-code", "exited", "3", "", ""},
		{"exit-code", "exited", "4", "", ""},
		{"exit-code", "exited", "203", "systemd could not start it (203)", "journalctl"},
		{"exit-code", "exited", "EXEC", "systemd could not start it (EXEC)", "journalctl"},
		{"signal", "killed", "KILL", "it was killed by the signal KILL", "journalctl"},
		{"core-dump", "dumped", "SEGV", "it crashed with the signal SEGV", "report it"},
		{"oom-kill", "killed", "KILL", "no memory left", "docs/performance.md"},
		{"watchdog", "dumped", "ABRT", "it was silent for too long", "journalctl"},
		{"timeout", "killed", "TERM", "longer than its unit allows", "journalctl"},
		{"start-limit-hit", "", "", "is not started again", "systemctl reset-failed duosync.service"},
		{"resources", "", "", "systemd could not set it up", "journalctl"},
		{"a later word", "", "", "it failed", "journalctl"},
		{"", "", "", "it failed", "journalctl"}, // before systemd 251
	} {
		s := newScene(t, "failure")
		got := s.fails(ended(end.result, end.code, end.status))
		if (end.want != "") != (got == "failure") {
			t.Errorf("%+v: told %q", end, got)
		}
		if end.want == "" || len(s.hook.raw) == 0 {
			continue
		}
		var m struct{ Subject, Error, Hint, Next, Account string }
		must(t, json.Unmarshal([]byte(s.hook.raw[0]), &m))
		if !strings.HasPrefix(m.Subject, "duosync api-1a2b3c4d.duosecurity.com: duosync.service FAILED: ") || !strings.Contains(m.Subject, end.want) || !strings.Contains(m.Hint, end.hint) ||
			strings.Contains(m.Subject+m.Next, "nothing was written") {
			t.Errorf("%+v: %+v", end, m)
		}
		if strings.Contains(s.hook.raw[0], "planted") {
			t.Errorf("a secret shows: %s", s.hook.raw[0])
		}
	}
}

// TestUnitAndRuns: a unit that fails and runs that tell of themselves share what people know.
func TestUnitAndRuns(t *testing.T) {
	s := newScene(t, "failure, held")
	killed, error1 := ended("signal", "killed", "KILL"), ended("exit-code", "exited", "1")
	for _, step := range []struct {
		what, want string
		do         func() string
	}{
		{"a run fails, and tells it", "failure", func() string { s.tell(notify.New(s.options()), "failed", "failure", ""); return "failure" }},
		{"its unit ends with 1", "", func() string { return s.fails(error1) }},
		{"the next one is killed", "failure", func() string { return s.fails(killed) }},
		{"and again", "", func() string { return s.fails(killed) }},
		{"a good run", "recovered", func() string { s.tell(notify.New(s.options()), "ok", "recovered", ""); return "recovered" }},
		{"a daemon does not start", "failure", func() string { return s.fails(error1) }},
		{"and again", "", func() string { return s.fails(error1) }},
		{"it is killed, a day later", "failure", func() string { s.at = s.at.Add(24 * time.Hour); return s.fails(killed) }},
		{"and a day later", "failure again", func() string { s.at = s.at.Add(24 * time.Hour); return s.fails(killed) }},
	} {
		if got := step.do(); got != step.want {
			t.Errorf("%s: told %q, want %q", step.what, got, step.want)
		}
	}
	quiet := newScene(t, "held")
	if got := quiet.fails(killed); got != "" {
		t.Errorf("who wants to know of holds alone was told %q", got)
	}
}

func TestUnitAndNobody(t *testing.T) {
	s := newScene(t, "failure")
	s.config.Notify.WebhookURL = config.Secret{}
	if _, err := notify.Failed(t.Context(), s.config, notify.Unit{Name: "duosync.service"}, s.options()); !errors.Is(err, notify.ErrNobody) {
		t.Errorf("%v, want ErrNobody", err)
	}
}
