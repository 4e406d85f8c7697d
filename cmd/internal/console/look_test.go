package console

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	logs "github.com/sirupsen/logrus/hooks/test"

	"duosync/cmd/internal/afterrun"
	"duosync/cmd/internal/config"
	"duosync/cmd/internal/past"
	"duosync/cmd/internal/report"
	"duosync/cmd/internal/watch"
	"duosync/state"
	dirsync "duosync/sync"
)

// desk is a console over a state that is made up.
type desk struct {
	*Server
	status    *Status
	after     *afterrun.Follower
	condition state.Condition
	standing  *past.Standing
	err       error
	reads     int
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	log, _ := logs.NewNullLogger()
	d := &desk{status: &Status{}, after: afterrun.New(afterrun.Options{Version: "test", Log: log}), standing: &past.Standing{}}
	d.status.Configured(&config.Loaded{File: "/srv/duo/config.yaml"})
	d.Server = New(d.status, d.after.Metrics(), Options{Log: log, Version: "test",
		Examine: func(*config.Loaded) (state.Condition, error) { return d.condition, nil },
		Standing: func(context.Context, *config.Loaded) (*past.Standing, error) {
			d.reads++
			return d.standing, d.err
		}})
	if err := d.Adopt(t.Context(), config.HTTP{}); err != nil {
		t.Fatal(err)
	}
	return d
}

// write has the state say something else.
func (d *desk) write(s *past.Standing, err error) {
	d.standing, d.err = s, err
	d.condition.Stamp += "x"
}

// pages gives the answer of /readyz, the page and the metrics.
func (d *desk) pages(t *testing.T) (ready int, why, page, metrics string) {
	t.Helper()
	ready, why, _ = get(t.Context(), d.handler(), "/readyz", nil)
	code1, page, _ := get(t.Context(), d.handler(), "/", nil)
	code2, metrics, _ := get(t.Context(), d.handler(), "/metrics", nil)
	if code1 != http.StatusOK || code2 != http.StatusOK {
		t.Fatalf("page %d, metrics %d", code1, code2)
	}
	return ready, why, page, metrics
}

// ran runs a daemon's own run to its end.
func (d *desk) ran(t *testing.T, run *dirsync.Run) {
	d.after.Follow(t.Context(), &config.Config{}, run, nil)
	d.status.Ended(run)
}

// noon is when the runs of these tests began.
var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// made is a run that ended so many minutes after noon.
func made(id string, minute int, outcome string, change ...func(*dirsync.Run)) *dirsync.Run {
	run := &dirsync.Run{ID: id, Outcome: outcome, By: "ann", Complete: true, Started: noon, Finished: noon.Add(time.Duration(minute) * time.Minute)}
	if outcome == dirsync.OutcomeFailed {
		run.Err, run.Complete = errors.New("the directory is down"), false
	}
	for _, f := range change {
		f(run)
	}
	return run
}

func heldBy(partial bool) func(*dirsync.Run) {
	return func(run *dirsync.Run) {
		run.Guards = []dirsync.Guard{{Name: "max_remove", Affected: 12, Total: 40, Held: true, Partial: partial, ApprovalID: "abcd", Names: []string{"leaver1"}, Since: noon}}
		run.Operations = []*dirsync.Operation{{Op: &dirsync.Op{Action: dirsync.Disable}, Result: dirsync.ResultHeld}}
		run.Flags = " --config /srv/duo/config.yaml"
	}
}

// left is what stands in a state after these runs over all, the newest last.
func left(runs ...*dirsync.Run) *past.Standing {
	s := &past.Standing{}
	for _, run := range runs {
		s.Last = report.Of(run)
		if run.Only == "" {
			s.Over = report.Of(run)
		}
		if run.Only == "" && run.Err == nil {
			s.Weighed = report.Of(run)
			s.Held = s.Weighed.OpenGuards(func(string) bool { return false })
		}
	}
	return s
}

// TestWhatStandsIsShown: pages and metrics tell what stands in the state, whoever made the
// runs, before the first run of one's own and after.
func TestWhatStandsIsShown(t *testing.T) {
	narrow := func(run *dirsync.Run) { run.Only, run.Narrowed = "p001", true }
	paused := left(made("r1", 1, dirsync.OutcomeApplied))
	paused.Paused = &dirsync.Pause{Since: noon, By: "carla", Reason: "migration"}
	skipped := made("own", 5, dirsync.OutcomeFailed, func(run *dirsync.Run) { run.Err = &dirsync.Pause{Since: noon} })
	for name, test := range map[string]struct {
		own    *dirsync.Run
		state  *past.Standing
		ready  string // what /readyz says; "": ok
		page   []string
		metric string
	}{
		"nothing yet":          {nil, &past.Standing{}, "", []string{"No run yet."}, ""},
		"applied":              {nil, left(made("r1", 1, dirsync.OutcomeApplied)), "", []string{">In step<", ">applied, "}, `duosync_last_run_outcome{outcome="applied"} 1`},
		"paused":               {nil, paused, "writing is paused", []string{"by carla: migration", ">Paused<", "duosync resume --config /srv/duo/config.yaml</code>"}, `duosync_last_run_outcome{outcome="applied"} 1`},
		"paused after a run":   {made("own", 5, dirsync.OutcomeApplied), paused, "writing is paused", []string{"by carla: migration"}, `duosync_last_run_outcome{outcome="applied"} 1`},
		"skipped, and resumed": {skipped, left(made("r1", 1, dirsync.OutcomeApplied)), "the last run did not begin: writing was paused", nil, `duosync_last_run_outcome{outcome="skipped"} 1`},
		"held": {nil, left(made("r1", 1, dirsync.OutcomeHeld, heldBy(false))), "the last run, r1, was held by a guard",
			[]string{"made by ann", "leaver1 and others", "the whole run", "duosync approve abcd --config /srv/duo/config.yaml"}, `duosync_last_run_outcome{outcome="held"} 1`},
		"held by hand after a run": {made("own", 1, dirsync.OutcomeNoChanges), left(made("r2", 3, dirsync.OutcomeHeld, heldBy(true))), "the last run, r2, was held by a guard", []string{"made by ann", "what follows from it"}, "duosync_held 1"},
		"held, and mended since":   {made("own", 5, dirsync.OutcomeNoChanges), left(made("r2", 3, dirsync.OutcomeHeld, heldBy(true))), "", []string{">In step<"}, "duosync_held 0"},
		"held, then one person": {nil, left(made("r1", 1, dirsync.OutcomeHeld, heldBy(false)), made("r2", 2, dirsync.OutcomeNoChanges, narrow)), "the last run over all people, r1, was held",
			[]string{", only p001<", "leaver1"}, `duosync_last_run_outcome{outcome="held"} 1`},
		"held, then failed": {nil, left(made("r1", 1, dirsync.OutcomeHeld, heldBy(false)), made("r2", 2, dirsync.OutcomeFailed)), "failed", []string{"the directory is down", "leaver1"}, "duosync_held 1"},
		"failed":            {nil, left(made("r1", 1, dirsync.OutcomeFailed)), "failed; the status page", []string{"the directory is down"}, `duosync_last_run_outcome{outcome="failed"} 1`},
		"failed after a run": {made("own", 1, dirsync.OutcomeApplied), left(made("r2", 3, dirsync.OutcomeFailed)), "failed; the status page", []string{"the directory is down"},
			`duosync_last_run_outcome{outcome="failed"} 1`},
		"one's own is in the state": {made("own", 3, dirsync.OutcomeHeld, heldBy(true)), left(made("own", 3, dirsync.OutcomeHeld, heldBy(true))), "the last run, own, was held", []string{"leaver1"}, "duosync_held 1"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			if test.own != nil {
				d.ran(t, test.own)
			}
			d.write(test.state, nil)
			ready, why, page, metrics := d.pages(t)
			if test.ready == "" && (ready != http.StatusOK || why != "ok\n") || test.ready != "" && (ready != http.StatusServiceUnavailable || !strings.Contains(why, test.ready)) {
				t.Errorf("readyz: %d %q, want %q", ready, why, test.ready)
			}
			if strings.Contains(why, "duosync ") || strings.Contains(why, "/srv") || strings.Contains(why, "leaver1") {
				t.Errorf("readyz names what everybody may read: %q", why)
			}
			if well := strings.Contains(page, ">In step<") || strings.Contains(page, ">No run yet<"); well != (test.ready == "") && test.own == nil {
				t.Errorf("the page says that all is well: %v", well)
			}
			for _, want := range test.page {
				if !strings.Contains(page, want) {
					t.Errorf("the page has no %q:\n%s", want, page)
				}
			}
			if test.metric != "" && !strings.Contains(metrics, "\n"+test.metric+"\n") {
				t.Errorf("no metric %s in\n%s", test.metric, metrics)
			}
		})
	}
}

// TestTheStateIsReadWhenItWasWritten: and not while a run is under way, of whatever process.
func TestTheStateIsReadWhenItWasWritten(t *testing.T) {
	d := newDesk(t)
	look := func(want int, when string) {
		t.Helper()
		d.reads = 0
		for range 3 {
			d.Look(t.Context())
		}
		if d.reads != want {
			t.Errorf("%s: read %d times, want %d", when, d.reads, want)
		}
	}
	d.condition.Holder = "by process 12 on vm since 2026-11-30T09:37:15Z"
	look(1, "at first, whatever goes on")
	d.write(left(made("r1", 1, dirsync.OutcomeApplied)), nil)
	look(0, "while another process makes a run")
	if _, _, page, _ := d.pages(t); !strings.Contains(page, "nother process is at work on the state: process 12 on vm, since 2026-11-30\u00a009:37\u00a0UTC") {
		t.Errorf("the run of another process is not told:\n%s", page)
	}
	d.condition.Holder = ""
	look(1, "after that")
	look(0, "unchanged")
	d.status.Began(watch.New(nil))
	d.write(left(made("r2", 2, dirsync.OutcomeApplied)), nil)
	look(0, "while one's own run is under way")
	d.ran(t, made("r2", 2, dirsync.OutcomeApplied))
	look(1, "after that")
	d.status.Configured(&config.Loaded{Config: config.Config{State: config.State{DSN: config.NewSecret("other.db")}}})
	look(1, "another state")
}

// TestWhatCannotBeRead: it is said, and what is known stays.
func TestWhatCannotBeRead(t *testing.T) {
	d := newDesk(t)
	d.write(left(made("r1", 1, dirsync.OutcomeApplied)), nil)
	if ready, _, _, _ := d.pages(t); ready != http.StatusOK {
		t.Fatal(ready)
	}
	d.write(nil, errors.New("/secret: broken"))
	ready, why, page, _ := d.pages(t)
	if ready != http.StatusServiceUnavailable || !strings.Contains(why, "the state can't be read") || strings.Contains(why, "secret") {
		t.Errorf("readyz: %d %q", ready, why)
	}
	for _, want := range []string{">Failing<", ">applied, ", "The state can&#39;t be read: /secret: broken.", "is as of "} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q:\n%s", want, page)
		}
	}
	d.looked.rest = time.Time{}
	d.write(left(made("r1", 1, dirsync.OutcomeApplied)), nil)
	if ready, why, _, _ := d.pages(t); ready != http.StatusOK {
		t.Errorf("read again: %d %q", ready, why)
	}
}
