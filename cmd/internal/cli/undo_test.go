package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/wire"
	"duosync/duo/duosim"
	"duosync/ldapsrc/slapdtest"
	"duosync/state"
	dirsync "duosync/sync"
	"duosync/sync/printed"
)

// runID gives the id of the newest run in the history.
func (h *house) runID() string {
	h.t.Helper()
	id, _ := h.history("--format", "json", "--limit", "1")[0]["run_id"].(string)
	return id
}

// undo runs undo with a JSON report.
func (h *house) undo(code int, outcome string, args ...string) result {
	h.t.Helper()
	r := h.run(append([]string{"undo", "--format", "json"}, args...)...)
	if r.code != code || r.report.Outcome != outcome {
		h.t.Fatalf("undo %v: exit %d, outcome %q; want %d, %q\n%s%s", args, r.code, r.report.Outcome, code, outcome, r.err, brief(r.out))
	}
	return r
}

// bare is what an account holds, without what a restore changes for good.
func bare(s duosim.Snapshot) duosim.Snapshot {
	for i := range s.Users {
		s.Users[i].StatusBefore = ""
	}
	return s
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("there is no %q in\n%s", part, brief(text))
		}
	}
}

// TestUndo gives back 50 who were disabled and 10 who were trashed, with their
// devices, but for one whom somebody disabled in between.
func TestUndo(t *testing.T) {
	const people, gone, moved = 80, 50, 10
	h := newHouse(t, houseOptions{
		slapd: slapdtest.Options{LDIF: plainPeople(people)},
		sync:  "  limits: {floor: 100}\n  on_out_of_scope: {action: trash}\n",
	})
	if r := h.run("undo", "last"); r.code != exitError || !strings.Contains(r.err, "no run yet") {
		t.Errorf("without a history: exit %d %s", r.code, r.err)
	}
	h.want(0, "applied")
	for i := range gone + moved {
		h.enroll(plain(i), fmt.Sprintf("+1202555%04d", i))
	}
	h.want(0, "no-changes", "--refresh")
	before := bare(h.duo.Snapshot())
	for i := range gone {
		h.ldap.Delete(userDN(plain(i)))
	}
	for i := range moved {
		h.ldap.Rename(userDN(plain(gone+i)), "uid="+plain(gone+i), slapdtest.LeftDN)
	}
	took := h.want(0, "applied")
	if s := took.report.Summary; s["disable"] != gone+moved || s["trash"] != moved {
		t.Fatalf("summary %v", s)
	}
	run := h.runID()
	h.writes()

	dry := h.undo(0, "planned", run)
	if h.writes() != 0 || h.runID() != run {
		t.Error("without --write it wrote")
	}
	again := []string{
		"50 of them are still gone from the directory: the next run disables them again",
		"10 of them are still out of the directory's scope: the next run puts them into the Trash again",
	}
	contains(t, strings.Join(dry.report.Warnings, "\n"), again...)
	if r := h.run("undo", "last"); r.code != 0 || r.err != "" {
		t.Errorf("as a table: exit %d\n%s", r.code, r.err)
	} else {
		contains(t, strings.Join(strings.Fields(r.out), " "), "Undo of run "+run+": this is what it would do; nothing was written. Add --write", "50 to enable, 10 to restore",
			"+ restore (10) plain050", "(put into the Trash by run "+run+")", "WARNINGS - 10 of them are still")
	}

	if r := h.run("pause"); r.code != 0 {
		t.Fatal(r.err)
	}
	h.undo(1, "failed", run, "--write")
	h.undo(0, "planned", run)
	if r := h.run("resume"); r.code != 0 {
		t.Fatal(r.err)
	}
	if h.writes() != 0 {
		t.Error("something was written in a pause")
	}

	done := h.undo(0, "applied", run[:len(run)-2], "--write")
	contains(t, strings.Join(done.report.Warnings, "\n"), again...)
	if done.report.PlanID != dry.report.PlanID {
		t.Error("it did not do what was shown")
	}
	if diff := cmp.Diff(before, bare(h.duo.Snapshot())); diff != "" {
		t.Errorf("Duo is not as before (-before +after):\n%s", brief(diff))
	}
	if r := h.run("history", h.runID(), "--format", "json"); r.report.Summary["enable"] != gone || r.report.Summary["restore"] != moved {
		t.Errorf("the history of an undoing: %v", r.report.Summary)
	}
	// The undoing itself took nothing; the run that did is named.
	contains(t, strings.Join(h.undo(0, "no-changes", "last").report.Warnings, "\n"), "took nothing from anybody; the newest that did is "+run)

	// What was said comes true, and once more one way back. But somebody comes back,
	// and is then disabled by hand.
	once := h.want(0, "applied")
	if diff := cmp.Diff(took.ops(), once.ops()); diff != "" {
		t.Errorf("the next run does not do what was said (-said +done):\n%s", diff)
	}
	run = h.runID()
	h.ldap.Rename("uid="+plain(gone)+","+slapdtest.LeftDN, "uid="+plain(gone), slapdtest.UsersDN)
	h.want(0, "applied")
	h.change(plain(gone), func(u *duosim.User) { u.Status = "disabled" })
	partly := h.undo(4, "partial", run, "--write")
	for _, o := range partly.report.Operations {
		if stays := o.Username == plain(gone); stays != (o.Result == "skipped") || stays != strings.Contains(o.Error, "others have disabled") {
			t.Errorf("%+v", o)
		}
	}
	for _, u := range h.duo.Users() {
		if want := map[bool]string{true: "disabled", false: "active"}[u.Username == plain(gone)]; u.Status != want {
			t.Errorf("%s is %s, want %s", u.Username, u.Status, want)
		}
	}
}

// TestUndoOfOne gives back one of several, by the name that the run told.
func TestUndoOfOne(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(10)}, sync: "  limits: {floor: 100}\n"})
	h.want(0, "applied")
	for i := range 3 {
		h.ldap.Delete(userDN(plain(i)))
	}
	h.want(0, "applied")
	run := h.runID()
	if r := h.run("undo", run, "--only", plain(7), "--write"); r.code != exitError || !strings.Contains(r.err, "run "+run+" took nothing from this user") {
		t.Errorf("of one from whom nothing was taken: exit %d\n%s%s", r.code, r.out, r.err)
	}
	r := h.undo(0, "applied", run, "--only", strings.ToUpper(plain(1)), "--write")
	if got := r.ops(); len(got) != 1 || got[0] != "enable "+plain(1) {
		t.Errorf("operations %v", got)
	}
	for i, want := range []string{"disabled", "active", "disabled", "active"} {
		if u := h.user(plain(i)); u.Status != want {
			t.Errorf("%s is %s, want %s", u.Username, u.Status, want)
		}
	}
}

// TestUndoOfAnEarlierRun: whom a later run removed for a reason of its own, that run alone
// gives back; the Trash after the grace is no reason of its own.
func TestUndoOfAnEarlierRun(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(10)}, sync: "  limits: {floor: 100}\n" +
		"  on_missing: {action: disable, after: 0s, then: trash, grace: 1ms}\n  on_out_of_scope: {action: trash}\n"})
	h.want(0, "applied")
	again, trashed, goesOn := plain(0), plain(1), plain(2)
	h.ldap.Delete(userDN(goesOn))
	h.ldap.Rename(userDN(trashed), "uid="+trashed, slapdtest.LeftDN)
	h.ldap.Delete(userDN(again))
	h.want(0, "applied")
	first := h.runID()
	h.undo(0, "applied", first, "--only", trashed, "--write") // given back, and gone out of scope still
	r := h.want(0, "applied")
	second := h.runID()
	if got := r.ops(); !slices.Contains(got, "trash "+trashed) || !slices.Contains(got, "trash "+goesOn) {
		t.Fatalf("the second run: %v", got)
	}
	results := map[string]string{}
	for _, o := range h.undo(4, "partial", first, "--write").report.Operations {
		results[o.Username] = o.Action + " " + o.Result + " " + o.Error
	}
	want := map[string]string{
		goesOn: "restore applied ", again: "restore applied ",
		trashed: "restore skipped run " + second + " has put the user into the Trash again since, and that stays; `" + printed.Command(" --config "+h.config, "undo", second) + "` gives it back",
	}
	if diff := cmp.Diff(want, results); diff != "" {
		t.Errorf("what undo of the first run does (-want +got):\n%s", diff)
	}
	if u := h.user(trashed); u.Status != "pending deletion" {
		t.Errorf("%s is %s", trashed, u.Status)
	}
	h.undo(0, "applied", second, "--only", trashed, "--write")
	if u := h.user(trashed); u.Status != "active" {
		t.Errorf("after undo of the second run %s is %s", trashed, u.Status)
	}
}

// TestUndoOfUnknown names the runs that there are.
func TestUndoOfUnknown(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(3)}})
	h.want(0, "applied")
	h.want(0, "no-changes")
	id := h.runID()
	for _, name := range []string{"20990101", ""} {
		if r := h.run("undo", name); r.code != exitError || !strings.Contains(r.err, "the newest are "+id+", ") || r.out != "" {
			t.Errorf("undo %q: exit %d\n%s%s", name, r.code, r.err, r.out)
		}
	}
	if r := h.run("undo", id[:2]); r.code != exitError || !strings.Contains(r.err, "several runs begin with") {
		t.Errorf("an id that is short: exit %d\n%s", r.code, r.err)
	}
	var doc struct{ Undoes, Error string }
	r := h.run("undo", "20990101", "--format", "json")
	if err := json.Unmarshal([]byte(r.out), &doc); err != nil || r.code != exitError || !strings.Contains(doc.Error, "20990101") || doc.Undoes != "" {
		t.Errorf("in JSON: exit %d, %v\n%s", r.code, err, r.out)
	}
}

// TestUndoOfDeleted tells who is lost.
func TestUndoOfDeleted(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(4)}, sync: "  on_missing: {action: delete}\n"})
	h.want(0, "applied")
	h.ldap.Delete(userDN(plain(0)))
	h.want(0, "applied")
	h.writes()
	r := h.undo(4, "partial", "last", "--write")
	contains(t, r.report.Operations[0].Error, "lost with its devices")
	if r.report.Operations[0].Result != "skipped" || h.writes() != 0 {
		t.Errorf("%+v", r.report.Operations)
	}
	if r := h.undo(0, "partial", h.history("--format", "json")[1]["run_id"].(string)); len(r.report.Operations) != 1 {
		t.Errorf("%+v", r.report.Operations)
	}
}

// TestUndoOfKilled gives back also what a run did that was killed before it could
// write down what became of it.
func TestUndoOfKilled(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(1)}})
	h.want(0, "applied")
	loaded, err := config.Load(h.config, func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	db, err := state.Open(t.Context(), h.state, state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	op := dirsync.Op{Action: dirsync.Disable, Username: plain(0), Missing: &dirsync.Missing{Why: dirsync.Gone, Step: dirsync.Disable},
		Changes: []dirsync.Change{{Field: dirsync.FieldStatus, Before: "active", After: "disabled"}}, Asked: dirsync.Fields{dirsync.FieldStatus: "disabled"}}
	j, err := db.Begin(t.Context(), dirsync.RunStart{ID: "killed", Started: time.Now(), Binding: wire.BindingOf(&loaded.Config)})
	if err != nil {
		t.Fatal(err)
	}
	scanning := db.Scan(t.Context(), func(b dirsync.Brief) error {
		op.Source, op.User = b.ID, b.User
		return nil
	})
	if _, err := j.Intend(t.Context(), []*dirsync.Op{&op}, time.Now()); errors.Join(scanning, err) != nil {
		t.Fatal(scanning, err)
	}
	if r := h.run("undo", "killed"); r.code != exitError || !strings.Contains(r.err, "still under way") {
		t.Errorf("before its end: exit %d\n%s", r.code, r.err)
	}
	if r := h.run("undo", "killed", "--write"); r.code != exitError || !strings.Contains(r.err, "in use") {
		t.Errorf("before its end: exit %d\n%s", r.code, r.err)
	}
	if err := db.Close(); err != nil { // as a process does that ends without Finish
		t.Fatal(err)
	}
	h.change(plain(0), func(u *duosim.User) { u.Status = "disabled" })
	r := h.undo(0, "applied", "killed", "--write")
	contains(t, strings.Join(r.report.Warnings, "\n"), "an earlier run left open what became of disable of")
	if u := h.user(plain(0)); u.Status != "active" {
		t.Errorf("%s is %s", u.Username, u.Status)
	}
	h.want(0, "no-changes")
}
