package explanation_test

import (
	"strings"
	"testing"
	"time"

	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/explanation"
	"duosync/cmd/internal/report/reporttest"
	dirsync "duosync/sync"
	"duosync/sync/packing"
)

// everythingExplained has something of everything; who is what a stranger could
// have written wherever a stranger can write.
func everythingExplained(who string) *explanation.Document {
	e := explanation.New(who)
	list := func(items ...string) explanation.Values { return explanation.Values{List: true, Items: items} }
	pointer := func(v explanation.Values) *explanation.Values { return &v }
	user := explanation.DuoUser{ID: "DU1", Username: who, Status: dirsync.StatusLockedOut, Aliases: []string{who}, Realname: who, Email: who, Created: "2026-01-01T00:00:00Z",
		Enrolled: true, Directory: true, Groups: []explanation.DuoGroup{{Name: who, Status: dirsync.StatusBypass, Ours: true}, {Name: "staff", Status: dirsync.StatusActive}},
		Phones: []explanation.DuoPhone{{ID: "DP1", Number: "+15555550100", Type: "mobile", Platform: who, Activated: true, Ours: true, Kept: true}, {ID: "DP2", Type: "unknown"}}}
	e.FoundBy = "username"
	e.Entry = &explanation.Entry{Found: explanation.FoundInBase, SourceID: "6a1f", DN: "cn=" + who, Server: "ldaps://ldap.example.com", Base: "ou=people,dc=example,dc=com", Standing: dirsync.Disabled,
		Attributes: map[string][]string{"cn": {who, "=1+1"}, "entryuuid": {"6a1f"}, "uid": {who}}, Groups: []string{who, "staff"}}
	e.Scope = explanation.ScopeStand{In: true, Rule: "sync.scope.include_groups", Item: who, Reason: "in, by the group " + who}
	e.Fields = []explanation.FieldStep{
		{Field: "username", Before: explanation.ValueOf(who), After: explanation.ValueOf(who), From: []string{"uid"}, Asked: pointer(explanation.ValueOf(who)), Duo: pointer(explanation.ValueOf(who)), Warnings: []string{}},
		{Field: "realname", Before: explanation.ValueOf("לאה כהן"), After: explanation.ValueOf("לאה לוי"), From: []string{"upper(cn)"}, Duo: pointer(explanation.ValueOf("")), Warnings: []string{"left out: " + who}},
		{Field: "phones", Before: list("(415) 555-0100", who), After: list("+14155550100"), From: []string{"mobile", "pager"}, Asked: pointer(list()), Duo: pointer(list("+14155550100", "+14155550101")), Once: true, Warnings: []string{}},
	}
	e.Snapshot = &explanation.Snapshot{SourceID: "6a1f", User: "DU1", Origin: dirsync.Adopted, Since: "2026-01-02T00:00:00Z", Asked: map[string]explanation.Values{"username": explanation.ValueOf(who)}, Answered: &user,
		Missing: &explanation.MissingStand{Why: dirsync.OutOfScope, Since: "2026-02-01T00:00:00Z", Step: dirsync.Disable, At: "2026-02-02T00:00:00Z"}, LetGo: dirsync.LetGoSynced, DisabledByHand: true,
		Phones: []string{"+15555550100"}, Groups: []string{who}, Unfinished: []string{"phones"}, Mail: dirsync.MailDue, Refreshed: "2026-03-01T00:00:00Z", RefreshDue: "2026-03-02T00:00:00Z"}
	e.Duo = explanation.DuoStand{Standing: explanation.DuoOurs, User: &user, ByOthers: true, Changed: []explanation.FieldDiff{{Field: "email", Left: explanation.ValueOf("a@example.com"), Duo: explanation.ValueOf(who)}},
		Holders: []explanation.Holder{{Name: who, Reason: "not ours", User: &user}}}
	e.Next.Decided(&dirsync.Decision{
		Operations: []*dirsync.Operation{
			{Op: &dirsync.Op{Action: dirsync.Disable, Username: who, Source: "6a1f", User: "DU1", Reason: who, Changes: []dirsync.Change{{Field: "status", Before: "active", After: "disabled"}}}, Result: dirsync.ResultHeld},
			{Op: &dirsync.Op{Action: dirsync.Update, Username: who, Source: "6a1f", User: "DU1", Reason: "changed in the directory", Changes: []dirsync.Change{{Field: "email", Before: who, After: "=1+1"}}}, Result: dirsync.ResultPlanned},
		},
		Conflicts: []dirsync.Conflict{{Username: who, Sources: []dirsync.SourceID{"6a1f", "6a2f"}, Reason: who, New: true,
			People: []dirsync.Who{{Source: "6a1f", DN: "cn=" + who, Username: who}, {Source: "6a2f"}}, Remedy: "duosync sync --adopt '" + who + "'"}, {Username: "staff", Reason: "a Duo group of this name exists"}},
		Waiting: &dirsync.Waiting{Username: who, Source: "6a1f", Since: reporttest.Noon, Action: dirsync.Trash, Due: reporttest.Noon.Add(720 * time.Hour)},
	})
	e.Attention = &report.Attention{Username: who, SourceID: "6a1f", Reason: who, Remedy: "duosync sync --adopt " + who, Since: "2026-03-01T00:00:00Z"}
	user.LockoutReason = dirsync.NotEnrolled
	e.Next.Action, e.Next.Reason, e.Next.Result, e.Next.Refresh = dirsync.Disable, "disable: "+who, dirsync.ResultHeld, "due"
	last := report.Of(reporttest.HostileRun())
	e.Holds = append(explanation.HeldIn(last, func(o *report.Operation) bool { return o.SourceID == "6a1f" }, func(string) bool { return false }, func(*report.Guard) bool { return true }),
		explanation.GuardHold(&dirsync.Guard{Name: "max_remove", Limit: "5%", Affected: 10, Total: 100, Held: true}),
		explanation.Hold{Kind: explanation.HoldApproved, Reason: "approved: " + who}, explanation.Hold{Kind: explanation.HoldPaused, Reason: "paused: " + who})
	e.History.Add(last, 3, func(*report.Operation) bool { return true })
	e.Warnings = append(e.Warnings, who)
	return e
}

func explanations() map[string]*explanation.Document {
	gone := explanation.New("asilva")
	gone.FoundBy = "Duo username or alias"
	gone.Entry = &explanation.Entry{Found: explanation.FoundNowhere, SourceID: "6a1f", Attributes: map[string][]string{}, Groups: []string{}}
	gone.Scope.Reason = "out: not in the directory"
	gone.Snapshot = everythingExplained("asilva").Snapshot
	gone.Snapshot.LetGo, gone.Snapshot.DisabledByHand = "", false
	gone.Duo.Standing = explanation.DuoNone
	gone.Next.Decided(&dirsync.Decision{Waiting: &dirsync.Waiting{Username: "asilva", Source: "6a1f", Since: reporttest.Noon, Action: dirsync.Delete, Due: reporttest.Noon.Add(time.Hour)}})
	gone.Next.Action, gone.Next.Reason = explanation.NextWait, "nothing yet: delete on 2026-03-04 13:00 UTC"
	blind := explanation.New("asilva")
	blind.FoundBy, blind.Entry = "username", everythingExplained("asilva").Entry
	blind.Next.Action, blind.Next.Reason, blind.Error = explanation.NextFail, "the run fails", "Duo answered 401/40101. Check the keys."
	several := explanation.New("asilva")
	several.Matches = []explanation.Match{{SourceID: "6a1f", Username: "asilva", DN: "cn=" + reporttest.Hostile, FoundBy: "username"}, {SourceID: "6a2f", User: "DU2", Username: reporttest.Hostile, FoundBy: "mail address"}}
	several.Error = "2 people are meant"
	marked := everythingExplained("asilva")
	marked.Holds = []explanation.Hold{{Kind: explanation.HoldDisabled, Reason: "kept disabled since 2026-03-01 08:00 UTC by helpdesk (dismissed)"},
		{Kind: explanation.HoldRun, Name: "ids_changed", RunID: "r1", Reason: "ids_changed: as it was seen", Remedy: "duosync rebuild --write"}}
	undecided := explanation.New("asilva")
	undecided.FoundBy, undecided.Entry, undecided.Scope = "username", everythingExplained("asilva").Entry, everythingExplained("asilva").Scope
	undecided.Duo.Standing = explanation.DuoNone
	undecided.Next.Because(explanation.Undecided, "6a0f")
	undecided.Next.Result = dirsync.ResultHeld
	undecided.Attention = &report.Attention{Username: "asilva", SourceID: "6a1f", Reason: "there under a new id (it was 6a0f)", Remedy: "duosync sync --adopt asilva", Since: "2026-03-01T00:00:00Z"}
	hold := explanation.GuardHold(&dirsync.Guard{Name: "ids_changed", Affected: 1, Total: 100, Held: true, Partial: true, Remedy: "duosync sync --adopt asilva"})
	ran := hold
	ran.Kind, ran.RunID = explanation.HoldRun, "r1"
	undecided.Holds = []explanation.Hold{hold, ran}
	return map[string]*explanation.Document{"undecided": undecided, "marked": marked, "all": everythingExplained("asilva"), "hostile": everythingExplained(reporttest.Hostile), "gone": gone, "blind": blind, "several": several}
}

// TestExplanationForms compares every form with testdata; go test -update writes it
// anew.
func TestExplanationForms(t *testing.T) {
	for name, doc := range explanations() {
		reporttest.Golden(t, name, doc)
	}
}

// FuzzExplanation puts any text wherever a stranger can write: no form lets it out
// as more than text.
func FuzzExplanation(f *testing.F) {
	f.Add("asilva")
	f.Add(reporttest.Hostile)
	f.Add("=cmd|' /C calc'!A1")
	f.Add("# heading\n\n- item")
	f.Fuzz(func(t *testing.T, text string) {
		reporttest.Harmless(t, everythingExplained(text))
	})
}

// TestPast reads single operations out of stored reports, newest first and no more
// than wanted.
func TestPast(t *testing.T) {
	var end dirsync.RunEnd
	if err := report.Keep(reporttest.HostileRun(), &end); err != nil {
		t.Fatal(err)
	}
	stored := end.Report
	for text, want := range map[string]bool{"asilva": true, "asilv": false, "6a3f": true, "": false, reporttest.Hostile: false} {
		if got := report.Mentions(stored, "", text); got != want && text != reporttest.Hostile {
			t.Errorf("mentions %q: %v", text, got)
		}
	}
	e := explanation.New("x")
	all := func(*report.Operation) bool { return true }
	if err := e.History.AddStored("run", "2026-03-04T12:00:00Z", stored, 100, func(o *report.Operation) bool { return o.Action == dirsync.Update }); err != nil {
		t.Fatal(err)
	}
	if len(e.History) != 3 || e.History[0].SourceID != "6a5f" || e.History[2].SourceID != "6a3f" || e.History[0].RunID != "run" {
		t.Errorf("past %+v", e.History)
	}
	if err := e.History.AddStored("run", "", stored, 5, all); err != nil || len(e.History) != 5 {
		t.Errorf("%v; %d operations, want 5", err, len(e.History))
	}
	for _, broken := range []string{"", "[]x", `{"operations": 1`, `{"operations": [{"action": 1}]}`, `{"a"`} {
		if err := e.History.AddStored("run", "", packing.Text([]byte(broken)), 9, all); err == nil || !strings.Contains(err.Error(), "run run") {
			t.Errorf("%q: %v", broken, err)
		}
	}
	if n := report.Of(reporttest.HostileRun()).Planned(); n != 9 {
		t.Errorf("%d operations are planned, want 8 and the failed one counted again", n)
	}
	if n := report.Of(&dirsync.Run{Unchanged: 12}).Planned(); n != 0 {
		t.Errorf("%d operations in a quiet run", n)
	}
}
