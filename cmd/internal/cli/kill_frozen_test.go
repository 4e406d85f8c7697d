package cli

import (
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"duosync/duo/duosim"
)

// TestFrozen freezes a run in the middle of a call, whose effect is there and whose
// reply is not. PostgreSQL takes its host for gone; another process takes the state
// over, waits until the call must be over, finds out what became of it and goes on.
// When the first one goes on, it writes nothing more, to the state or to Duo.
func TestFrozen(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{
		"users": "/admin/v1/users/bulk_create", "changes": "/admin/v1/bulk", "phone": "/admin/v1/phones", "group": "/admin/v1/groups", "mail": "/admin/v1/users/enroll",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			freeze(t, path)
		})
	}
}

func freeze(t *testing.T, path string) {
	t.Helper()
	const operation, timeout = 5 * time.Second, 3 * time.Second
	server := postgres(t)
	s := newSite(t, siteOptions{dsn: server.Schema(t), sync: crowdRules, more: crowdMails, timeout: timeout.String(), duo: "  max_in_flight: 1"}) // or others would be anywhere
	c := newCrowd(s, 1)
	for range 12 {
		c.hires()
	}
	c.heads[0].mobile, c.heads[0].mailed = "", true
	c.publish(c.heads[0])
	c.publishTeams()

	first := s.command("sync", "--format", "json")
	first.cmd.Env = append(first.cmd.Env, "PGAPPNAME=frozen-"+t.Name(), operationTime+"="+operation.String())
	held, release := make(chan struct{}), make(chan struct{})
	letGo := sync.OnceFunc(func() { close(release) })
	defer letGo()
	hold := sync.OnceFunc(func() {
		close(held)
		<-release
	})
	s.before(func(call duosim.Call) {
		if call.Method == "POST" && call.Path == path {
			hold()
		}
	})
	begun := time.Now() // before the intent
	first.start()
	select {
	case <-held:
	case <-first.done:
		t.Fatalf("the first run did not come to %s: %s", path, first.wait().out)
	}
	var taken time.Time // when the second process first called Duo
	see := sync.OnceFunc(func() { taken = time.Now() })
	s.before(func(duosim.Call) { see() })
	first.signal(syscall.SIGSTOP)
	s.must(server.Admin(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE application_name = left('frozen-` + t.Name() + `', 63) AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')`))

	second := s.startRun().wait()
	if second.code != 0 || second.report.Outcome != "applied" && second.report.Outcome != "no-changes" {
		t.Fatalf("the second run: exit %d\n%s%s", second.code, second.err, brief(second.out))
	}
	if waited := taken.Sub(begun); waited < operation+timeout {
		t.Errorf("the second run called Duo %v after the first one began; a call of that may last %v", waited, operation+timeout)
	}
	if !strings.Contains(second.out, "an earlier run left open") {
		t.Errorf("the second run does not tell what it settled:\n%s", brief(second.out))
	}
	before, history := s.ledger.count(), s.run("history", "--format", "json").out
	s.duo.ResetCalls()
	letGo()
	first.signal(syscall.SIGCONT)
	r := first.wait()
	if r.code != 1 || r.report.Outcome != "failed" || !strings.Contains(r.err, "another process has taken the state over") || !strings.Contains(r.err, "→") {
		t.Errorf("the first run: exit %d, %s\n%s", r.code, r.report.Outcome, r.err)
	}
	t.Logf("the first run said: %s", r.err)
	for _, call := range s.duo.Calls() {
		if call.Method != "GET" {
			t.Errorf("the first run still sent %s %s", call.Method, call.Path)
		}
	}
	if now := s.run("history", "--format", "json").out; now != history {
		t.Errorf("the first run wrote to the state: the history was\n%s\nand is\n%s", history, now)
	}
	for range 2 { // what an operation did not come to is brought about, and told
		if s.sync().report.Outcome == "no-changes" {
			break
		}
	}
	s.settled()
	wrong := append(c.wrong(), s.ledger.twice(0)...)
	if len(wrong) > 0 {
		t.Errorf("in the end:\n%s", strings.Join(wrong, "\n"))
	}
	t.Logf("%d writes with effect, %d of them before the end of the first run", s.ledger.count(), before)
}
