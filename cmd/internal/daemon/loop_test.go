package daemon_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/watch"
	"duosync/state"
	dirsync "duosync/sync"
)

// TestStopUnderWay ends the daemon in the middle of a run: the run is told, and
// waited for.
func TestStopUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		finished := false
		j := newJob(func(ctx context.Context, _ *config.Loaded, _ *watch.Watch) *dirsync.Run {
			<-ctx.Done()
			time.Sleep(10 * time.Second) // the call in flight
			finished = true
			return failed(fmt.Errorf("applying: %w", ctx.Err()))
		})
		stop := j.start(t, parse(t, every("@every 1s", "UTC", true)))
		time.Sleep(time.Minute)
		if err := stop(); err != nil || !finished || len(j.starts) != 1 {
			t.Errorf("%v, finished %v, %d runs", err, finished, len(j.starts))
		}
		wantLines(t, j.logged(logrus.WarnLevel))
		if j.told("STOPPING=1") != 1 || j.told("READY=1") != 1 {
			t.Errorf("told %q", j.states)
		}
	})
}

func TestPanicInRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		j := newJob(func(ctx context.Context, l *config.Loaded, w *watch.Watch) *dirsync.Run {
			if n++; n == 1 {
				panic("out of order")
			}
			return fine(0)(ctx, l, w)
		})
		stop := j.start(t, parse(t, every("@every 1m", "UTC", true)))
		time.Sleep(90 * time.Second)
		if err := stop(); err != nil || n != 2 {
			t.Errorf("%v, %d runs", err, n)
		}
		wantLines(t, j.logged(logrus.WarnLevel), "panic in a run: out of order", "run failed; error: panic: out of order; hint: This is a bug")
	})
}

func TestWhatIsLogged(t *testing.T) {
	paused := failed(&dirsync.Pause{Reason: "migration"})
	locked := failed(fmt.Errorf("opening: %w: by process 7", state.ErrLocked))
	unchanged := &dirsync.Run{ID: "r0", Outcome: dirsync.OutcomeNoChanges, Complete: true}
	warned := &dirsync.Run{ID: "r1", Outcome: dirsync.OutcomeNoChanges, Complete: true, Warnings: []string{"a", "b"}}
	held := &dirsync.Run{ID: "r2", ApprovalID: "abc", Outcome: dirsync.OutcomeHeld, Guards: []dirsync.Guard{{Name: "max_remove", Held: true, ApprovalID: "abc", Affected: 10, Total: 100, Limit: "5%"}}}
	firm := &dirsync.Run{ID: "r3", ApprovalID: "abc", Outcome: dirsync.OutcomeHeld, Guards: []dirsync.Guard{{Name: "state_lost", Held: true, Remedy: "duosync rebuild"}}}
	partly := &dirsync.Run{ID: "r7", Outcome: dirsync.OutcomeHeld, Guards: []dirsync.Guard{{Name: "max_remove"},
		{Name: "min_group", About: dirsync.About{Group: "staff"}, Held: true, Partial: true, ApprovalID: "abc"},
		{Name: "ids_changed", Held: true, Partial: true, Remedy: "duosync rebuild --write"}}}
	for _, test := range []struct {
		name string
		runs []*dirsync.Run
		want []string
	}{
		{"nothing when nothing changed", []*dirsync.Run{unchanged}, nil},
		{"a pause once", []*dirsync.Run{paused, paused, paused}, []string{"no run; this is told once"}},
		{"a pause once, and again after a run", []*dirsync.Run{paused, paused, unchanged, paused, paused}, []string{"migration", "migration"}},
		{"a lock once, and a pause after it", []*dirsync.Run{locked, locked, paused}, []string{"by process 7", "migration"}},
		{"a warning once while it lasts", []*dirsync.Run{warned, warned, unchanged, warned}, []string{"a", "b", "a", "b"}},
		{"failure with advice each time", []*dirsync.Run{failed(dirsync.WithHint(errDown, "Start it.")), failed(errDown), unchanged},
			[]string{"run failed; error: the directory is down; hint: Start it.", "run failed"}},
		{"what is held with the command", []*dirsync.Run{held, unchanged}, []string{"run held, nothing was written: a guard wants a human; guards: max_remove: duosync approve abc; held_by: max_remove: 10 of 100 people would be disabled, put into the Trash, deleted or released; the limit is 5%"}},
		{"what nothing lifts without one", []*dirsync.Run{firm, unchanged}, []string{"guards: state_lost: duosync rebuild"}},
		{"what is held in part, each with its own", []*dirsync.Run{partly, unchanged},
			[]string{"run held in part, all else was done: a guard wants a human; guards: min_group staff: duosync approve abc; ids_changed: duosync rebuild --write"}},
		{"partial", []*dirsync.Run{{ID: "r4", Outcome: dirsync.OutcomePartial}, unchanged}, []string{"duosync history r4"}},
		{"a new conflict", []*dirsync.Run{{ID: "r5", Outcome: dirsync.OutcomeNoChanges, Conflicts: []dirsync.Conflict{{New: true}}}, unchanged}, []string{"duosync history r5"}},
		{"an old conflict", []*dirsync.Run{{ID: "r6", Outcome: dirsync.OutcomeNoChanges, Conflicts: []dirsync.Conflict{{}}}}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := newJob(oneAfterAnother(test.runs...))
				stop := j.start(t, parse(t, every("@every 1m", "UTC", true)))
				time.Sleep(time.Duration(len(test.runs))*time.Minute - time.Second)
				if err := stop(); err != nil {
					t.Error(err)
				}
				wantLines(t, j.logged(logrus.WarnLevel), test.want...)
			})
		})
	}
}

// TestReload swaps the whole configuration, after the run under way, or keeps
// the old one.
func TestReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var hosts []string
		j := newJob(func(ctx context.Context, l *config.Loaded, w *watch.Watch) *dirsync.Run {
			hosts = append(hosts, l.Config.Schedule.Cron)
			return fine(5*time.Minute)(ctx, l, w)
		})
		next := parse(t, every("@every 20m", "UTC", true))
		var bad error
		j.load = func() (*config.Loaded, error) { return next, bad }
		stop := j.start(t, parse(t, every("@every 10m", "UTC", true)))

		time.Sleep(time.Minute) // 00:01, a run is under way
		bad = config.Errors{{File: "c.yaml", Line: 3, Msg: "is wrong"}, {File: "c.yaml", Line: 4, Msg: "is worse"}}
		j.reload()
		synctest.Wait()
		wantLines(t, j.logged(logrus.WarnLevel), "stays in force; mistake: c.yaml:3: is wrong", "stays in force; mistake: c.yaml:4: is worse")
		if j.told("READY=1") != 2 || j.told("RELOADING=1") != 1 {
			t.Errorf("told %q", j.states)
		}

		time.Sleep(10 * time.Minute) // 00:11, the second run is under way, with the old configuration
		bad = nil
		j.reload()
		synctest.Wait()
		if j.told("READY=1") != 2 || j.told("RELOADING=1") != 2 {
			t.Errorf("ready before the run has ended: %q", j.states)
		}
		time.Sleep(5 * time.Minute) // 00:16, it has ended; the next one is at 00:30
		if j.told("READY=1") != 3 {
			t.Errorf("not ready again: %q", j.states)
		}
		time.Sleep(20 * time.Minute) // 00:36, between two runs
		next = parse(t, every("@every 1h", "UTC", true))
		j.reload()
		time.Sleep(time.Hour)
		if err := stop(); err != nil {
			t.Error(err)
		}
		if got := strings.Join(j.startTimes("15:04", time.UTC), " "); got != "00:00 00:10 00:30 01:30" {
			t.Errorf("runs at %s", got)
		}
		if got := strings.Join(hosts, " "); got != "@every 10m @every 10m @every 20m @every 1h" {
			t.Errorf("runs with %s", got)
		}
	})
}

// TestReloadKeepsTheNextRun: a reload that leaves the schedule alone does not
// put the next run off.
func TestReloadKeepsTheNextRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJob(fine(time.Second))
		loaded := parse(t, every("@every 10m", "UTC", false))
		j.load = func() (*config.Loaded, error) { return loaded, nil }
		stop := j.start(t, loaded)
		for range 15 {
			time.Sleep(time.Minute)
			j.reload()
		}
		synctest.Wait()
		if err := stop(); err != nil || len(j.starts) != 1 {
			t.Errorf("%v, %d runs in 15 minutes", err, len(j.starts))
		}
	})
}

// TestWatchdog pings while the daemon and its run are alive.
func TestWatchdog(t *testing.T) {
	for _, test := range []struct {
		name  string
		run   func(context.Context, *watch.Watch)
		pings int // in two hours, one every half minute
	}{
		{"no run", func(context.Context, *watch.Watch) {}, 240},
		{"a stuck run", func(ctx context.Context, _ *watch.Watch) { <-ctx.Done() }, 30},
		{"a run that reads", func(ctx context.Context, w *watch.Watch) {
			for i := 0; ctx.Err() == nil; i++ {
				time.Sleep(10 * time.Minute)
				w.Progress(i, 0)
			}
		}, 240},
		{"a run that calls Duo", func(ctx context.Context, w *watch.Watch) {
			begin := time.Now()
			w.CountCalls(func() int { return int(time.Since(begin) / (10 * time.Minute)) })
			<-ctx.Done()
		}, 240},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := newJob(func(ctx context.Context, _ *config.Loaded, w *watch.Watch) *dirsync.Run {
					test.run(ctx, w)
					return &dirsync.Run{Outcome: dirsync.OutcomeNoChanges, Complete: true}
				})
				j.watchdog = time.Minute
				stop := j.start(t, parse(t, every("@yearly", "UTC", true)))
				time.Sleep(2*time.Hour + time.Second)
				got := j.told("WATCHDOG=1")
				if err := stop(); err != nil {
					t.Error(err)
				}
				if got < test.pings-1 || got > test.pings {
					t.Errorf("%d pings, want %d", got, test.pings)
				}
			})
		})
	}
}

// TestStartThatFails: what can't work is told at once.
func TestStartThatFails(t *testing.T) {
	for name, lines := range map[string]string{
		"http.listen":        "http: {listen: '192.0.2.1:1', token: abc}\n",
		"http.tls_cert_file": "http: {listen: '127.0.0.1:0', tls_cert_file: none.pem, tls_key_file: none.pem}\n",
	} {
		err := newJob(fine(0)).start(t, parse(t, lines))
		if err := err(); err == nil || !strings.Contains(err.Error(), name) || dirsync.Hint(err) == "" {
			t.Errorf("%s: %v, hint %q", name, err, dirsync.Hint(err))
		}
	}
	loaded := parse(t, "")
	loaded.Config.Schedule.Cron = "TZ=0" // makes the parser panic
	if err := newJob(fine(0)).start(t, loaded)(); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("a schedule that can't be read: %v", err)
	}
}
