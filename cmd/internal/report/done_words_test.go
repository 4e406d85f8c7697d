package report_test

import (
	"testing"

	"duosync/cmd/internal/report"
	dirsync "duosync/sync"
)

// TestPlanWordsOfARunThatIsOver say what was done, and no more; those of a dry run what would be.
func TestPlanWordsOfARunThatIsOver(t *testing.T) {
	ops := func(results ...string) (all []*dirsync.Operation) {
		for _, result := range results {
			all = append(all, &dirsync.Operation{Op: &dirsync.Op{Action: dirsync.Create}, Result: result})
		}
		return all
	}
	for _, test := range []struct {
		run  dirsync.Run
		want string
	}{
		{dirsync.Run{Outcome: dirsync.OutcomePartial, Operations: ops("applied", "applied", "failed")}, "2 created, 1 failed"},
		{dirsync.Run{Outcome: dirsync.OutcomeFailed, Operations: ops("applied", "planned")}, "1 created"},
		{dirsync.Run{Outcome: dirsync.OutcomeHeld, Operations: ops("held", "held")}, "not done: 2 to create, 2 held"},
		{dirsync.Run{Outcome: dirsync.OutcomeApplied, Operations: ops("applied")}, "1 created"},
		{dirsync.Run{Outcome: dirsync.OutcomePlanned, DryRun: true, Operations: ops("planned", "failed")}, "2 to create, 1 failed"},
		{dirsync.Run{Outcome: dirsync.OutcomeFailed}, "no operations"},
	} {
		if got := report.Of(&test.run).PlanWords(); got != test.want {
			t.Errorf("%s: %q, want %q", test.run.Outcome, got, test.want)
		}
	}
	old := report.Head{Outcome: dirsync.OutcomePartial, Summary: report.Summary{Create: 3, Failed: 1}}
	if got := old.PlanWords(); got != "3 to create, 1 failed" {
		t.Errorf("of an earlier version, which does not tell: %q", got)
	}
}
