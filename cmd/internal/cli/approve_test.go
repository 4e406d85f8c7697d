package cli

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"duosync/cmd/internal/wire"
	"duosync/ldapsrc/slapdtest"
	"duosync/state"
	dirsync "duosync/sync"
	"duosync/sync/packing"
)

type approvalsDocument struct {
	Held *struct {
		ApprovalID string `json:"approval_id"`
		Guards     []reportGuard
	}
	Approvals []struct {
		ID         string
		Until      time.Time
		Operations *int
		Guards     []reportGuard
	}
}

// approvals gives what `approve` without an ID lists.
func (h *house) approvals() (list approvalsDocument) {
	h.t.Helper()
	r := h.run("approve", "--format", "json")
	if err := json.Unmarshal([]byte(r.out), &list); err != nil || r.code != 0 {
		h.t.Fatalf("approve: exit %d, %v\n%s%s", r.code, err, r.out, r.err)
	}
	return list
}

// ends writes a run into the state that ends with this report, as the engine does.
func (h *house) ends(id, outcome, report string, holds []dirsync.Approval, used ...string) {
	h.t.Helper()
	loaded, err := (&app{Stdio: Stdio{Err: &strings.Builder{}, Env: func(string) (string, bool) { return "", false }}, configPath: h.config, logLevel: "error", logFormat: "text"}).load()
	if err != nil {
		h.t.Fatal(err)
	}
	db, err := state.Open(h.t.Context(), loaded.Config.State.DSN.Reveal(), state.Options{})
	if err != nil {
		h.t.Fatal(err)
	}
	j, err := db.Begin(h.t.Context(), dirsync.RunStart{ID: id, Started: time.Now(), Binding: wire.BindingOf(&loaded.Config)})
	if err != nil {
		h.t.Fatal(err)
	}
	if err := j.Finish(h.t.Context(), dirsync.RunEnd{Finished: time.Now(), Outcome: outcome, Summary: []byte(report), Report: packing.Text([]byte(report)), Holds: holds, Used: used}); err != nil {
		h.t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		h.t.Fatal(err)
	}
}

const twoHolds = `{"schema": 1, "run_id": "r1", "approval_id": "all", "outcome": "held", "started": "2026-03-01T00:00:00Z", "summary": {"held": 3}, "guards": [
	{"name": "max_update", "affected": 2, "total": 9, "held": true, "approval_id": "one", "approve": "duosync approve one"},
	{"name": "min_group", "about": {"group": "staff"}, "affected": 1, "total": 1, "held": true, "approval_id": "two", "approve": "duosync approve two"},
	{"name": "ids_changed", "affected": 1, "held": true, "remedy": "duosync rebuild --write"}]}`

func holdsOfTwo() []dirsync.Approval {
	update := dirsync.Hold{Guard: "max_update", Affected: 2, Total: 9, Keys: []string{"a", "b"}}
	group := dirsync.Hold{Guard: "min_group", About: dirsync.About{Group: "staff"}, Affected: 1, Total: 1, Keys: []string{"c"}}
	return []dirsync.Approval{{ID: "one", Holds: []dirsync.Hold{update}}, {ID: "two", Holds: []dirsync.Hold{group}}, {ID: "all", Holds: []dirsync.Hold{update, group}}}
}

// TestApproveList lists what is held with the figures, each guard by itself, as it is
// approved, taken back and used up.
func TestApproveList(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(1)}})
	if list := h.approvals(); list.Held != nil || len(list.Approvals) > 0 {
		t.Errorf("before the first run: %+v", list)
	}
	h.ends("r1", dirsync.OutcomeHeld, twoHolds, holdsOfTwo())
	names := func() (names []string) {
		if list := h.approvals(); list.Held != nil {
			for _, g := range list.Held.Guards {
				names = append(names, g.Name)
			}
		}
		return names
	}
	want := func(what string, want ...string) {
		t.Helper()
		if got := strings.Join(names(), " "); got != strings.Join(want, " ") {
			t.Errorf("%s: held by %s, want %s", what, got, want)
		}
	}
	want("held", "max_update", "min_group", "ids_changed")
	if list := h.approvals(); list.Held.ApprovalID != "all" || list.Held.Guards[0].Total != 9 || list.Held.Guards[1].Approve != "duosync approve two --config "+h.config {
		t.Errorf("%+v", list.Held)
	}
	if r := h.run("approve", "one"); r.code != 0 || !strings.Contains(r.out, "max_update (2 operations)") {
		t.Errorf("exit %d %s%s", r.code, r.out, r.err)
	}
	want("one approved", "min_group", "ids_changed")
	if list := h.approvals(); len(list.Approvals) != 1 || list.Approvals[0].ID != "one" || *list.Approvals[0].Operations != 2 || list.Held.ApprovalID != "" {
		t.Errorf("%+v", list)
	}
	if r := h.run("due"); strings.Contains(r.out, "approve one") || strings.Contains(r.out, "approve all") || !strings.Contains(r.out, "approve two") || !strings.Contains(r.out, "duosync rebuild --write") {
		t.Errorf("due:\n%s", r.out)
	}
	h.fails("nothing is approved", "approve", "--revoke", "two")
	h.fails("needs the ID", "approve", "--revoke")
	h.fails("nothing is held", "approve", "three")
	h.fails("the ID is empty", "approve", "")
	if r := h.run("approve", "--revoke", "one"); r.code != 0 {
		t.Error(r.err)
	}
	want("taken back", "max_update", "min_group", "ids_changed")

	// Runs about some people only tell nothing of it; one that uses an approval up does.
	h.ends("r2", dirsync.OutcomeApplied, `{"schema": 1, "run_id": "r2", "outcome": "applied", "only": "alice", "narrowed": true}`, nil, "two")
	want("after a run for one", "max_update", "ids_changed")
	if r := h.run("due"); strings.Contains(r.out, "approve two") || !strings.Contains(r.out, "approve one") {
		t.Errorf("a spent ID is shown:\n%s", r.out)
	}
	h.fails("used", "approve", "two")
	h.ends("r3", dirsync.OutcomeNoChanges, `{"schema": 1, "run_id": "r3", "outcome": "no-changes"}`, nil)
	want("after a run that holds nothing")
	if r := h.run("approve"); !strings.Contains(r.out, "nothing waits for an approval") {
		t.Error(r.out)
	}
}

// TestApprovalKeepsItsTime: sync --approve does not shorten what was approved before,
// and what was not is approved for that run alone.
func TestApprovalKeepsItsTime(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(1)}})
	h.ends("r1", dirsync.OutcomeHeld, twoHolds, holdsOfTwo())
	if r := h.run("approve", "one", "--until", "24h"); r.code != 0 {
		t.Fatal(r.err)
	}
	h.want(0, "applied", "--approve", "one")
	h.want(0, "no-changes", "--approve", "two")
	list := h.approvals()
	if len(list.Approvals) != 2 {
		t.Fatalf("%+v", list.Approvals)
	}
	for _, a := range list.Approvals {
		left := time.Until(a.Until)
		if a.ID == "one" && left < 23*time.Hour || a.ID == "two" && (left > time.Minute || left < 0) {
			t.Errorf("%s is approved for %v", a.ID, left)
		}
	}
}

// TestDueShowsTheLastHold: not what was used up, and still what a run for one person
// did not look at.
func TestDueShowsTheLastHold(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(30)}})
	h.want(0, "applied")
	for i := range 8 {
		h.ldap.Delete("uid=" + plain(i) + "," + slapdtest.UsersDN)
	}
	id := h.want(3, "held").guard(t, "max_remove").ApprovalID
	h.ldap.Modify("uid="+plain(20)+","+slapdtest.UsersDN, "mail", "new@example.com")
	h.want(0, "applied", "--only", plain(20))
	if r := h.run("due"); !strings.Contains(r.out, "duosync approve "+id) {
		t.Errorf("after a run for one person the hold is gone:\n%s", r.out)
	}
	all := h.want(3, "held").report.ApprovalID
	h.want(0, "applied", "--approve", all)
	if r := h.run("due"); strings.Contains(r.out, "duosync approve") {
		t.Errorf("a spent ID is shown:\n%s", r.out)
	}
	if list := h.approvals(); list.Held != nil || len(list.Approvals) > 0 {
		t.Errorf("%+v", list)
	}
}

// TestHeldInPart holds what one guard is about, does all else, and lets through by that
// guard's own ID what was held then, and no more.
func TestHeldInPart(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(6)}})
	h.want(0, "applied")
	h.edit("sync:\n", "sync:\n  limits: {max_create: 1, floor: 1}\n")
	for _, uid := range []string{"new1", "new2", "new3"} {
		h.hire(uid)
	}
	h.ldap.Delete("uid=" + plain(0) + "," + slapdtest.UsersDN)
	held := h.want(3, "held")
	g := held.guard(t, "max_create")
	if g.WholeRun || g.Affected != 3 || len(g.Names) != 3 || g.Since == "" || g.Approve != "duosync approve "+g.ApprovalID+" --config "+h.config {
		t.Errorf("guard %+v", g)
	}
	if status := h.user(plain(0)).Status; status != "disabled" || held.report.Summary["held"] != 3 {
		t.Errorf("the leaver is %s, %d held", status, held.report.Summary["held"])
	}
	again := h.run("sync")
	if again.code != 3 || !strings.Contains(again.out, "HELD in part") || !strings.Contains(again.out, "new1, new2, new3") || !strings.Contains(again.out, "all else was") {
		t.Errorf("exit %d\n%s", again.code, again.out)
	}
	if since := h.want(3, "held").guard(t, "max_create").Since; since != g.Since {
		t.Errorf("held since %s, then since %s", g.Since, since)
	}
	if r := h.run("approve", g.ApprovalID); r.code != 0 || !strings.Contains(r.out, "max_create (3 operations)") {
		t.Fatalf("exit %d %s%s", r.code, r.out, r.err)
	}
	h.hire("new4")
	h.hire("new5")
	rest := h.want(3, "held")
	if rest.report.Summary["held"] != 2 {
		t.Errorf("%d are held, want the 2 that were not approved", rest.report.Summary["held"])
	}
	h.user("new3")
	if r := h.run("due"); strings.Contains(r.out, g.ApprovalID) || !strings.Contains(r.out, rest.guard(t, "max_create").Approve) {
		t.Errorf("due:\n%s", r.out)
	}
	h.want(0, "applied", "--approve", rest.guard(t, "max_create").ApprovalID)
	h.silent()
}
