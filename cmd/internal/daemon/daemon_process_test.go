package daemon_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"duosync/duo/duosim"
	"duosync/ldapsrc/slapdtest"
)

// TestDaemon runs duosync for fifteen runs, a second apart, while the directory
// changes, Duo and the directory fail, and the configuration is loaded anew,
// well and badly.
func TestDaemon(t *testing.T) {
	t.Parallel()
	p := newPlant(t, 30, everyday()...)
	d := p.start()
	d.until("READY=1", func() bool { return d.hears("READY=1") })
	d.until("pages", func() bool { return answers(p.address) })
	// Between runs, what is open is the same at any time.
	const early, late = 5, 15
	level := map[int][2]float64{early: {1e9, 1e9}, late: {1e9, 1e9}}
	reloads := map[float64]bool{}
	for n := 1; n <= late; n++ {
		m := d.runs(n)
		for range 10 {
			if seen, ok := level[n]; ok {
				level[n] = [2]float64{min(seen[0], m["go_goroutines"]), min(seen[1], m["process_open_fds"])}
			}
			reloads[m["duosync_config_last_reload_successful"]] = true
			m = d.metrics()
		}
		d.disturb(n)
	}
	t.Logf("goroutines and descriptors: %v after %d runs, %v after %d", level[early], early, level[late], late)
	for i, what := range []string{"goroutines", "descriptors"} {
		if level[late][i] > level[early][i]+2 {
			t.Errorf("%s rise from %v to %v", what, level[early][i], level[late][i])
		}
	}
	d.until("a good reload", func() bool { return d.metrics()["duosync_config_last_reload_successful"] == 1 })
	d.until("a good run", func() bool { return d.metrics()[`duosync_last_run_outcome{outcome="no-changes"}`] == 1 })
	if code, body, _ := get(t, "http://"+p.address+"/readyz", nil); code != 200 {
		t.Errorf("readyz: %d %s", code, body)
	}
	d.signal(syscall.SIGTERM)
	if err := d.wait(); err != nil {
		t.Errorf("the daemon ended with %v", err)
	}
	p.orderly(ended(textfile(t, p.path("duosync.prom"))))
	p.createdOnce()
	if !reloads[0] || !reloads[1] {
		t.Errorf("reloads seen: %v", reloads)
	}
	for _, state := range []string{"RELOADING=1\nMONOTONIC_USEC=", "STATUS=Last run, ended", "WATCHDOG=1", "STOPPING=1"} {
		if !d.hears(state) {
			t.Errorf("the service manager did not hear %q:\n%s", state, tail(d.heard))
		}
	}
	for _, secret := range []string{token, slapdtest.ReaderPassword} {
		if strings.Contains(d.log()+d.heard, secret) {
			t.Errorf("a secret shows")
		}
	}
}

// TestStopInTheMiddle ends the daemon while it applies: the call in flight is
// finished and written down, and the next start goes on from there.
func TestStopInTheMiddle(t *testing.T) {
	t.Parallel()
	p := newPlant(t, 30)
	p.rewrite("bulk: auto", "bulk: off\n  max_in_flight: 1")
	d := p.start()
	var writes atomic.Int32
	stop := func(c duosim.Call) {
		if c.Wrote && writes.Add(1) == 5 {
			d.signal(syscall.SIGTERM)
			d.until("the stop", func() bool { return d.hears("STOPPING=1") })
		}
	}
	p.onCall.Store(&stop)
	if err := d.wait(); err != nil {
		t.Fatalf("the daemon ended with %v", err)
	}
	if users := len(p.duo.Users()); users != 5 || writes.Load() != 5 {
		t.Errorf("%d users by %d writes, want 5: the one in flight and those before", users, writes.Load())
	}
	p.onCall.Store(nil)
	p.orderly(1)
	again := p.start()
	again.until("pages", func() bool { return answers(p.address) })
	again.until("a run without changes", func() bool { return again.metrics()[`duosync_runs_total{outcome="no-changes"}`] > 0 })
	again.signal(syscall.SIGINT)
	if err := again.wait(); err != nil {
		t.Errorf("the daemon ended with %v", err)
	}
	p.createdOnce()
	if users := len(p.duo.Users()); users < 25 {
		t.Errorf("only %d users", users)
	}
}

// TestSecondSignal ends a daemon at once that waits for its call in flight.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	p := newPlant(t, 3)
	d := p.start()
	release := make(chan struct{})
	called := make(chan struct{}, 100)
	hold := func(c duosim.Call) {
		if c.Wrote {
			called <- struct{}{}
			<-release
		}
	}
	p.onCall.Store(&hold)
	defer close(release)
	<-called
	d.signal(syscall.SIGTERM)
	d.until("the stop", func() bool { return d.hears("STOPPING=1") })
	for {
		select {
		case err := <-d.exited:
			exit, ok := errors.AsType[*exec.ExitError](err)
			if !ok || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
				t.Errorf("the daemon ended with %v", err)
			}
			return
		case <-time.After(20 * time.Millisecond):
			_ = d.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		}
	}
}

// TestLoadedAtStart: a configuration that can't be used is told at the start.
func TestLoadedAtStart(t *testing.T) {
	t.Parallel()
	p := newPlant(t, 1)
	p.configure("nonsense: 1")
	d := p.start()
	err := d.wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 1 || !strings.Contains(d.log(), "unknown key") {
		t.Errorf("%v: %s", err, d.log())
	}
}

// TestSingleRuns: duosync sync tells the world outside, too, but not of a dry
// run and not of one for a single person.
func TestSingleRuns(t *testing.T) {
	t.Parallel()
	p := newPlant(t, 3)
	var beats atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { beats.Add(1) }))
	defer server.Close()
	p.rewrite("notify: {", fmt.Sprintf("notify: {heartbeat_url: '%s/planted', ", server.URL))
	for _, test := range []struct {
		args  []string
		beats int32 // so far
		runs  int   // counted so far
	}{
		{[]string{"--dry-run"}, 0, 0},
		{[]string{"--only", slapdtest.UID(0)}, 0, 0},
		{nil, 1, 1},
		{nil, 2, 2},
	} {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), self, append([]string{"sync", "--config", p.path("config.yaml")}, test.args...)...)
		cmd.Env = append(os.Environ(), beDuosync+"=1")
		var said strings.Builder
		cmd.Stderr = &said
		if err := cmd.Run(); err != nil || said.Len() > 0 {
			t.Fatalf("sync %v: %v, %s", test.args, err, said.String())
		}
		runs := 0
		if _, err := os.Stat(p.path("duosync.prom")); err == nil {
			runs = ended(textfile(t, p.path("duosync.prom")))
		}
		if beats.Load() != test.beats || runs != test.runs {
			t.Errorf("after sync %v: %d heartbeats, %d runs counted, want %d and %d", test.args, beats.Load(), runs, test.beats, test.runs)
		}
	}
}
