package report_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/drift"
	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/report/reporttest"
	dirsync "duosync/sync"
)

// wantForms compares some forms of a report, and renders the others.
func wantForms(t *testing.T, doc form.Renderer, want map[form.Format]string) {
	t.Helper()
	for _, format := range form.Formats() {
		got := reporttest.Rendered(t, doc, format)
		if text, ok := want[format]; ok {
			if diff := cmp.Diff(text, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", format, diff)
			}
		}
		if got == "" || format != form.JSON && strings.ContainsAny(got, "\x1b\a\r\u202e") {
			t.Errorf("%s is empty, or does harm: %q", format, got)
		}
	}
}

func TestDriftInAllForms(t *testing.T) {
	differs := drift.Of(&dirsync.Drifted{Users: 1200, Groups: 2, Warnings: []string{"an earlier run was interrupted"}, Differences: []dirsync.Difference{
		{Username: "anna", Source: "1", User: "DU1", Field: "email", Ours: "", Duo: reporttest.Hostile},
		{Username: "anna", Source: "1", User: "DU1", Field: "groups", Ours: "staff\nvpn", Duo: "vpn"},
		{Username: "anna", Source: "1", User: "DU1", Field: dirsync.DriftHolder, Ours: "DU1", Duo: "DU9"},
		{Username: "bob", Source: "2", User: "DU2", Field: dirsync.DriftUser, Ours: "bob", Duo: dirsync.DriftDeleted},
		{Username: "cara", Source: "3", User: "DU3", Field: dirsync.DriftSynced, Ours: "false", Duo: "true"},
		{Username: "staff", Source: "group|staff", User: "DG1", Field: dirsync.DriftGroup, Ours: "staff", Duo: "crew"},
		{Username: "vpn", Source: "group|vpn", User: "DG2", Field: dirsync.DriftGroupStatus, Ours: "active", Duo: "bypass"},
		{Username: "לאה", Source: "4", User: "DU4", Field: "realname", Ours: "לאה", Duo: "לוי"},
	}}, []dirsync.Attention{{Username: "dora", Source: "7", Reason: "locked out by Duo", Since: reporttest.Noon}}, "")
	wantForms(t, differs, nil)
	text := reporttest.Rendered(t, differs, form.Table)
	for _, line := range []string{
		"Drift: 8 differences from what was left in Duo; 1 person needs attention", "dora  locked out by Duo (since 2026-03-04 12:00 UTC)", "compared  1,200 users and 2 groups of duosync's own; nothing was changed",
		"anna   groups        [staff, vpn] → [vpn]", "the name was DU1's, and now another user has it: DU9", "bob    user          deleted in Duo",
		"taken over by Duo's own directory sync", "renamed in Duo to crew", "group status  active → bypass", "לאה becomes לוי", "(none) →", "an earlier run was interrupted",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("there is no %q in\n%s", line, text)
		}
	}

	differs = drift.Of(&dirsync.Drifted{Users: 1, Differences: []dirsync.Difference{
		{Username: "anna", Source: "1", User: "DU1", Field: "phones", Ours: "+12025550101\n+12025550102", Duo: ""},
		{Username: "anna", Source: "1", User: "DU1", Field: "status", Ours: "active", Duo: "disabled"},
	}}, nil, "")
	wantForms(t, differs, map[form.Format]string{
		form.JSON: `{
  "differences": [
    {
      "username": "anna",
      "source_id": "1",
      "duo_user_id": "DU1",
      "field": "phones",
      "ours": [
        "+12025550101",
        "+12025550102"
      ],
      "duo": []
    },
    {
      "username": "anna",
      "source_id": "1",
      "duo_user_id": "DU1",
      "field": "status",
      "ours": "active",
      "duo": "disabled"
    }
  ],
  "attention": [],
  "warnings": []
}
`,
		form.CSV: `username,source_id,duo_user_id,field,ours,duo,reason,remedy,since
anna,1,DU1,phones,"'+12025550101, +12025550102",,,,
anna,1,DU1,status,active,disabled,,,
`,
		form.Table: `Drift: 2 differences from what was left in Duo

  compared  1 user of duosync's own; nothing was changed

DIFFERENCES
  anna  phones  [+12025550101, +12025550102] → (none)
  anna  status  active → disabled

  What a run would do about them, and what it would leave as it is, tells

    duosync sync --refresh --dry-run

Drift: 2 differences from what was left in Duo
`,
	})
	wantForms(t, drift.Of(&dirsync.Drifted{Users: 3}, nil, ""), map[form.Format]string{
		form.JSON:  "{\n  \"differences\": [],\n  \"attention\": [],\n  \"warnings\": []\n}\n",
		form.Table: "Drift: Duo holds what was left there\n\n  compared  3 users of duosync's own; nothing was changed\n",
	})
}

func TestUndoingInAllForms(t *testing.T) {
	run := quietRun()
	run.DryRun, run.Outcome = true, dirsync.OutcomePartial
	run.Operations = []*dirsync.Operation{
		{Op: &dirsync.Op{Action: dirsync.Enable, Username: reporttest.Hostile, Source: "1", User: "DU1", Reason: "disabled by run R1",
			Changes: []dirsync.Change{{Field: "status", Before: "disabled", After: "active"}}}, Result: dirsync.ResultPlanned},
		{Op: &dirsync.Op{Action: dirsync.Restore, Username: "bob", Source: "2", User: "DU2", Reason: "deleted by run R1"}, Result: dirsync.ResultSkipped, Error: "lost with its devices"},
	}
	doc := report.UndoingOf(run, "R1")
	wantForms(t, doc, nil)
	text := reporttest.Rendered(t, doc, form.Table)
	if !strings.HasPrefix(text, "Undo of run R1: this is what it would do, but 1 operation is left out; nothing\nwas written. Add --write to do it\n") || !strings.Contains(text, "SKIPPED: lost with its devices") {
		t.Error(text)
	}
	if text := reporttest.Rendered(t, doc, form.JSON); !strings.Contains(text, `"undoes": "R1"`) || !strings.Contains(text, `"operations": [`) {
		t.Error(text)
	}
	run.DryRun, run.Outcome = false, dirsync.OutcomeApplied
	if text := reporttest.Rendered(t, report.UndoingOf(run, "R1"), form.Table); !strings.HasPrefix(text, "Undo of run R1: done, but 1 operation was left out\n") {
		t.Error(text)
	}
}

func TestRebuildingInAllForms(t *testing.T) {
	run := quietRun()
	run.DryRun, run.Outcome, run.Refreshed, run.RefreshReason = true, dirsync.OutcomePlanned, true, "flag"
	run.Operations = []*dirsync.Operation{{Op: &dirsync.Op{Action: dirsync.Adopt, Username: "anna", Source: "1", User: "DU1", Reason: "paired by username"}, Result: dirsync.ResultPlanned}}
	b := &dirsync.Rebuilt{Run: run, Known: 10, Found: 9, Paired: 1, Differ: 1, Absent: 2, Strangers: 1234, Open: 5}
	for i := range 30 {
		b.Unpaired = append(b.Unpaired, dirsync.Unpaired{Source: dirsync.SourceID(fmt.Sprintf("8%03d", i)), Username: fmt.Sprintf("lone%02d", i), Reason: "no user of this name is in Duo"})
		b.Nobodys = append(b.Nobodys, fmt.Sprintf("old%02d", i))
	}
	doc := report.RebuildingOf(b, "DIFORMER")
	wantForms(t, doc, nil)
	text := reporttest.Rendered(t, doc, form.Table)
	for _, part := range []string{
		"Rebuild: this is what it would do; nothing was written. Add --write to do it", "paired 1 person; the next run updates 1 of them",
		"not paired 2 people without a user in Duo, whom the next run creates unless the directory disables them; 0 in conflict",
		"unmanaged 1,234 users in Duo, 5 of them can log in; they stay as they are", "it knew 10 users before, 9 of them are in this account",
		"the state belonged to the integration key DIFORMER, and would be bound to the new one", "~ adopt (1) anna (paired by username)",
	} {
		if !strings.Contains(strings.Join(strings.Fields(text), " "), part) {
			t.Errorf("there is no %q in\n%s", part, text)
		}
	}
	for _, format := range form.Formats() { // no form cuts them
		text := reporttest.Rendered(t, doc, format)
		for i := range 30 {
			for _, name := range []string{fmt.Sprintf("lone%02d", i), fmt.Sprintf("old%02d", i)} {
				if !strings.Contains(text, name) {
					t.Errorf("%s has no %s", format, name)
				}
			}
		}
	}
	if text := reporttest.Rendered(t, doc, form.JSON); !strings.Contains(text, `"rebuild": {`) || !strings.Contains(text, `"strangers_active": 5`) {
		t.Error(text)
	}
	run.Operations, run.Outcome = nil, dirsync.OutcomeNoChanges
	if text := reporttest.Rendered(t, report.RebuildingOf(b, "DIFORMER"), form.Table); !strings.HasPrefix(text, "Rebuild: there is nobody to pair. Add --write to bind the state to its new keys\n") {
		t.Error(text)
	}
	if text := reporttest.Rendered(t, report.RebuildingOf(&dirsync.Rebuilt{Run: failedRun()}, ""), form.Table); !strings.HasPrefix(text, "Rebuild: FAILED") || strings.Contains(text, "paired") {
		t.Error(text)
	}
}
