package report_test

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/report/reporttest"
	dirsync "duosync/sync"
)

var lookDir = flag.String("look", "", "write HTML reports of several sizes into this folder, to look at them")

var (
	givenNames = []string{"Ana", "Bintou", "Léa", "Hanako", "Rahim", "Dmitri", "Xiu", "José", "Ngozi", "Mary-Jane", "יוסף", "كريم"}
	lastNames  = []string{"Silva", "Okoye", "Cohen-Rosenfeld", "Sato", "Kim", "Petrov", "Chen", "Hernández", "Adeyemi", "O’Brien", "לוי", "منصور"}
)

// peopleRun is a run with so many operations: most create, some update, disable and the like.
func peopleRun(n int) *dirsync.Run {
	run := &dirsync.Run{ID: "20260304T120000Z-0a1b2c", Command: "sync", By: "ann", Account: "api-12345678.duosecurity.com", Directory: "dc=example,dc=com",
		Outcome: dirsync.OutcomeApplied, Started: reporttest.Noon, Finished: reporttest.Noon.Add(42 * time.Second), PlanID: "0123456789abcdef0123",
		Read: dirsync.ReadInfo{Read: 12345 + n}, InScope: 12300 + n, Complete: true, Unchanged: 12300, Usage: dirsync.Usage{Calls: n}}
	if n == 0 {
		run.Outcome = dirsync.OutcomeNoChanges
	}
	for i := range n {
		given, last := givenNames[i%len(givenNames)], lastNames[i/7%len(lastNames)]
		name := fmt.Sprintf("user%05d", i)
		mail := strings.ToLower(name) + "@example.com"
		op := dirsync.Op{Action: dirsync.Create, Username: name, Source: dirsync.SourceID(fmt.Sprintf("6a1f%032d", i)), Reason: "in the directory's scope", Changes: []dirsync.Change{
			{Field: "username", After: name}, {Field: "realname", After: given + " " + last}, {Field: "firstname", After: given}, {Field: "lastname", After: last},
			{Field: "email", After: mail}, {Field: "status", After: "active"}}}
		switch i % 10 {
		case 3:
			op.Action, op.User, op.Reason = dirsync.Update, "DU1234", "changed in the directory"
			op.Changes = []dirsync.Change{{Field: "realname", Before: "Ana Silva", After: given + " " + last}, {Field: "lastname", Before: "Silva", After: last}}
		case 7:
			op.Action, op.User, op.Reason, op.Changes = dirsync.Disable, "DU1234", "gone from the directory", []dirsync.Change{{Field: "status", Before: "active", After: "disabled"}}
			if i%20 == 7 {
				op.Reason = "disabled in the directory"
			}
		}
		run.Operations = append(run.Operations, &dirsync.Operation{Op: &op, Result: dirsync.ResultApplied})
	}
	return run
}

// undoneRun is the same with some that were not done, and people who need somebody.
func undoneRun(n int) *dirsync.Run {
	run := peopleRun(n)
	run.Outcome = dirsync.OutcomePartial
	for i, o := range run.Operations {
		switch i % 29 {
		case 5:
			o.Result, o.Error = dirsync.ResultFailed, "Duo refused: Invalid request parameters (email)"
		case 9:
			o.Result = dirsync.ResultHeld
		}
	}
	run.Guards = []dirsync.Guard{{Name: "max_update", Limit: "30%", Affected: 4100, Total: 12300, Partial: true, Held: true, ApprovalID: "aaaa987654aa00112233", Since: reporttest.Noon.Add(-50 * time.Hour), Names: []string{"user00003", "יוסף", "user00013"}}}
	run.ApprovalID = "aaaa987654aa00112233"
	attention := attentionRun()
	run.Attention, run.Conflicts, run.Warnings = attention.Attention[:7], attention.Conflicts, []string{"the state is open to other users: mode 0644 of /var/lib/duosync/duosync.db"}
	return run
}

// TestLook writes pages to look at.
func TestLook(t *testing.T) {
	if *lookDir == "" {
		t.Skip("there is no -look DIR")
	}
	dry := undoneRun(300)
	dry.DryRun, dry.Outcome, dry.ExpectedCalls, dry.ExpectedDuration = true, dirsync.OutcomeHeld, 412, 3*time.Minute
	for _, o := range dry.Operations {
		if o.Result == dirsync.ResultApplied {
			o.Result = dirsync.ResultPlanned
		}
	}
	planned := peopleRun(300)
	planned.DryRun, planned.Outcome = true, dirsync.OutcomePlanned
	long := due()
	long.Verbose = true
	for i := range 300 {
		long.NotEnrolled = append(long.NotEnrolled, report.NotEnrolled{Username: fmt.Sprintf("user%05d", i), SourceID: "6e1f", User: "DUXCHEN", Realname: "Ana Silva", Email: "ana@example.com"})
	}
	for name, doc := range map[string]form.Renderer{
		"0": report.Of(peopleRun(0)), "1": report.Of(peopleRun(1)), "300": report.Of(undoneRun(300)), "20000": report.Of(peopleRun(20_000)),
		"dry": report.Of(dry), "planned": report.Of(planned), "hostile": report.Of(reporttest.HostileRun()), "all": report.Of(everythingRun()), "guards": report.Of(guardsRun()),
		"attention": report.Of(attentionRun()), "failed": report.Of(failedRun()), "lost": report.Of(lostRun()), "history": history(), "due": long, "approve": approvals(open), "nothing": &report.History{Runs: []report.Head{}},
	} {
		if err := os.WriteFile(filepath.Join(*lookDir, name+".html"), []byte(reporttest.Rendered(t, doc, form.HTML)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSizeOfHTML: a report of 20,000 operations can be sent by mail, and opened.
func TestSizeOfHTML(t *testing.T) {
	for name, run := range map[string]*dirsync.Run{"done": peopleRun(20_000), "in part": undoneRun(20_000)} {
		var out bytes.Buffer
		if err := report.Of(run).Write(&out, form.HTML, form.Look{}); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(out.String(), "<tr"); n < 20_000 {
			t.Errorf("%s: %d rows", name, n)
		}
		if out.Len() > 5_000_000 {
			t.Errorf("%s: %d bytes", name, out.Len())
		}
	}
}

func BenchmarkHTML(b *testing.B) {
	for _, n := range []int{300, 20_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var end dirsync.RunEnd
			if err := report.Keep(peopleRun(n), &end); err != nil {
				b.Fatal(err)
			}
			for name, doc := range map[string]form.Renderer{"run": report.Of(peopleRun(n)), "state": report.Stored{Report: end.Report}} {
				b.Run(name, func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						if err := doc.Write(io.Discard, form.HTML, form.Look{}); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		})
	}
}
