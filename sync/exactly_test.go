package dirsync_test

import (
	"testing"
	"time"

	dirsync "duosync/sync"
)

// TestExactlyHeldCountsNoRead: a run of a plan that is about some operations only, and is
// held whole, counts no read that missed somebody.
func TestExactlyHeldCountsNoRead(t *testing.T) {
	w := newWorld(t)
	w.step("rules", "max_remove 0\non_missing disable 72h trash 720h")
	w.step("directory", "1 a\n2 b\n3 c\n4 d\n5 e\n6 f\n7 g\n8 h\n9 i")
	w.step("run", "")
	w.step("directory", "8 h\n9 i")
	w.step("run", "")
	w.clock = w.clock.Add(71 * time.Hour)
	w.step("directory", "9 i")
	w.step("run", "")
	w.clock = w.clock.Add(2 * time.Hour)
	plan := []*dirsync.Op{{Action: dirsync.Disable, Source: "nobody"}} // has moved
	for _, o := range w.run(dirsync.Options{RunID: "plan", DryRun: true}).Operations {
		plan = append(plan, o.Op)
	}
	before := *w.store.links["8"].Missing
	run := w.run(dirsync.Options{RunID: "run", Exactly: plan})
	if run.Outcome != dirsync.OutcomeHeld {
		t.Errorf("the run was %s, want %s", run.Outcome, dirsync.OutcomeHeld)
	}
	if after := *w.store.links["8"].Missing; after != before {
		t.Errorf("the run noted %+v of who is missing, want %+v as before", after, before)
	}
}
