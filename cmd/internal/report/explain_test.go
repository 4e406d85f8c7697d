package report_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"duosync/cmd/internal/report"
	dirsync "duosync/sync"
)

// everythingExplained has something of everything; who is what a stranger could
// have written wherever a stranger can write.
func everythingExplained(who string) *report.Explanation {
	e := report.NewExplanation(who)
	list := func(items ...string) report.Values { return report.Values{List: true, Items: items} }
	pointer := func(v report.Values) *report.Values { return &v }
	user := report.DuoUser{ID: "DU1", Username: who, Status: dirsync.StatusLockedOut, Aliases: []string{who}, Realname: who, Email: who, Created: "2026-01-01T00:00:00Z",
		Enrolled: true, Directory: true, Groups: []report.DuoGroup{{Name: who, Status: dirsync.StatusBypass, Ours: true}, {Name: "staff", Status: dirsync.StatusActive}},
		Phones: []report.DuoPhone{{ID: "DP1", Number: "+15555550100", Type: "mobile", Platform: who, Activated: true, Ours: true, Kept: true}, {ID: "DP2", Type: "unknown"}}}
	e.FoundBy = "username"
	e.Entry = &report.Entry{Found: report.FoundInBase, SourceID: "6a1f", DN: "cn=" + who, Server: "ldaps://ldap.example.com", Base: "ou=people,dc=example,dc=com", Standing: dirsync.Disabled,
		Attributes: map[string][]string{"cn": {who, "=1+1"}, "entryuuid": {"6a1f"}, "uid": {who}}, Groups: []string{who, "staff"}}
	e.Scope = report.ScopeStand{In: true, Rule: "sync.scope.include_groups", Item: who, Reason: "in, by the group " + who}
	e.Fields = []report.FieldStep{
		{Field: "username", Before: report.ValueOf(who), After: report.ValueOf(who), From: []string{"uid"}, Asked: pointer(report.ValueOf(who)), Duo: pointer(report.ValueOf(who)), Warnings: []string{}},
		{Field: "realname", Before: report.ValueOf("לאה כהן"), After: report.ValueOf("לאה לוי"), From: []string{"upper(cn)"}, Duo: pointer(report.ValueOf("")), Warnings: []string{"left out: " + who}},
		{Field: "phones", Before: list("(415) 555-0100", who), After: list("+14155550100"), From: []string{"mobile", "pager"}, Asked: pointer(list()), Duo: pointer(list("+14155550100", "+14155550101")), Once: true, Warnings: []string{}},
	}
	e.Snapshot = &report.Snapshot{SourceID: "6a1f", User: "DU1", Origin: dirsync.Adopted, Since: "2026-01-02T00:00:00Z", Asked: map[string]report.Values{"username": report.ValueOf(who)}, Answered: &user,
		Missing: &report.MissingStand{Why: dirsync.OutOfScope, Since: "2026-02-01T00:00:00Z", Step: dirsync.Disable, At: "2026-02-02T00:00:00Z"}, LetGo: dirsync.LetGoSynced, DisabledByHand: true,
		Phones: []string{"+15555550100"}, Groups: []string{who}, Unfinished: []string{"phones"}, Mail: dirsync.MailDue, Refreshed: "2026-03-01T00:00:00Z", RefreshDue: "2026-03-02T00:00:00Z"}
	e.Duo = report.DuoStand{Standing: report.DuoOurs, User: &user, ByOthers: true, Changed: []report.FieldDiff{{Field: "email", Left: report.ValueOf("a@example.com"), Duo: report.ValueOf(who)}},
		Holders: []report.Holder{{Name: who, Reason: "not ours", User: &user}}}
	e.Next.Decided(&dirsync.Decision{
		Operations: []*dirsync.Operation{
			{Op: &dirsync.Op{Action: dirsync.Disable, Username: who, Source: "6a1f", User: "DU1", Reason: who, Changes: []dirsync.Change{{Field: "status", Before: "active", After: "disabled"}}}, Result: dirsync.ResultHeld},
			{Op: &dirsync.Op{Action: dirsync.Update, Username: who, Source: "6a1f", User: "DU1", Reason: "changed in the directory", Changes: []dirsync.Change{{Field: "email", Before: who, After: "=1+1"}}}, Result: dirsync.ResultPlanned},
		},
		Conflicts: []dirsync.Conflict{{Username: who, Sources: []dirsync.SourceID{"6a1f", "6a2f"}, Reason: who, New: true}, {Username: "staff", Reason: "a Duo group of this name exists"}},
		Waiting:   &dirsync.Waiting{Username: who, Source: "6a1f", Since: noon, Action: dirsync.Trash, Due: noon.Add(720 * time.Hour)},
	})
	e.Next.Action, e.Next.Reason, e.Next.Result, e.Next.Refresh = dirsync.Disable, "disable: "+who, dirsync.ResultHeld, "due"
	last := report.Of(hostileRun())
	e.Holds = append(last.HeldIn(func(o *report.Operation) bool { return o.SourceID == "6a1f" }, open, func(*report.Guard) bool { return true }),
		report.GuardHold(&dirsync.Guard{Name: "max_remove", Limit: "5%", Affected: 10, Total: 100, Held: true}),
		report.Hold{Kind: report.HoldApproved, Reason: "approved: " + who}, report.Hold{Kind: report.HoldPaused, Reason: "paused: " + who})
	e.PastOf(last, 3, func(*report.Operation) bool { return true })
	e.Warnings = append(e.Warnings, who)
	return e
}

func explanations() map[string]*report.Explanation {
	gone := report.NewExplanation("asilva")
	gone.FoundBy = "Duo username or alias"
	gone.Entry = &report.Entry{Found: report.FoundNowhere, SourceID: "6a1f", Attributes: map[string][]string{}, Groups: []string{}}
	gone.Scope.Reason = "out: not in the directory"
	gone.Snapshot = everythingExplained("asilva").Snapshot
	gone.Snapshot.LetGo, gone.Snapshot.DisabledByHand = "", false
	gone.Duo.Standing = report.DuoNone
	gone.Next.Decided(&dirsync.Decision{Waiting: &dirsync.Waiting{Username: "asilva", Source: "6a1f", Since: noon, Action: dirsync.Delete, Due: noon.Add(time.Hour)}})
	gone.Next.Action, gone.Next.Reason = report.NextWait, "nothing yet: delete on 2026-03-04 13:00 UTC"
	blind := report.NewExplanation("asilva")
	blind.FoundBy, blind.Entry = "username", everythingExplained("asilva").Entry
	blind.Next.Action, blind.Next.Reason, blind.Error = report.NextFail, "the run fails", "Duo answered 401/40101. Check the keys."
	several := report.NewExplanation("asilva")
	several.Matches = []report.Match{{SourceID: "6a1f", Username: "asilva", DN: "cn=" + hostile, FoundBy: "username"}, {SourceID: "6a2f", User: "DU2", Username: hostile, FoundBy: "mail address"}}
	several.Error = "2 people are meant"
	marked := everythingExplained("asilva")
	marked.Holds = []report.Hold{{Kind: report.HoldDisabled, Reason: "kept disabled since 2026-03-01 08:00 UTC by helpdesk (dismissed)"},
		{Kind: report.HoldRun, Name: "ids_changed", RunID: "r1", Reason: "ids_changed: as it was seen", Remedy: "duosync rebuild --write"}}
	return map[string]*report.Explanation{"marked": marked, "all": everythingExplained("asilva"), "hostile": everythingExplained(hostile), "gone": gone, "blind": blind, "several": several}
}

// TestExplanationForms compares every form with testdata; go test -update writes it
// anew.
func TestExplanationForms(t *testing.T) {
	suffixes := map[report.Format]string{report.Table: ".txt", report.JSON: ".json", report.Markdown: ".md", report.HTML: ".html", report.CSV: ".csv"}
	for name, doc := range explanations() {
		for _, format := range report.Formats() {
			file := filepath.Join("testdata", "explain-"+name+suffixes[format])
			var got bytes.Buffer
			if err := doc.Write(&got, format, false); err != nil {
				t.Fatal(err)
			}
			if *update {
				if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", file, diff)
			}
		}
	}
}

// FuzzExplanation puts any text wherever a stranger can write: no form lets it out
// as more than text.
func FuzzExplanation(f *testing.F) {
	f.Add("asilva")
	f.Add(hostile)
	f.Add("=cmd|' /C calc'!A1")
	f.Add("# heading\n\n- item")
	f.Fuzz(func(t *testing.T, text string) {
		doc := everythingExplained(text)
		for _, format := range report.Formats() {
			var out bytes.Buffer
			if err := doc.Write(&out, format, false); err != nil {
				t.Fatal(err)
			}
			if i := strings.IndexFunc(out.String(), harmful); i >= 0 && format != report.JSON { // which has an escape of its own
				t.Fatalf("%s lets %q out", format, out.String()[i:min(out.Len(), i+20)])
			}
			switch format {
			case report.JSON:
				if !json.Valid(out.Bytes()) {
					t.Fatalf("no JSON:\n%s", out.String())
				}
			case report.CSV:
				checkCSV(t, out.String())
			case report.HTML:
				checkHTML(t, out.String())
			case report.Markdown:
				checkMarkdown(t, out.String())
			}
		}
	})
}

// TestPast reads single operations out of stored reports, newest first and no more
// than wanted.
func TestPast(t *testing.T) {
	stored, err := report.Encode(hostileRun())
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{"asilva": true, "asilv": false, "6a3f": true, "": false, hostile: false} {
		if got := report.Mentions(stored, "", text); got != want && text != hostile {
			t.Errorf("mentions %q: %v", text, got)
		}
	}
	e := report.NewExplanation("x")
	all := func(*report.Operation) bool { return true }
	if err := e.Past("run", "2026-03-04T12:00:00Z", stored, 100, func(o *report.Operation) bool { return o.Action == dirsync.Update }); err != nil {
		t.Fatal(err)
	}
	if len(e.History) != 3 || e.History[0].SourceID != "6a5f" || e.History[2].SourceID != "6a3f" || e.History[0].RunID != "run" {
		t.Errorf("past %+v", e.History)
	}
	if err := e.Past("run", "", stored, 5, all); err != nil || len(e.History) != 5 {
		t.Errorf("%v; %d operations, want 5", err, len(e.History))
	}
	for _, broken := range []string{"", "[]x", `{"operations": 1`, `{"operations": [{"action": 1}]}`, `{"a"`} {
		if err := e.Past("run", "", []byte(broken), 9, all); err == nil || !strings.Contains(err.Error(), "run run") {
			t.Errorf("%q: %v", broken, err)
		}
	}
	if n := report.Of(hostileRun()).Planned(); n != 9 {
		t.Errorf("%d operations are planned, want 8 and the failed one counted again", n)
	}
	if n := report.Of(quietRun()).Planned(); n != 0 {
		t.Errorf("%d operations in a quiet run", n)
	}
}
