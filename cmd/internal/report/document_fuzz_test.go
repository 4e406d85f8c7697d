package report_test

import (
	"bytes"
	"strings"
	"testing"

	"duosync/cmd/internal/report"
	dirsync "duosync/sync"
)

// FuzzStored holds that what a state gives back as a report is refused, or shown
// in every form without harm, whatever it says it is.
func FuzzStored(f *testing.F) {
	for _, run := range []*dirsync.Run{failedRun(), lostRun()} { // small ones: large ones take a fuzzer's time
		stored, err := report.Encode(run)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(stored)
	}
	f.Add([]byte(`{"schema":1,"operations":[{"action":"=1+1","changes":[{"field":"groups","before":["a\nb"],"after":[]}]},{"action":"<b>","changes":[{"field":"|","before":"","after":""}]}]}`))
	f.Add([]byte(`{"schema":1,"started":"x","mode":"\u001b","outcome":"\u202e","guards":[{"held":true,"approve":"` + "`" + `rm"}],"waiting":[{"due":"y"}],"conflicts":[{}]}`))
	f.Add([]byte(`{"schema":1,"operations":[{"action":"create","username":"@a","changes":[{"field":"phones","before":[],"after":["+1;ext=2"]}],"result":"held","error":"-"},{"action":"trash","result":"failed"}],"warnings":["# 1. x"]}`))
	f.Add([]byte(`{"schema":1,"summary":{"create":-1},"duo":{"expected_seconds":9223372036854775807}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := report.Decode(data)
		if err != nil {
			return
		}
		for _, doc := range []document{doc, &report.History{Runs: []report.Head{doc.Head}}} {
			harmlessInAllForms(t, doc)
		}
	})
}

// FuzzAnyChange puts an operation of any action on any field into a report: what
// is new in a later version must not be shown less carefully.
func FuzzAnyChange(f *testing.F) {
	for _, action := range []string{"create", "update", "group_create", "group_update", "group_delete", "phone_delete", "enroll_mail", "recreate", "release", "", "=x"} {
		for _, field := range []string{"aliases", "phones", "groups", "name", "status", "<i>"} {
			f.Add(action, field, "a\nb, c\n[d]", hostile, "applied")
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
		harmlessInAllForms(t, report.Of(run))
		harmlessInAllForms(t, report.Checks{
			{Name: before, OK: true, Detail: after, Hint: action}, {Name: action, Detail: before, Hint: after}, {Name: after, Detail: result, Skipped: true},
		})
	})
}

// harmlessInAllForms checks that nothing but visible text gets out in a form for
// people, and that text stays text.
func harmlessInAllForms(t *testing.T, doc document) {
	t.Helper()
	for _, format := range report.Formats() {
		var out bytes.Buffer
		if err := doc.Write(&out, format, false); err != nil {
			t.Fatal(err)
		}
		text := out.String()
		switch format {
		case report.JSON:
			continue // has an escape of its own for each character
		case report.CSV:
			checkCSV(t, text)
		case report.HTML:
			checkHTML(t, text)
		case report.Markdown:
			checkMarkdown(t, text)
		}
		if i := strings.IndexFunc(text, harmful); i >= 0 {
			t.Errorf("%s lets %q out", format, text[i:min(len(text), i+20)])
		}
	}
}
