package engine_test

import (
	"context"
	"testing"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/engine"
)

// dryAsOf makes the dry run of a time.
func (w *world) dryAsOf(at time.Time) *dirsync.Run {
	return w.run(engine.Options{RunID: "run", DryRun: true, AsOf: at})
}

// A dry run as of a time sees everybody as they are then, and two for the same time plan the
// same; nothing of that stays for the runs that follow.
func TestExpiryAsOfATime(t *testing.T) {
	w := newWorld(t)
	w.step("rules", "expires pwdendtime")
	w.step("directory", "1 anna pwdendtime=20260131000000Z\n2 bert")
	w.run(engine.Options{RunID: "run"})
	end := time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)

	if run := w.dryAsOf(end.Add(-time.Second)); len(run.Operations) > 0 {
		t.Errorf("a second before: %s", w.report(run))
	}
	first := w.dryAsOf(end)
	has(t, w.report(first), "disable anna [planned]: expired on 2026-01-31 00:00 UTC in the directory")
	w.clock = w.clock.Add(time.Hour)
	if again := w.dryAsOf(end); w.report(again) != w.report(first) || again.PlanID != first.PlanID {
		t.Errorf("planned again:\n%s", w.report(again))
	}
	if run := w.run(engine.Options{RunID: "run"}); len(run.Operations) > 0 {
		t.Errorf("today: %s", w.report(run))
	}
}

// Who has ended before they were created is told as such.
func TestExpiredInAnExplanation(t *testing.T) {
	w := newWorld(t)
	w.step("rules", "expires pwdendtime")
	w.step("directory", "1 anna pwdendtime=20251231120000Z")
	x := w.explain(engine.Quest{Match: func(p *dirsync.Person) bool { return p.ID == "1" }})
	d, err := x.Of(context.Background(), "1")
	if err != nil || d.Person == nil || d.Person.Term == nil || d.Skipped != dirsync.SkippedLocked {
		t.Fatalf("%+v, %v", d, err)
	}
	if got := d.Person.Term.Words(); got != "expired on 2025-12-31 12:00 UTC" {
		t.Error(got)
	}
}

// A rule about time is worked out for everybody in every run, and what a run without
// changes costs stays what it was: no call.
func TestRulesAboutTimeInEachRun(t *testing.T) {
	w := newWorld(t)
	w.step("rules", `status time(accountexpires) + duration("7d") <= now() ? "disabled" : "active"`)
	w.step("directory", "1 anna accountexpires=134118720000000000\n2 bert accountexpires=0\n3 cora") // anna until 2026-01-03
	w.run(engine.Options{RunID: "run"})
	end := time.Date(2026, 1, 10, 0, 0, 0, 0, time.UTC)
	w.rules.RefreshEvery = 8760 * time.Hour // one that is due asks Duo
	const nothing = "no-changes: 3 in scope, 3 unchanged, 0 skipped, 0 calls"
	for _, step := range []struct {
		at   time.Time
		want string
	}{{end.Add(-time.Second), nothing}, {end, "disable anna [applied]: disabled in the directory"}, {end.Add(time.Hour), nothing}} {
		w.clock = step.at
		has(t, w.report(w.run(engine.Options{RunID: "run"})), step.want)
	}
	w.step("directory", "1 anna accountexpires=134200000000000000\n2 bert accountexpires=0\n3 cora")
	has(t, w.report(w.run(engine.Options{RunID: "run"})), "enable anna [applied]: enabled in the directory")
}
