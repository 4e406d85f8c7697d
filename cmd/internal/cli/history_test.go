package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/wire"
	"duosync/duo/duosim"
	"duosync/ldapsrc/slapdtest"
	"duosync/state"
	dirsync "duosync/sync"
	"duosync/sync/decide"

	"github.com/google/go-cmp/cmp"
)

// TestHistory lists runs, shows one as it was and as it is stored, and is told
// what it does not know.
func TestHistory(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(3)}})
	if r := h.run("history"); r.code != 0 || !strings.Contains(r.out, "No run") {
		t.Errorf("before the first run: exit %d\n%s%s", r.code, r.out, r.err)
	}
	if r := h.run("due"); r.code != 0 || !strings.Contains(r.out, "the state knows nobody") || strings.Contains(r.out, "everybody") || strings.Contains(r.out, "nobody is waiting") {
		t.Errorf("due of a state that knows nobody: exit %d\n%s%s", r.code, r.out, r.err)
	}
	if files, _ := filepath.Glob(h.state + "*"); len(files) > 0 {
		t.Errorf("history left %v", files)
	}
	first := h.want(0, "applied")
	h.want(0, "no-changes")
	h.want(0, "no-changes", "--dry-run") // leaves no trace

	list := h.history("--format", "json")
	if got := outcomes(list); !cmp.Equal(got, []string{"no-changes", "applied"}) {
		t.Fatalf("outcomes %v, want the newest first", got)
	}
	if got := outcomes(h.history("--format", "json", "--limit", "1")); !cmp.Equal(got, []string{"no-changes"}) {
		t.Errorf("--limit 1: %v", got)
	}
	for _, key := range []string{"operations", "conflicts", "waiting", "guards", "warnings"} {
		if _, ok := list[0][key]; ok {
			t.Errorf("the list has %s", key)
		}
	}
	id, _ := list[1]["run_id"].(string)
	for _, name := range []string{id, id[:len(id)-1]} {
		if r := h.run("history", name, "--format", "json"); r.code != 0 || r.out != first.out {
			t.Errorf("history %s is not the report as it was: exit %d\n%s", name, r.code, cmp.Diff(first.out, r.out))
		}
	}
	if r := h.run("history", id); r.code != 0 || !strings.Contains(r.out, "Run: all done") || !strings.Contains(r.out, "+ create (3)\n      plain000 ") {
		t.Errorf("one run as a table: exit %d\n%s%s", r.code, r.out, r.err)
	}
	for _, form := range []string{"markdown", "html", "csv"} {
		for _, args := range [][]string{{"history"}, {"history", id}, {"due"}, {"sync", "--dry-run"}} {
			if r := h.run(append(args, "--format", form)...); r.code != 0 || r.out == "" || r.err != "" {
				t.Errorf("%v as %s: exit %d %s", args, form, r.code, r.err)
			}
		}
	}

	for name, args := range map[string][]string{
		"unknown":  {"history", "20990101"},
		"empty":    {"history", ""},
		"of two":   {"history", id[:2]},
		"no limit": {"history", "--limit", "0"},
		"no form":  {"history", "--format", "xml"},
	} {
		if r := h.run(args...); r.code != 1 || r.err == "" || r.out != "" {
			t.Errorf("%s: exit %d\n%s%s", name, r.code, r.out, r.err)
		}
	}
	r := h.run("history", "20990101", "--format", "json")
	if r.code != 1 || !strings.Contains(r.report.Error, "duosync history") {
		t.Errorf("unknown in JSON: exit %d %s", r.code, r.out)
	}
	if r := h.run("history", id[:2]); !strings.Contains(r.err, id) {
		t.Errorf("the runs that are meant are not named: %s", r.err)
	}
}

// history lists runs as JSON.
func (h *house) history(args ...string) []map[string]any {
	h.t.Helper()
	r := h.run(append([]string{"history"}, args...)...)
	var list struct{ Runs []map[string]any }
	if err := json.Unmarshal([]byte(r.out), &list); err != nil || r.code != 0 {
		h.t.Fatalf("history: exit %d, %v\n%s%s", r.code, err, r.out, r.err)
	}
	return list.Runs
}

func outcomes(runs []map[string]any) []string {
	var words []string
	for _, run := range runs {
		word, _ := run["outcome"].(string)
		words = append(words, word)
	}
	return words
}

// TestHistoryOfUnfinishedRuns looks at a run while it goes on, and at one that was
// killed: what it had written down is shown, and what is not known yet.
func TestHistoryOfUnfinishedRuns(t *testing.T) {
	var h *house
	var during result
	var once sync.Once
	h = newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(2)}, duo: duosim.Options{OnCall: func(c duosim.Call) {
		if c.Method == "POST" {
			once.Do(func() { during = h.run("history") })
		}
	}}})
	h.want(0, "applied")
	if during.code != 0 || !strings.Contains(during.out, "under-way") {
		t.Errorf("while a run goes on: exit %d\n%s%s", during.code, during.out, during.err)
	}

	loaded, err := config.Load(h.config, func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	db, err := state.Open(t.Context(), h.state, state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	j, err := db.Begin(t.Context(), dirsync.RunStart{ID: "killed", Started: time.Now(), Binding: wire.BindingOf(&loaded.Config)})
	if err != nil {
		t.Fatal(err)
	}
	ops := []*dirsync.Op{{Action: dirsync.Update, Source: "a", Username: "done"}, {Action: dirsync.Disable, Source: "b", Username: "open"}}
	if _, err := j.Intend(t.Context(), ops, time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := j.Record(t.Context(), []dirsync.Outcome{{Source: "a", Same: true, Note: decide.FateWords(dirsync.Done)}}); err != nil {
		t.Fatal(err)
	}
	if r := h.run("history", "killed"); r.code != 0 || !strings.Contains(r.out, "under way") {
		t.Errorf("before its end: exit %d\n%s%s", r.code, r.out, r.err)
	}
	if err := db.Close(); err != nil { // as a process does that ends without Finish
		t.Fatal(err)
	}
	r := h.run("history", "killed", "--format", "json")
	want := []reportOperation{{Action: "update", Username: "done", Result: "applied"},
		{Action: "disable", Username: "open", Result: "failed", Error: "what became of it is not known yet; the next run finds out"}}
	if diff := cmp.Diff(want, r.report.Operations); diff != "" || !strings.Contains(r.report.Error, "interrupted") || r.report.Outcome != "failed" {
		t.Errorf("a killed run: %s, %s (-want +got)\n%s", r.report.Outcome, r.report.Error, diff)
	}
	if r := h.run("history"); !strings.Contains(r.out, "interrupted") {
		t.Errorf("the list does not tell of the killed run:\n%s", r.out)
	}
}

// TestDue lists who waits for a removal, what is held and approved, who is not
// enrolled, and a pause.
func TestDue(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(20)}})
	if due := h.due(); len(due.Waiting)+len(due.NotEnrolled)+len(due.Approvals) > 0 || due.AsOf != "" || due.Paused != nil {
		t.Errorf("before the first run: %+v", due)
	}
	h.want(0, "applied")
	gone := func(i int) { h.ldap.Delete("uid=" + plain(i) + "," + slapdtest.UsersDN) }
	gone(0)
	h.want(0, "applied")

	due := h.due()
	if len(due.Waiting) != 1 || due.Waiting[0].Username != plain(0) || due.Waiting[0].Action != "trash" {
		t.Fatalf("waiting %+v, want %s for the trash", due.Waiting, plain(0))
	}
	if days := due.Waiting[0].Due.Sub(due.Waiting[0].Since); days < 719*time.Hour || days > 721*time.Hour {
		t.Errorf("%v from missing to trash, want 720h", days)
	}
	if len(due.NotEnrolled) != 19 || due.AsOf == "" {
		t.Errorf("%d not enrolled as of %q, want all but the one who left", len(due.NotEnrolled), due.AsOf)
	}

	for i := range 10 {
		gone(1 + i)
	}
	held := h.want(3, "held")
	if due := h.due(); due.Held == nil || due.Held.ApprovalID != held.report.ApprovalID || due.Held.Operations != 10 {
		t.Errorf("held %+v, want %s", due.Held, held.report.ApprovalID)
	}
	if r := h.run("due"); !strings.Contains(r.out, "duosync approve "+held.report.ApprovalID) {
		t.Errorf("no way on:\n%s", r.out)
	}
	for _, args := range [][]string{{"approve", held.report.ApprovalID}, {"pause", "--reason", "migration"}} {
		if r := h.run(args...); r.code != 0 {
			t.Fatal(r.err)
		}
	}
	due = h.due()
	if len(due.Approvals) != 1 || due.Approvals[0].Operations != 10 || due.Held != nil {
		t.Errorf("approved %+v, held %+v", due.Approvals, due.Held)
	}
	if due.Paused == nil || due.Paused.Reason != "migration" {
		t.Errorf("paused %+v", due.Paused)
	}

	h.edit("host: ", "host: localhost.localdomain # ")
	if r := h.run("due", "--format", "json"); r.code != 1 || !strings.Contains(r.report.Error, "another Duo account") {
		t.Errorf("with another account: exit %d %s", r.code, r.out)
	}
}

type dueDocument struct {
	Waiting []struct {
		Username, Action string
		Since, Due       time.Time
	}
	NotEnrolled []struct{ Username string } `json:"not_enrolled"`
	Approvals   []struct {
		ID         string
		Operations int
	}
	Held *struct {
		ApprovalID string `json:"approval_id"`
		Operations int
	}
	Paused *struct{ Reason string }
	AsOf   string `json:"as_of"`
}

func (h *house) due() (due dueDocument) {
	h.t.Helper()
	r := h.run("due", "--format", "json")
	if err := json.Unmarshal([]byte(r.out), &due); err != nil || r.code != 0 {
		h.t.Fatalf("due: exit %d, %v\n%s%s", r.code, err, r.out, r.err)
	}
	return due
}

// plain names one of plainPeople.
func plain(i int) string { return fmt.Sprintf("plain%03d", i) }

func TestConfigInit(t *testing.T) {
	h := &house{t: t, dir: t.TempDir()}
	t.Chdir(h.dir)
	h.config = filepath.Join(h.dir, "mine.yaml")
	begin := func(args ...string) result { return h.run(append([]string{"config", "init"}, args...)...) }
	if r := begin(); r.code != 0 || !strings.Contains(r.out, h.config) {
		t.Fatalf("exit %d\n%s%s", r.code, r.out, r.err)
	}
	info, err := os.Stat(h.config)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v; want 0600", info.Mode(), err)
	}
	text, err := os.ReadFile(h.config)
	start, edit, _ := config.Start("wso2is")
	if err != nil || string(text) != string(start) {
		t.Errorf("it is not the start for WSO2's store: %v", err)
	}
	for _, key := range edit {
		if r := begin("told-" + key + ".yaml"); r.code != 0 || !strings.Contains(r.out, key) {
			t.Errorf("it is not said that %s is to be edited: %s%s", key, r.out, r.err)
		}
		if err := os.Remove("told-" + key + ".yaml"); err != nil {
			t.Error(err)
		}
	}
	if r := begin(); r.code != 1 || !strings.Contains(r.err, "there already") || !strings.Contains(r.err, "→") {
		t.Errorf("over a file: exit %d\n%s", r.code, r.err)
	}
	if again, err := os.ReadFile(h.config); err != nil || string(again) != string(text) {
		t.Errorf("the file was changed: %v", err)
	}
	if r := begin("other.yaml"); r.code != 0 {
		t.Errorf("another name: %s", r.err)
	}
	if r := begin(filepath.Join("no", "folder.yaml")); r.code != 1 || !strings.Contains(r.err, "→") {
		t.Errorf("without its folder: exit %d\n%s", r.code, r.err)
	}
	if r := begin("-"); r.code != 0 || r.out != string(text) {
		t.Errorf("to standard output: exit %d, %d bytes", r.code, len(r.out))
	}
	if r := begin("-", "--preset", "edirectory"); r.code != 0 || !strings.Contains(r.out, "    # id_attribute: GUID") {
		t.Errorf("for a preset: exit %d\n%s", r.code, r.out)
	}
	for unknown, words := range map[string]string{"edirectori": "Did you mean edirectory?", "": "--preset is empty"} {
		if r := begin("never.yaml", "--preset", unknown); r.code != 1 || !strings.Contains(r.err, words) {
			t.Errorf("for %q: exit %d\n%s", unknown, r.code, r.err)
		}
	}
	var offered, errs bytes.Buffer
	run(t.Context(), []string{"__complete", "config", "init", "--preset", ""}, Stdio{Out: &offered, Err: &errs, Env: func(string) (string, bool) { return "", false }})
	if !strings.Contains(offered.String(), "edirectory\n") {
		t.Errorf("completion: %s%s", &offered, &errs)
	}
	if files, err := os.ReadDir(h.dir); err != nil || len(files) != 2 {
		t.Errorf("%d files, %v; want two", len(files), err)
	}
}
