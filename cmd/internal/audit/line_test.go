package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"duosync/cmd/internal/audit/audittest"
	"duosync/state"
	dirsync "duosync/sync"
	"duosync/sync/decide"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 123e6, time.UTC)

// hostile is what nobody may be called, and somebody will be.
const hostile = "x\nroot\x1b[31m\u202eelif\u2028\u0085\u009b2J\U000e0041</script>\"\\\xff"

// everything gives an entry of each kind, with every fate, and hostile texts.
func everything() (all []state.AuditEntry) {
	actions := []dirsync.Action{dirsync.Create, dirsync.Recreate, dirsync.Update, dirsync.Disable, dirsync.Enable, dirsync.Restore, dirsync.Trash,
		dirsync.Delete, dirsync.Adopt, dirsync.Release, dirsync.GroupCreate, dirsync.GroupUpdate, dirsync.GroupDelete, dirsync.PhoneDelete, dirsync.EnrollMail}
	phones := func(do ...dirsync.PhoneAction) (steps []dirsync.PhoneStep) {
		for _, d := range do {
			steps = append(steps, dirsync.PhoneStep{Do: d, Number: "+12025550123"})
		}
		return steps
	}
	results := []dirsync.Result{
		{Fate: dirsync.Done}, {Fate: dirsync.Refused, Err: fmt.Errorf("%s", hostile)}, {Fate: dirsync.Taken}, {Fate: dirsync.Vanished}, {Fate: dirsync.Unknown}, {Fate: dirsync.Failed},
		{Fate: dirsync.Done, Undone: []dirsync.Undone{{Field: dirsync.FieldGroups, Fate: dirsync.Refused, Err: fmt.Errorf("%s", hostile)}}},
		{Fate: dirsync.Done, Undone: []dirsync.Undone{{Field: dirsync.FieldPhones, Fate: dirsync.Failed}}},
	}
	number := int64(1)
	add := func(e state.AuditEntry) {
		e.Number = number
		e.Time = noon
		if number++; e.Act == nil {
			number += int64(linesOf(e.Op)) - 1
		}
		all = append(all, e)
	}
	for _, action := range actions {
		for i := range results {
			op := &dirsync.Op{Action: action, Username: hostile, Source: "id", DN: "uid=" + hostile, Reason: hostile,
				Changes: []dirsync.Change{{Field: dirsync.FieldEmail, Before: hostile, After: hostile}, {Field: dirsync.FieldRealname, After: "Anna"}}}
			if strings.HasPrefix(string(action), "group_") {
				op.Group = &dirsync.GroupLink{Name: hostile}
			}
			add(state.AuditEntry{Op: op, At: noon, Done: noon.Add(time.Second), Note: decide.NoteOf(&results[i]), ID: "DX1", Run: "run", By: hostile})
		}
	}
	for _, op := range []*dirsync.Op{
		{Username: "anna", Joins: []dirsync.Membership{{ID: "DG1", Name: hostile}, {Name: "b"}}, Leaves: []dirsync.Membership{{ID: "DG2", Name: "c"}}, Changes: []dirsync.Change{{Field: dirsync.FieldGroups}}},
		{Username: "anna", Joins: []dirsync.Membership{{ID: "DG1", Name: "a"}}, Changes: []dirsync.Change{{Field: dirsync.FieldGroups}, {Field: dirsync.FieldEmail, After: "a@example.org"}}},
		{Username: "anna", Phones: phones(dirsync.PhoneMake), Changes: []dirsync.Change{{Field: dirsync.FieldPhones}}},
		{Username: "anna", Phones: phones(dirsync.PhoneRemove), Changes: []dirsync.Change{{Field: dirsync.FieldPhones}}},
		{Username: "anna", Phones: phones(dirsync.PhoneRemove, dirsync.PhoneMake), Changes: []dirsync.Change{{Field: dirsync.FieldPhones}}},
	} {
		op.Action, op.User = dirsync.Update, "DU1"
		for i := range results {
			add(state.AuditEntry{Op: op, At: noon, Done: noon, Note: decide.NoteOf(&results[i]), Run: "run"})
		}
	}
	who := state.ActDetails{User: "DU1", Source: "id"}
	for _, a := range []state.Act{
		{What: state.ActApprove, About: "4711"}, {What: state.ActRevoke, About: "4711"}, {What: state.ActPause}, {What: state.ActResume},
		{What: state.ActHold}, {What: state.ActUndo, About: "run"}, {What: state.ActRebuild},
		{What: state.ActDisable, About: hostile, ActDetails: who}, {What: state.ActEnable, About: hostile, ActDetails: who}, {What: state.ActDisabled, About: "a", ActDetails: who},
		{What: state.ActDisabled, About: "a", ActDetails: state.ActDetails{User: "DU1", Error: hostile}},
		{What: state.ActAdopt, About: "a", ActDetails: who}, {What: state.ActAdopt, About: "a", ActDetails: state.ActDetails{Group: "DG1"}},
	} {
		a.By, a.Reason, a.At = hostile, hostile, noon
		add(state.AuditEntry{Act: &a})
	}
	return all
}

// lines gives all lines of a format.
func linesIn(t *testing.T, form func(*record, string) any) (lines [][]byte) {
	t.Helper()
	for _, e := range everything() {
		for _, r := range recordsOf(&e) {
			line, err := encode(form(&r, "api-1234.duosecurity.com"))
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Count(line, []byte("\n")) != 1 || line[len(line)-1] != '\n' {
				t.Errorf("more, or less, than a line: %q", line)
			}
			lines = append(lines, line)
		}
	}
	return lines
}

// Every line is an event by the schema, and none of the hostile texts comes through as such.
func TestEvents(t *testing.T) {
	lines := linesIn(t, eventOf)
	for _, line := range lines {
		for _, wrong := range audittest.Event(line) {
			t.Errorf("%s\n%s", wrong, line)
		}
	}
	classes := map[string]bool{}
	for _, line := range lines {
		var e struct {
			Type string `json:"type_name"`
		}
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		classes[e.Type] = true
	}
	if len(classes) != 22 {
		t.Errorf("%d kinds of events: %v", len(classes), classes)
	}
}

// The schema's judge finds what is wrong with an event.
func TestJudge(t *testing.T) {
	for name, spoil := range map[string]func(map[string]any){
		"a required attribute is missing": func(e map[string]any) { delete(e, "severity_id") },
		"a required object is missing":    func(e map[string]any) { delete(e, "user") },
		"an attribute that is none":       func(e map[string]any) { e["dn"] = "x" },
		"another type_uid":                func(e map[string]any) { e["type_uid"] = 300199 },
		"an activity that is none":        func(e map[string]any) { e["activity_id"], e["type_uid"] = 13, 300113 },
		"a status that is called another": func(e map[string]any) { e["status"] = "Failure" },
		"a time in seconds":               func(e map[string]any) { e["time"] = 1764000000 },
		"a time as text":                  func(e map[string]any) { e["time"] = "2026-03-02" },
		"a class that is none":            func(e map[string]any) { e["class_uid"] = 3999 },
		"nobody":                          func(e map[string]any) { e["user"] = map[string]any{"type_id": 1} },
		"a mail address that is none":     func(e map[string]any) { e["user"].(map[string]any)["email_addr"] = "anna" },
		"no version":                      func(e map[string]any) { e["metadata"].(map[string]any)["version"] = "1.0" },
	} {
		e := state.AuditEntry{Number: 1, Op: &dirsync.Op{Action: dirsync.Disable, Username: "anna", User: "DU1"}, Time: noon, At: noon, Done: noon, Note: "done", Run: "run", By: "ann"}
		line, err := encode(eventOf(&recordsOf(&e)[0], "api"))
		if err != nil || len(audittest.Event(line)) > 0 {
			t.Fatal(err, audittest.Event(line))
		}
		var event map[string]any
		if err := json.Unmarshal(line, &event); err != nil {
			t.Fatal(err)
		}
		spoil(event)
		if line, err = json.Marshal(event); err != nil {
			t.Fatal(err)
		}
		if len(audittest.Event(line)) == 0 {
			t.Errorf("%s: nothing is wrong", name)
		}
	}
}

// Numbers follow one another, in either format, and a text comes back as it was.
func TestPlain(t *testing.T) {
	for i, line := range linesIn(t, plainOf) {
		var p plain
		if err := json.Unmarshal(line, &p); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if p.Number != int64(i+1) {
			t.Fatalf("the number after %d is %d", i, p.Number)
		}
		if want := strings.ToValidUTF8(hostile, "\ufffd"); p.By != "" && p.By != want {
			t.Errorf("by %q, want %q", p.By, want)
		}
	}
}

// What became of each part of an operation.
func TestResults(t *testing.T) {
	group := func(n string) dirsync.Membership { return dirsync.Membership{ID: n, Name: n} }
	mixed := &dirsync.Op{Action: dirsync.Update, Joins: []dirsync.Membership{group("a")}, Changes: []dirsync.Change{{Field: dirsync.FieldGroups}, {Field: dirsync.FieldEmail}}}
	several := &dirsync.Op{Action: dirsync.Update, Joins: []dirsync.Membership{group("a")}, Leaves: []dirsync.Membership{group("b")}, Changes: []dirsync.Change{{Field: dirsync.FieldGroups}}}
	disable := &dirsync.Op{Action: dirsync.Disable}
	undone := func(fields ...string) dirsync.Result {
		res := dirsync.Result{Fate: dirsync.Done}
		for _, f := range fields {
			res.Undone = append(res.Undone, dirsync.Undone{Field: f, Fate: dirsync.Refused})
		}
		return res
	}
	seen := func(groups []dirsync.Membership) dirsync.Result { // the user was looked at since
		res := undone(dirsync.FieldGroups)
		res.Undone[0].Fate, res.Account, res.Met = dirsync.Failed, &dirsync.Account{Groups: groups}, true
		return res
	}
	for _, test := range []struct {
		op   *dirsync.Op
		res  dirsync.Result
		want []string
	}{
		{disable, dirsync.Result{Fate: dirsync.Done}, []string{"disable applied"}},
		{disable, dirsync.Result{Fate: dirsync.Refused}, []string{"disable failed"}},
		{disable, dirsync.Result{Fate: dirsync.Unknown}, []string{"disable unknown"}},
		{mixed, dirsync.Result{Fate: dirsync.Done}, []string{"update applied", "join applied"}},
		{mixed, undone(dirsync.FieldGroups), []string{"update applied", "join failed"}},
		{mixed, undone(dirsync.FieldEmail), []string{"update failed", "join applied"}},
		{several, undone(dirsync.FieldGroups), []string{"leave partial", "join partial"}},
		{several, seen([]dirsync.Membership{group("a"), group("b")}), []string{"leave failed", "join applied"}},
		{several, seen(nil), []string{"leave applied", "join failed"}},
		{several, seen([]dirsync.Membership{group("b")}), []string{"leave failed", "join failed"}},
		{mixed, seen(nil), []string{"update applied", "join failed"}},
		{several, dirsync.Result{Fate: dirsync.Vanished}, []string{"leave failed", "join failed"}},
	} {
		var got []string
		test.res.Op = test.op
		for _, r := range recordsOf(&state.AuditEntry{Number: 1, Op: test.op, Note: decide.NoteOf(&test.res)}) {
			got = append(got, r.What+" "+r.Result)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%v, %+v (-want +got):\n%s", test.op.Action, test.res, diff)
		}
	}
	if !slices.Equal(decide.ReadNote("done, but for groups, phones (x)").Undone, []string{"groups", "phones"}) {
		t.Error("a note is read wrongly")
	}
}
