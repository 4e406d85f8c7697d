package report_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/report/reporttest"
	dirsync "duosync/sync"
	"duosync/sync/packing"
)

// FuzzStored holds that what a state gives back as a report is refused, or shown
// in every form without harm, whatever it says it is.
func FuzzStored(f *testing.F) {
	for _, run := range []*dirsync.Run{failedRun(), lostRun()} { // small ones: large ones take a fuzzer's time
		f.Add(kept(f, run))
	}
	f.Add([]byte(`{"schema":1,"operations":[{"action":"=1+1","changes":[{"field":"groups","before":["a\nb"],"after":[]}]},{"action":"<b>","changes":[{"field":"|","before":"","after":""}]}]}`))
	f.Add([]byte(`{"schema":1,"started":"x","mode":"\u001b","outcome":"\u202e","guards":[{"held":true,"approve":"` + "`" + `rm"}],"waiting":[{"due":"y"}],"conflicts":[{}]}`))
	f.Add([]byte(`{"schema":1,"operations":[{"action":"create","username":"@a","changes":[{"field":"phones","before":[],"after":["+1;ext=2"]}],"result":"held","error":"-"},{"action":"trash","result":"failed"}],"warnings":["# 1. x"]}`))
	f.Add([]byte(`{"schema":1,"summary":{"create":-1},"duo":{"expected_seconds":9223372036854775807}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := report.DecodeWhole(packing.Text(data))
		if err != nil {
			return
		}
		for _, doc := range []form.Renderer{doc, &report.History{Runs: []report.Head{doc.Head}}} {
			reporttest.Harmless(t, doc)
		}
	})
}

// FuzzAnyChange puts an operation of any action on any field into a report: what
// is new in a later version must not be shown less carefully.
func FuzzAnyChange(f *testing.F) {
	for _, action := range []string{"create", "update", "group_create", "group_update", "group_delete", "phone_delete", "enroll_mail", "recreate", "release", "", "=x"} {
		for _, field := range []string{"aliases", "phones", "groups", "name", "status", "<i>"} {
			f.Add(action, field, "a\nb, c\n[d]", reporttest.Hostile, "applied")
		}
	}
	f.Fuzz(func(t *testing.T, action, field, before, after, result string) {
		run := quietRun()
		op := &dirsync.Op{Action: dirsync.Action(action), Username: before, Source: dirsync.SourceID(after), User: result, Reason: action,
			Changes: []dirsync.Change{{Field: field, Before: before, After: after}, {Field: field, After: after}},
			Phones:  []dirsync.PhoneStep{{Do: dirsync.PhoneMake, Number: before, Extension: after}}}
		if strings.HasPrefix(action, "group_") {
			op.Group = &dirsync.GroupLink{ID: before, Name: after}
		}
		run.Operations = []*dirsync.Operation{{Op: op, Result: result, Error: after}}
		run.Outcome, run.RefreshReason, run.Read.Server, run.PlanID = result, action, before, after
		reporttest.Harmless(t, report.Of(run))
	})
}

// FuzzHarmless puts a text wherever one from LDAP, Duo or an error may stand, and
// checks each form for people: nothing but line feeds and visible characters
// gets out, and the text stays text.
func FuzzHarmless(f *testing.F) {
	for _, seed := range []string{reporttest.Hostile, "", "\n", "=1+1", " \t@x", "a;=1+1", "</td></tr><td onclick=x>", "` | `` |", `\|`, "1) x", "# x", "---", "&lt;", "\u2028\u2066x", "http://a.b", "WWW.a.b", "<!-- ", "]]>", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, doc := range everywhere(text) {
			reporttest.Harmless(t, doc)
		}
	})
}

// everywhere gives documents with a text in each place.
func everywhere(text string) []form.Renderer {
	run := reporttest.HostileRun()
	run.Operations = append(run.Operations, everythingRun().Operations...)
	run.ApprovalID, run.By = "0011", text
	run.Outcome, run.Err = dirsync.OutcomeFailed, dirsync.WithHint(errors.New(text), text)
	for _, o := range run.Operations {
		o.Username, o.Source, o.User, o.Reason, o.Error = text, dirsync.SourceID(text), text, text, text
		for i := range o.Changes {
			o.Changes[i].Before, o.Changes[i].After = text, text
		}
	}
	run.Conflicts = []dirsync.Conflict{{Username: text, Reason: text}, {Sources: []dirsync.SourceID{dirsync.SourceID(text)}}}
	run.Waiting = []dirsync.Waiting{{Username: text, Source: dirsync.SourceID(text)}}
	run.Guards = append(run.Guards, dirsync.Guard{Name: text, About: dirsync.About{Attribute: text}, Limit: text, Held: true, ApprovalID: text, Names: []string{text}, Detail: text},
		dirsync.Guard{Name: "max_group_loss", About: dirsync.About{Group: text}, Limit: text, Held: true, ApprovalID: text},
		dirsync.Guard{Name: "min_source", About: dirsync.About{Base: text}, Held: true, Remedy: text, ApprovedBy: text},
		dirsync.Guard{Name: text, Detail: text, ApprovedBy: text})
	run.Warnings = []string{text}
	due := report.NewDue(reporttest.Noon, time.Time{}, "")
	due.Wait(run.Waiting[0])
	due.Pause(dirsync.Pause{Reason: text, By: text})
	due.Hold(report.Of(run), open)
	due.Disable(dirsync.Mark{Username: text, User: text, Reason: text, By: text})
	due.Approve(dirsync.Approval{ID: text, By: text, Holds: []dirsync.Hold{{Guard: text, About: dirsync.About{Group: text}}}})
	given := report.NewApprovals(reporttest.Noon, report.Of(run), []dirsync.Approval{{ID: text, Holds: []dirsync.Hold{{Guard: text, About: dirsync.About{Group: text}}}}}, open, "")
	due.NotEnrolled = []report.NotEnrolled{{Username: text, SourceID: dirsync.SourceID(text), User: text}}
	return []form.Renderer{report.Of(run), &report.History{Runs: []report.Head{report.Of(run).Head}, ByHand: []report.Act{report.ActOf(reporttest.Noon, text, text, text, text)}}, due, given}
}
