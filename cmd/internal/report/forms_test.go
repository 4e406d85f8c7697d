package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/report/reporttest"
	dirsync "duosync/sync"
	"duosync/sync/packing"
)

// everythingRun is a run about all that Duo holds of people: aliases, phones,
// groups and mails.
func everythingRun() *dirsync.Run {
	op := func(result, problem string, op dirsync.Op) *dirsync.Operation {
		return &dirsync.Operation{Op: &op, Result: result, Error: problem}
	}
	lists := func(field string, before, after []string) dirsync.Change {
		return dirsync.Change{Field: field, Before: dirsync.ListOf(before), After: dirsync.ListOf(after)}
	}
	var many []string
	for i := range 40 {
		many = append(many, fmt.Sprintf("Project %02d", i))
	}
	return &dirsync.Run{
		ID: "20260305T120000Z-c0ffee", By: "ann " + reporttest.Hostile, Command: "undo", Outcome: dirsync.OutcomePartial, Started: reporttest.Noon.Add(24 * time.Hour), Finished: reporttest.Noon.Add(24*time.Hour + 9*time.Second),
		PlanID: "89abcdef012389abcdef", Read: dirsync.ReadInfo{Read: 60}, InScope: 60, Complete: true, Unchanged: 50,
		Operations: []*dirsync.Operation{
			op(dirsync.ResultApplied, "", dirsync.Op{Action: dirsync.GroupCreate, Username: "VPN users", Reason: "mirrors the directory's group vpn", Group: &dirsync.GroupLink{Name: "VPN users"},
				Changes: []dirsync.Change{{Field: dirsync.FieldName, After: "VPN users"}}}),
			op(dirsync.ResultApplied, "", dirsync.Op{Action: dirsync.GroupUpdate, Username: "staff", Reason: "renamed in the directory", Group: &dirsync.GroupLink{ID: "DG1", Name: "Personnel"},
				Changes: []dirsync.Change{{Field: dirsync.FieldName, Before: "staff", After: "Personnel"}}}),
			op(dirsync.ResultApplied, "", dirsync.Op{Action: dirsync.Create, Username: "asilva", Source: "7a1f", Reason: "in the directory's scope",
				Changes: []dirsync.Change{{Field: "username", After: "asilva"}, {Field: "email", After: "asilva@example.com"}, {Field: "status", After: "active"},
					lists("aliases", nil, []string{"silva.a", "ana"}), lists("phones", nil, []string{"+15555550100", "+15555550101;ext=12"}), lists("groups", nil, many)},
				Phones: []dirsync.PhoneStep{{Do: dirsync.PhoneMake, Number: "+15555550100"}, {Do: dirsync.PhoneMake, Number: "+15555550101", Extension: "12"}}}),
			op(dirsync.ResultApplied, "", dirsync.Op{Action: dirsync.Update, Username: "bokoye", Source: "7a2f", User: "DU2", Reason: "changed in the directory",
				Changes: []dirsync.Change{{Field: "email", Before: "b@example.com", After: "bokoye@example.com"},
					lists("aliases", []string{"b.okoye"}, nil), lists("phones", []string{"+15555550110"}, []string{"+15555550111"}), lists("groups", []string{"staff", "VPN users"}, []string{"staff", "Robots"})},
				Phones: []dirsync.PhoneStep{{Do: dirsync.PhoneAttach, ID: "DP2", Number: "+15555550111"}, {Do: dirsync.PhoneRemove, ID: "DP1", Number: "+15555550110"}}}),
			op(dirsync.ResultFailed, "the user is in 100 groups, which is the most that Duo takes", dirsync.Op{Action: dirsync.Update, Username: "lcohen", Source: "7a3f", User: "DU3", Reason: "changed in the directory",
				Changes: []dirsync.Change{lists("groups", many, append(many[2:], "כל העובדים", "Robots, all")), lists("aliases", []string{"לאה"}, []string{"לאה כהן"})}}),
			op(dirsync.ResultApplied, "", dirsync.Op{Action: dirsync.EnrollMail, Username: "hsato", Source: "7a4f", User: "DU4", Reason: "created, without a device"}),
			op(dirsync.ResultApplied, "", dirsync.Op{Action: dirsync.PhoneDelete, Username: "dpetrov", Source: "7a5f", User: "DU5", Reason: "the user was deleted",
				Changes: []dirsync.Change{lists("phones", []string{"+15555550120", "+15555550121"}, nil)},
				Phones:  []dirsync.PhoneStep{{Do: dirsync.PhoneRemove, ID: "DP5", Number: "+15555550120"}, {Do: dirsync.PhoneRemove, ID: "DP6", Number: "+15555550121"}}}),
			op(dirsync.ResultApplied, "", dirsync.Op{Action: dirsync.GroupDelete, Username: "Old", Reason: "mirrored no longer", Group: &dirsync.GroupLink{ID: "DG9", Name: "Old"}}),
		},
		Guards: []dirsync.Guard{{Name: "max_group_loss", About: dirsync.About{Group: "Personnel"}, Limit: "50%", Affected: 6, Total: 20, Partial: true},
			{Name: "max_remove", Limit: "5%", Affected: 12, Total: 60, ApprovedBy: "ann, bob " + reporttest.Hostile}},
		Usage: dirsync.Usage{Calls: 31},
	}
}

// emptiedRun is held, since a group would lose most of its members.
func emptiedRun() *dirsync.Run {
	run := everythingRun()
	run.Outcome, run.DryRun, run.ApprovalID = dirsync.OutcomeHeld, true, "77665544332211009988"
	run.Operations = run.Operations[3:4]
	run.Operations[0].Result = dirsync.ResultHeld
	run.Guards[0].Affected, run.Guards[0].Held, run.Guards[0].ApprovalID = 1200, true, run.ApprovalID
	run.Guards[0].Total = 1300
	return run
}

func failedRun() *dirsync.Run {
	return &dirsync.Run{ID: "20260304T110000Z-999999", Outcome: dirsync.OutcomeFailed, Started: reporttest.Noon.Add(-time.Hour), Finished: reporttest.Noon.Add(-time.Hour + 400*time.Millisecond),
		Read: dirsync.ReadInfo{Read: 500},
		Err:  dirsync.WithHint(errors.New("reading the directory: size limit exceeded after 500 entries"), "Raise the server's limit for this account, or bind as another one.")}
}

func quietRun() *dirsync.Run {
	return &dirsync.Run{ID: "20260304T100000Z-111111", Outcome: dirsync.OutcomeNoChanges, Started: reporttest.Noon.Add(-2 * time.Hour), Finished: reporttest.Noon.Add(-2*time.Hour + 2*time.Second),
		Read: dirsync.ReadInfo{Read: 12}, InScope: 12, Complete: true, Unchanged: 12}
}

// attentionRun finds nothing to do, while 25 people and a group wait for a human.
func attentionRun() *dirsync.Run {
	run := quietRun()
	run.ID = "20260304T110000Z-222222"
	conflict := dirsync.Conflict{Username: "p00", Sources: []dirsync.SourceID{"7000", "7001"}, Reason: "two people claim the name p00",
		People: []dirsync.Who{{Source: "7000", DN: "uid=p00,ou=people,dc=example", Username: "p00"}, {Source: "7001", DN: "uid=p00,ou=guests,dc=example", Username: "p00"}}}
	taken := dirsync.Conflict{Username: "p02", Sources: []dirsync.SourceID{"7002"}, Reason: "a user of this name exists in Duo and is not ours; adopt it with --adopt, or set sync.existing",
		People: []dirsync.Who{{Source: "7002", DN: "uid=p02,ou=people,dc=example", Username: "p02"}}, Remedy: "duosync sync --adopt p02 --config /srv/duosync/config.yaml", New: true}
	run.Conflicts = []dirsync.Conflict{conflict, taken, {Username: "VPN users", Reason: "a Duo group of this name exists"}}
	for i := range 25 {
		a := dirsync.Attention{Username: fmt.Sprintf("p%02d", i), Source: dirsync.SourceID(fmt.Sprint(7000 + i)), Reason: "disabled in Duo by others", Since: reporttest.Noon.Add(-time.Duration(i) * time.Hour), Apart: true}
		switch i {
		case 0, 1:
			a.Username, a.Reason, a.Apart = "p00", conflict.Reason, false
		case 2:
			a.Reason, a.Remedy, a.Apart = taken.Reason, taken.Remedy, false
		case 3:
			a.Reason = "locked out by Duo, for the user has not enrolled"
		}
		run.Attention = append(run.Attention, a)
	}
	run.Attention = append(run.Attention, dirsync.Attention{Username: "VPN users", Reason: "a Duo group of this name exists", Since: reporttest.Noon})
	return run
}

func lostRun() *dirsync.Run {
	run := quietRun()
	run.Outcome = dirsync.OutcomeHeld
	run.Guards = []dirsync.Guard{{Name: "state_lost", Limit: "50%", Affected: 12, Total: 12, Held: true, Remedy: "duosync rebuild", Since: reporttest.Noon.Add(-3 * time.Hour)}}
	return run
}

func killedRun() *report.Document {
	return unfinished("20260304T113000Z-dead00", reporttest.Noon.Add(-30*time.Minute), false,
		report.OperationOf(&dirsync.Op{Action: dirsync.Create, Username: "yyoung", Source: "6d1f"}, dirsync.ResultApplied, ""),
		report.OperationOf(&dirsync.Op{Action: dirsync.Create, Username: "zzwei", Source: "6d2f"}, dirsync.ResultFailed, "what became of it is not known yet"),
	)
}

func unfinished(id string, started time.Time, goesOn bool, operations ...report.Operation) *report.Document {
	doc, _ := report.Unfinished(id, started, goesOn, func(add func(report.Operation) error) error { // which fails only where adding does
		for _, o := range operations {
			if err := add(o); err != nil {
				return err
			}
		}
		return nil
	})
	return doc
}

func history() *report.History {
	h := &report.History{ByHand: []report.Act{
		report.ActOf(reporttest.Noon, "ann", "resume", "", ""), report.ActOf(reporttest.Noon, "ann", "approve", "fedcba98765400112233", "max_remove (12 operations)"), report.ActOf(reporttest.Noon.Add(-time.Hour), reporttest.Hostile, "disable", reporttest.Hostile, reporttest.Hostile),
	}, Runs: []report.Head{unfinished("20260304T123000Z-feed00", reporttest.Noon.Add(30*time.Minute), true).Head}}
	for _, doc := range []*report.Document{report.Of(reporttest.HostileRun()), killedRun(), report.Of(failedRun()), report.Of(attentionRun()), report.Of(quietRun())} {
		h.Runs = append(h.Runs, doc.Head)
	}
	return h
}

func due() *report.Due {
	d := report.NewDue(reporttest.Noon, reporttest.Noon.Add(-5*time.Hour), " --config '/srv/my duo/config.yaml'")
	for _, w := range reporttest.HostileRun().Waiting {
		d.Wait(w)
	}
	d.Wait(dirsync.Waiting{Username: "overdue", Source: "6c3f", Since: reporttest.Noon.Add(-1000 * time.Hour), Action: dirsync.Trash, Due: reporttest.Noon.Add(-time.Hour)})
	d.NotEnrolled = append(d.NotEnrolled,
		report.NotEnrolled{Username: "xchen", SourceID: "6e1f", User: "DUXCHEN"},
		report.NotEnrolled{Username: reporttest.Hostile, SourceID: "6e2f", User: "DUHOSTILE"})
	d.Pause(dirsync.Pause{Since: reporttest.Noon.Add(-time.Hour), Reason: "migration " + reporttest.Hostile, By: "ann " + reporttest.Hostile})
	d.Approve(dirsync.Approval{ID: "aaaabbbbccccddddeeee", By: "ann", Until: reporttest.Noon.Add(24 * time.Hour), Holds: []dirsync.Hold{
		{Guard: "max_remove", Limit: "5%", Affected: 2, Total: 20, Whole: true, Keys: []string{"1", "2"}},
		{Guard: "min_attribute", About: dirsync.About{Attribute: "mail"}, Limit: "50%", Affected: 12, Total: 20, Keys: []string{"2", "3"}}}})
	d.Approve(dirsync.Approval{ID: "ffff0000ffff0000ffff", Until: reporttest.Noon.Add(time.Hour)})
	d.Hold(report.Of(reporttest.HostileRun()), open)
	d.Attend(reporttest.HostileRun().Attention)
	d.Disable(dirsync.Mark{Username: "jdoe", User: "DUJDOE", Source: "6f1f", Since: reporttest.Noon.Add(-time.Hour), Reason: "left in anger", By: "helpdesk"})
	d.Disable(dirsync.Mark{Username: reporttest.Hostile, User: "DUHOSTILE2", Since: reporttest.Noon.Add(-time.Hour), Reason: reporttest.Hostile, By: reporttest.Hostile})
	return d
}

// open says that nothing was approved or used up.
func open(string) bool { return false }

// guardsRun holds by each guard that there is, and so by all that can be said.
func guardsRun() *dirsync.Run {
	run := quietRun()
	run.Outcome, run.ApprovalID = dirsync.OutcomeHeld, "00112233445566778899"
	add := func(g dirsync.Guard) {
		g.Held, g.Since = true, reporttest.Noon.Add(-24*time.Hour)
		if g.Remedy == "" {
			g.ApprovalID = fmt.Sprintf("%020d", len(run.Guards)+1)
		}
		run.Guards = append(run.Guards, g)
	}
	group := dirsync.About{Group: "staff"}
	add(dirsync.Guard{Name: "max_remove", Limit: "5%", Affected: 6, Total: 60, Names: []string{"asilva", "bokoye", "lcohen", "hsato", "rkim", "dpetrov"}})
	add(dirsync.Guard{Name: "max_update", Limit: "30%", Affected: 18, Partial: true})
	add(dirsync.Guard{Name: "max_update", Limit: "30%", Affected: 40, Total: 60, Detail: "what takes: groups, phones and aliases", Partial: true})
	add(dirsync.Guard{Name: "max_enable", Limit: "5%", Affected: 7, Total: 3, Partial: true})
	add(dirsync.Guard{Name: "max_create", Limit: "20", Affected: 2100, Total: 60, Partial: true})
	add(dirsync.Guard{Name: "max_recreate", Limit: "5%", Affected: 6, Total: 60, Partial: true})
	add(dirsync.Guard{Name: "max_group_loss", About: group, Limit: "50%", Affected: 8, Total: 14, Partial: true})
	add(dirsync.Guard{Name: "max_group_delete", Limit: "10%", Affected: 2, Total: 11, Partial: true})
	add(dirsync.Guard{Name: "min_source", Limit: "90%", Affected: 20, Total: 60})
	add(dirsync.Guard{Name: "min_source", About: dirsync.About{Directory: "hq"}, Limit: "90%", Affected: 20, Total: 60, Partial: true})
	add(dirsync.Guard{Name: "min_source", About: dirsync.About{Base: "ou=sales,dc=example"}, Limit: "90%", Affected: 20, Total: 20, Partial: true})
	add(dirsync.Guard{Name: "min_attribute", About: dirsync.About{Attribute: "mail"}, Limit: "50%", Affected: 40, Total: 60, Partial: true})
	add(dirsync.Guard{Name: "min_attribute", About: dirsync.About{Attribute: "accountlock"}, Limit: "50%", Affected: 1, Total: 1, Partial: true,
		Detail: "entries from which the value is gone are unchanged since: the right to read it was lost"})
	add(dirsync.Guard{Name: "min_attribute", About: dirsync.About{Attribute: "useraccountcontrol"}, Limit: "50%", Affected: 40, Total: 60, Partial: true,
		Detail: "useraccountcontrol of 40 people did not come back, though every such entry has it", Remedy: "let the account of ldap.bind_dn read useraccountcontrol of everybody, and check its values"})
	add(dirsync.Guard{Name: "min_group", About: group, Affected: 4, Total: 4, Partial: true, Detail: "the group \"staff\" was nested in a group that decides, and is gone, nested in vpn"})
	add(dirsync.Guard{Name: "min_group", About: group, Affected: 1, Total: 1, Partial: true})
	add(dirsync.Guard{Name: "scope_changed", Affected: 3, Total: 60, Partial: true})
	add(dirsync.Guard{Name: "state_lost", Limit: "50%", Affected: 40, Total: 60, Remedy: "duosync rebuild"})
	add(dirsync.Guard{Name: "ids_changed", Affected: 60, Total: 60, Partial: true, Remedy: "duosync rebuild --write", Detail: "rkim: the Duo user lies in Duo's Trash: restore it in the Duo Admin Panel before"})
	add(dirsync.Guard{Name: "audit", Affected: 0, Partial: true, Remedy: "make the file of audit.file writable"})
	return run
}

// partlyRun is held in part, and has been for long.
func partlyRun() *dirsync.Run {
	run := emptiedRun()
	run.DryRun, run.Guards[0].ApprovedBy, run.Guards[0].Since = false, "ann", reporttest.Noon.Add(-30*24*time.Hour)
	return run
}

// approvals list what is held, as far as it is not settled, and what is approved.
func approvals(settled func(string) bool) *report.Approvals {
	return report.NewApprovals(reporttest.Noon, report.Of(reporttest.HostileRun()), []dirsync.Approval{
		{ID: "aaaabbbbccccddddeeee", Until: reporttest.Noon.Add(24 * time.Hour), Holds: []dirsync.Hold{{Guard: "scope_changed", Affected: 2, Total: 20, Keys: []string{"1", "2"}}}},
		{ID: "ffff0000ffff0000ffff", Until: reporttest.Noon.Add(time.Hour)},
	}, settled, " --config /srv/duo.yaml")
}

// TestForms compares every form of every report with testdata; go test -update
// writes it anew.
func TestForms(t *testing.T) {
	for name, doc := range map[string]form.Renderer{
		"held":      report.Of(reporttest.HostileRun()),
		"all":       report.Of(everythingRun()),
		"emptied":   report.Of(emptiedRun()),
		"failed":    report.Of(failedRun()),
		"quiet":     report.Of(quietRun()),
		"attention": report.Of(attentionRun()),
		"lost":      report.Of(lostRun()),
		"guards":    report.Of(guardsRun()),
		"partly":    report.Of(partlyRun()),
		"approve":   approvals(open),
		"decided":   approvals(func(id string) bool { return id == "aaaa987654aa00112233" }),
		"killed":    killedRun(),
		"history":   history(),
		"nothing":   &report.History{Runs: []report.Head{}},
		"due":       due(),
		"none-due":  report.NewDue(reporttest.Noon, time.Time{}, ""),
		"none-held": report.NewApprovals(reporttest.Noon, nil, nil, open, ""),
	} {
		reporttest.Golden(t, name, doc)
	}
}

// kept is what the state keeps of a run, as text.
func kept(t testing.TB, run *dirsync.Run) []byte {
	t.Helper()
	var end dirsync.RunEnd
	if err := report.Keep(run, &end); err != nil {
		t.Fatal(err)
	}
	in, err := packing.Open(end.Report)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestStoredLooksTheSame checks that a run read back from the state renders as it
// did at its end, and gives its JSON byte by byte. Commands name the configuration of now,
// and who is skipped in each run is not kept.
func TestStoredLooksTheSame(t *testing.T) {
	for _, run := range []*dirsync.Run{reporttest.HostileRun(), everythingRun(), emptiedRun(), failedRun(), quietRun(), attentionRun(), lostRun(), guardsRun(), partlyRun()} {
		stored := kept(t, run)
		for _, format := range form.Formats() {
			var before, after bytes.Buffer
			told := report.Of(run)
			if told.Skipped = nil; format != form.JSON {
				told.Reflag(" --config /srv/new.yaml")
			}
			if err := errors.Join(told.Write(&before, format, form.Look{Colour: true}), report.Stored{Report: packing.Text(stored), Flags: " --config /srv/new.yaml"}.Write(&after, format, form.Look{Colour: true})); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before.String(), after.String()); diff != "" {
				t.Errorf("%s as %s (-at its end +from the state):\n%s", run.ID, format, diff)
			}
		}
	}
}

// TestManyOperations shows reports of more operations than are kept in memory, from the state and
// of a run that left none, as they are told of the run itself.
func TestManyOperations(t *testing.T) {
	run := everythingRun()
	for i := range 12_000 {
		o := *run.Operations[5+i%3]
		op := *o.Op
		op.Username = fmt.Sprint("number ", i)
		o.Op = &op
		run.Operations = append(run.Operations, &o)
	}
	var end dirsync.RunEnd
	if err := report.Keep(run, &end); err != nil {
		t.Fatal(err)
	}
	told := report.Of(run)
	left, err := report.Unfinished(run.ID, run.Started, false, func(add func(report.Operation) error) error {
		for o := range told.Operations.All() {
			if err := add(*o); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	left.Head = told.Head
	for _, format := range form.Formats() {
		want := reporttest.Rendered(t, told, format)
		if got := reporttest.Rendered(t, report.Stored{Report: end.Report}, format); got != want {
			t.Errorf("from the state, %s: %d bytes, want %d that are the same", format, len(got), len(want))
		}
		left.Guards, left.Conflicts, left.Warnings = told.Guards, told.Conflicts, told.Warnings
		if got := reporttest.Rendered(t, left, format); got != want {
			t.Errorf("of a run without a report, %s: %d bytes, want %d that are the same", format, len(got), len(want))
		}
	}
	if head, err := report.DecodeHead(end.Summary); err != nil || head.Summary != told.Summary {
		t.Errorf("the summary: %+v, %v", head, err)
	}
	if brief, err := report.DecodeBrief(end.Report); err != nil || brief.Operations.Some(func(*report.Operation) bool { return true }) || len(brief.Guards) != len(told.Guards) {
		t.Errorf("without operations: %+v, %v", brief, err)
	}
	if !report.Mentions(end.Report, "Number 11999") || report.Mentions(end.Report, "number 12000", "") {
		t.Error("who is mentioned far behind is not found")
	}
}

// TestStoredByAnEarlierVersion reads reports without the keys that came later.
func TestStoredByAnEarlierVersion(t *testing.T) {
	for _, run := range []*dirsync.Run{reporttest.HostileRun(), everythingRun(), quietRun(), attentionRun()} {
		var doc map[string]any
		if err := json.Unmarshal(kept(t, run), &doc); err != nil {
			t.Fatal(err)
		}
		delete(doc, "attention")
		delete(doc["summary"].(map[string]any), "attention")
		for _, c := range doc["conflicts"].([]any) {
			delete(c.(map[string]any), "people")
			delete(c.(map[string]any), "remedy")
		}
		stored, err := form.Encode(doc)
		if err != nil {
			t.Fatal(err)
		}
		for _, format := range form.Formats() {
			text := reporttest.Bare(reporttest.Rendered(t, report.Stored{Report: packing.Text(stored)}, format))
			if format != form.JSON && format != form.CSV && (strings.Contains(text, "\nATTENTION\n") || strings.Contains(text, "### Attention") || run.Conflicts == nil && strings.Contains(text, "attention")) {
				t.Errorf("%s as %s tells what nobody knows:\n%s", run.ID, format, text)
			}
			if format == form.Table && run.Outcome == dirsync.OutcomeNoChanges && strings.HasPrefix(text, "Run: nothing to do\n") != (len(run.Conflicts) == 0) {
				t.Errorf("%s: %s", run.ID, text)
			}
		}
		if _, err := report.DecodeHead(stored); err != nil {
			t.Error(err)
		}
	}
}

func TestColour(t *testing.T) {
	var plain, coloured bytes.Buffer
	for _, run := range []*dirsync.Run{reporttest.HostileRun(), everythingRun()} {
		if err := errors.Join(report.Of(run).Write(&plain, form.Table, form.Look{}), report.Of(run).Write(&coloured, form.Table, form.Look{Colour: true})); err != nil {
			t.Fatal(err)
		}
	}
	bare := coloured.String()
	for _, code := range []string{"\x1b[0m", "\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[35m"} {
		if !strings.Contains(bare, code) {
			t.Errorf("no line is painted with %q", code)
		}
		bare = strings.ReplaceAll(bare, code, "")
	}
	if diff := cmp.Diff(plain.String(), bare); diff != "" {
		t.Errorf("colour changes more than colours (-without +with):\n%s", diff)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON":        "run",
		"another schema": `{"schema": 2, "run_id": "x"}`,
		"no schema":      `{}`,
	} {
		if _, err := report.DecodeWhole(packing.Text([]byte(text))); err == nil {
			t.Errorf("%s was read", name)
		}
		if _, err := report.DecodeHead([]byte(text)); err == nil {
			t.Errorf("the head of %s was read", name)
		}
	}
}
