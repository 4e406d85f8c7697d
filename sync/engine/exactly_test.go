package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/engine"
)

// planned gives the operations that a dry run would do, as a plan keeps them.
func (w *world) planned() (ops []*dirsync.Op) {
	for _, o := range w.run(engine.Options{RunID: "dry", DryRun: true}).Operations {
		if o.Result == dirsync.ResultPlanned {
			op := *o.Op
			ops = append(ops, &op)
		}
	}
	return ops
}

// A plan holds what a guard left of an operation. That is carried out, and what was held
// stays known.
func TestExactlyOfWhatAGuardLeft(t *testing.T) {
	var before, after strings.Builder
	before.WriteString("99 stays @m1 @m2 @m3\n")
	after.WriteString("99 stays @m1 @m2 @m3\n")
	for i := range 12 {
		fmt.Fprintf(&before, "%02d p%d @m1 @m2 @m3 al=a%d\n", i, i, i)
		fmt.Fprintf(&after, "%02d p%d @m4 cn=New al=b%d\n", i, i, i)
	}
	for _, held := range []string{"max_group_loss 50%", "max_update 0"} {
		w := newWorld(t)
		w.step("rules", "mirror m1 m2 m3 m4\ngroups 1=m1 2=m2 3=m3 4=m4\naliases al")
		w.step("directory", before.String())
		w.step("run", "")
		w.step("rules", held)
		w.step("directory", after.String())
		if held == "max_update 0" { // else nothing is left
			w.step("run", "")
			approval := w.holdOf("max_update//what")
			approval.Until = w.clock.Add(time.Hour)
			w.store.approvals = append(w.store.approvals, approval)
		}
		ops := w.planned()
		run := w.run(engine.Options{RunID: "apply", Exactly: ops})
		if got := run.Count(dirsync.ResultApplied); len(ops) < 12 || got != len(ops) || run.Count(dirsync.ResultSkipped) > 0 {
			t.Errorf("%s: of %d planned operations %d were done:\n%s", held, len(ops), got, w.report(run))
		}
		w.step("rules", "max_group_loss off\nmax_update off")
		w.step("run", "")
		for _, a := range w.duo.sorted() {
			if a.Username == "stays" {
				continue
			}
			if got := w.duo.account(a); got.Field(dirsync.FieldGroups) != "m4" || got.Realname != "New" || len(got.Aliases) != 1 || !strings.HasPrefix(got.Aliases[0], "b") {
				t.Errorf("%s: in the end %s has groups %q, aliases %q and the name %q", held, a.Username, got.Field(dirsync.FieldGroups), got.Aliases, got.Realname)
			}
		}
	}
}

// A run of a plan that is about some operations only, and is
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
	for _, o := range w.run(engine.Options{RunID: "plan", DryRun: true}).Operations {
		plan = append(plan, o.Op)
	}
	before := *w.store.links["8"].Missing
	run := w.run(engine.Options{RunID: "run", Exactly: plan})
	if run.Outcome != dirsync.OutcomeHeld {
		t.Errorf("the run was %s, want %s", run.Outcome, dirsync.OutcomeHeld)
	}
	if after := *w.store.links["8"].Missing; after != before {
		t.Errorf("the run noted %+v of who is missing, want %+v as before", after, before)
	}
}
