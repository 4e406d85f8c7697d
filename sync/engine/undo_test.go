package engine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	dirsync "duosync/sync"
	"duosync/sync/engine"

	"github.com/google/go-cmp/cmp"
)

// removals lists what a run took.
func removals(run *dirsync.Run) []dirsync.Removed {
	var all []dirsync.Removed
	for _, o := range run.Operations {
		if o.Removes() && o.Result == dirsync.ResultApplied {
			all = append(all, dirsync.Removed{Source: o.Source, User: o.User, Username: o.Username, Action: o.Action, Reason: o.Reason})
		}
	}
	return all
}

// undo undoes a run, and gives the report in words.
func (w *world) undo(run *dirsync.Run, dry bool) string {
	w.t.Helper()
	w.duo.calls = 0
	return w.report(w.engine().Undo(context.Background(), engine.Options{RunID: "undo", DryRun: dry}, "R1", removals(run)))
}

// has checks that a report has these lines.
func has(t *testing.T, report string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(report, line) {
			t.Errorf("there is no %q in\n%s", line, report)
		}
	}
}

// leavers is a directory in step from which anna and bob have gone, and cara out of
// its scope, and the run that took them out.
func leavers(t *testing.T, rules string) (*world, *dirsync.Run) {
	w := inStep(t)
	w.steps("rules", rules, "directory", "d dan mail=dan@x\ne eve mail=eve@x disabled", "elsewhere", "c cara mail=cara@x")
	run := w.run(w.options(""))
	if len(removals(run)) == 0 {
		t.Fatal(w.report(run))
	}
	return w, run
}

// TestUndoOfRemovedAgain: a later run's removal stands, whoever is enabled by now needs
// nothing, and what others did is told first.
func TestUndoOfRemovedAgain(t *testing.T) {
	for _, test := range []struct{ duo, want string }{
		{"", "enable anna [skipped]: disabled by run R1\n  error: run R2 has disabled the user again since, and that stays; `duosync undo R2` gives it back"},
		{"status=active", "nothing to undo for 1 person, now active"},
	} {
		w, run := leavers(t, "on_missing disable 0s keep 0s\non_out_of_scope keep 0s keep 0s")
		if test.duo != "" {
			w.steps("duo", "set "+w.user("anna")+" "+test.duo)
		}
		removed := removals(run)
		for i := range removed {
			if removed[i].Username == "anna" {
				removed[i].Again, removed[i].Then = "R2", dirsync.Disable
			}
		}
		has(t, w.report(w.engine().Undo(context.Background(), engine.Options{RunID: "undo"}, "R1", removed)), test.want, "enable bob [applied]")
	}
}

func TestUndo(t *testing.T) {
	w, run := leavers(t, "on_missing disable 0s keep 0s\non_out_of_scope trash 0s keep 0s")
	before := w.accounts() + w.links()
	dry := w.undo(run, true)
	has(t, dry, "planned: 2 in scope", "enable anna [planned]: disabled by run R1", "restore cara [planned]: put into the Trash by run R1",
		"warning: 2 of them are still gone from the directory: the next run disables them again",
		"warning: 1 of them is still out of the directory's scope: the next run puts them into the Trash again")
	if diff := cmp.Diff(before, w.accounts()+w.links()); diff != "" {
		t.Errorf("a dry run wrote:\n%s", diff)
	}
	baseline := w.store.meta.Baseline
	has(t, w.undo(run, false), "applied: 2 in scope", "enable bob [applied]", "restore cara [applied]")
	for _, name := range []string{"anna", "bob", "cara"} {
		if a := w.duo.holder(name); a.Status != dirsync.StatusActive {
			t.Errorf("%s is %s", name, a.Status)
		}
	}
	if w.store.meta.Baseline != baseline {
		t.Error("an undoing moved the baseline")
	}
	if got := w.undo(run, false); !strings.HasPrefix(got, "no-changes") {
		t.Errorf("undone twice:\n%s", got)
	} else {
		has(t, got, `warning: nothing to undo for 3 people, now active: "anna", "bob", "cara"`)
	}
	again := w.run(w.options(""))
	if diff := cmp.Diff(removals(run), removals(again)); diff != "" {
		t.Errorf("the next run does something else than was said (-before +again):\n%s", diff)
	}
}

// TestUndoOfTheLocked leaves disabled who is back in the directory, and locked there,
// whether a run has come between or not.
func TestUndoOfTheLocked(t *testing.T) {
	w, run := leavers(t, "on_missing disable 0s keep 0s\non_out_of_scope keep 0s keep 0s")
	w.steps("directory", "a anna mail=anna@x disabled\nd dan mail=dan@x\ne eve mail=eve@x disabled")
	_ = w.run(w.options(""))
	has(t, w.undo(run, false), "the person is back since, and disabled in the directory", "enable bob [applied]")
	if a := w.duo.holder("anna"); a.Status != dirsync.StatusDisabled {
		t.Errorf("anna is %s", a.Status)
	}
}

// TestUndoWhatOthersDid leaves alone what is not as the run left it.
func TestUndoWhatOthersDid(t *testing.T) {
	w, run := leavers(t, "on_missing disable 0s keep 0s\non_out_of_scope trash 0s keep 0s")
	// Anna comes back and is then disabled by hand; bob is purged; cara is taken
	// over by Duo's own sync.
	w.steps("directory", "a anna mail=anna@x mobile=+12025550101 alias=ann @staff\nd dan mail=dan@x", "run", "",
		"duo", "set "+w.user("anna")+" status=disabled\nset "+w.user("cara")+" synced\ndelete "+w.user("bob"))
	before := w.accounts() + w.links()
	got := w.undo(run, false)
	has(t, got, "partial:", "enable anna [skipped]", "others have disabled the user, and that stays", "enable bob [skipped]", "no longer exists in Duo, and is lost with its devices",
		"restore cara [skipped]", "Duo's own directory sync manages this user now")
	if diff := cmp.Diff(before, w.accounts()+w.links()); diff != "" {
		t.Errorf("something was written:\n%s", diff)
	}
}

func TestUndoOfDeleted(t *testing.T) {
	w, run := leavers(t, "on_missing delete 0s keep 0s")
	got := w.undo(run, false)
	has(t, got, "partial:", "restore anna [skipped]", "the run deleted this user, who is lost with its devices")
	if strings.Contains(got, "ours any more") {
		t.Errorf("a disabling on the way to the end counts as well:\n%s", got)
	}
}

// TestUndoKeepsByHand restores one whom others had disabled before, as disabled.
func TestUndoKeepsByHand(t *testing.T) {
	w := inStep(t)
	dan := w.user("dan")
	w.steps("duo", "set "+dan+" status=disabled", "clock", "1h", "run refresh", "",
		"rules", "on_missing trash 0s keep 0s", "directory", strings.Replace(everybody, "d dan", "x xen", 1))
	run := w.run(w.options(""))
	has(t, w.undo(run, false), "restore dan [applied]", "others had disabled the user before, and that stays")
	if a := w.duo.users[dan]; a.Status != dirsync.StatusDisabled {
		t.Errorf("dan is %s", a.Status)
	}
}

// TestUndoForgetsNoDrift mends, later, what was changed by hand in between.
func TestUndoForgetsNoDrift(t *testing.T) {
	w, run := leavers(t, "on_missing disable 0s keep 0s")
	w.steps("duo", "set "+w.user("anna")+" email=other@x")
	w.undo(run, false)
	w.steps("directory", everybody)
	has(t, w.report(w.run(w.options(""))), "update anna [applied]", `"other@x" -> "anna@x"`)
}

// TestUndoForetells what the next run does: nothing to those who are back, left alone
// or kept, and later what has its time.
func TestUndoForetells(t *testing.T) {
	for rules, want := range map[string]string{
		"exclude anna\nexclude bob\non_out_of_scope keep 0s keep 0s":    "",
		"on_missing keep 0s keep 0s\non_out_of_scope keep 0s keep 0s":   "",
		"on_missing trash 48h keep 0s\non_out_of_scope keep 0s keep 0s": "2 of them are still gone from the directory: the first run from 2026-01-03T00:00:00Z on puts them into the Trash again",
	} {
		w, run := leavers(t, "on_missing disable 0s keep 0s\non_out_of_scope disable 0s keep 0s")
		w.steps("rules", rules)
		got := w.undo(run, false)
		if want != "" {
			has(t, got, want)
		} else if strings.Contains(got, "still") {
			t.Errorf("%s:\n%s", rules, got)
		}
	}

	w := inStep(t)
	w.steps("directory", strings.Replace(everybody, "mail=dan@x", "mail=dan@x disabled", 1))
	run := w.run(w.options(""))
	has(t, w.undo(run, true), "1 of them is still disabled in the directory: the next run disables them again")
	w.dir.readErr = fmt.Errorf("the line is cut")
	has(t, w.undo(run, false), "enable dan [applied]", "it is not known what the next run would do again", "the line is cut")
}

func TestUndoWhilePaused(t *testing.T) {
	w, run := leavers(t, "on_missing disable 0s keep 0s")
	w.store.meta.Paused = &dirsync.Pause{Since: w.clock, Reason: "migration"}
	has(t, w.undo(run, true), "planned:")
	has(t, w.undo(run, false), "failed:", "migration")
	if a := w.duo.holder("anna"); a.Status != dirsync.StatusDisabled {
		t.Errorf("anna is %s", a.Status)
	}
}
