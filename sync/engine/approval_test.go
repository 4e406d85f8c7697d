package engine_test

import (
	"testing"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/engine"
)

// A run for one person does a part of what was approved; the rest stays approved.
func TestApprovalOutlivesOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.step("rules", "min_attribute 50%")
	w.step("directory", "1 anna mail=a@x.org\n2 bert mail=b@x.org\n3 cora mail=c@x.org")
	w.step("run", "")
	w.step("rules", "blind attr:mail")
	w.step("run", "")
	approved := w.store.holds[w.held]
	approved.Until = w.clock.Add(time.Hour)
	w.store.approvals = append(w.store.approvals, approved)
	if run := w.run(engine.Options{RunID: "only", Only: "anna"}); run.Count(dirsync.ResultApplied) != 1 {
		t.Fatal(w.report(run))
	}
	if run := w.run(engine.Options{RunID: "all"}); run.Count(dirsync.ResultApplied) != 2 {
		t.Error(w.report(run))
	}
}
