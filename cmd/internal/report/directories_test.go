package report_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/form"
	dirsync "duosync/sync"
)

// TestDirectoriesAreNamed: where there are several directories, people are told with theirs in
// every form that is read, and only there: scripts find it in the id.
func TestDirectoriesAreNamed(t *testing.T) {
	for _, several := range []bool{true, false} {
		run := &dirsync.Run{
			ID: "run", Complete: true, Outcome: dirsync.OutcomeApplied,
			Operations: []*dirsync.Operation{{Op: &dirsync.Op{Action: dirsync.Disable, Username: "anna", Source: "hr/1"}, Result: dirsync.ResultApplied},
				{Op: &dirsync.Op{Action: dirsync.GroupCreate, Username: "a/b", Source: "group|a/b", Group: &dirsync.GroupLink{}}, Result: dirsync.ResultApplied}},
			Conflicts: []dirsync.Conflict{{Username: "bert", Sources: []dirsync.SourceID{"hr/2"}, People: []dirsync.Who{{Source: "hr/2", DN: "uid=bert", Username: "bert"}}, Reason: "taken"}},
			Attention: []dirsync.Attention{{Username: "cora", Source: "students/3", Reason: "odd"}},
			Waiting:   []dirsync.Waiting{{Username: "dora", Source: "students/4", Action: dirsync.Trash}},
		}
		if several {
			run.Read.Parts = []dirsync.ReadInfo{{Directory: "hr", Read: 2}, {Directory: "students", Read: 3}}
		}
		due := report.NewDue(time.Now(), time.Time{}, "")
		due.Verbose = true
		due.Wait(run.Waiting[0])
		due.Attend(run.Attention)
		due.NotEnrolled = append(due.NotEnrolled, report.NotEnrolled{Username: "emil", SourceID: "hr/5"})
		if several {
			due.Named()
		}
		for _, format := range []form.Format{form.Table, form.Markdown, form.HTML, form.JSON, form.CSV} {
			read := format != form.JSON && format != form.CSV
			for what, doc := range map[string]form.Renderer{"run": report.Of(run), "due": due} {
				var out bytes.Buffer
				if err := doc.Write(&out, format, form.Look{}); err != nil {
					t.Fatal(err)
				}
				names := map[string][]string{"run": {"anna (hr)", "bert (hr)", "cora (students)", "dora (students)"}, "due": {"dora (students)", "cora (students)", "emil (hr)"}}[what]
				for _, name := range names {
					if strings.Contains(out.String(), name) != (several && read) {
						t.Errorf("%s as %s, several %v: %q is there: %v\n%s", what, format, several, name, !(several && read), out.String())
					}
				}
				if strings.Contains(out.String(), "a/b (") {
					t.Errorf("a group is told of a directory:\n%s", out.String())
				}
			}
		}
	}
}
