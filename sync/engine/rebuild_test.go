package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/decide"
	"duosync/sync/engine"

	"github.com/google/go-cmp/cmp"
)

// rebuild pairs anew, and checks that nothing is written to Duo.
func (w *world) rebuild(dry bool) (*dirsync.Rebuilt, string) {
	w.t.Helper()
	before, writes := w.accounts(), w.store.writes
	b := w.engine().Rebuild(context.Background(), engine.Options{RunID: "rebuild", DryRun: dry})
	if diff := cmp.Diff(before, w.accounts()); diff != "" {
		w.t.Errorf("rebuild wrote to Duo:\n%s", diff)
	}
	if dry && w.store.writes != writes {
		w.t.Error("a dry run wrote to the state")
	}
	return b, w.report(b.Run)
}

// lose loses the state.
func (w *world) lose() { w.store = newMemStore() }

// wantQuiet checks that a dry run has nothing to do.
func (w *world) wantQuiet() {
	w.t.Helper()
	for _, args := range []string{"dry", "dry refresh"} {
		if run := w.run(w.options(args)); run.Outcome != dirsync.OutcomeNoChanges || len(run.Operations) > 0 {
			w.t.Errorf("%s: %s", args, w.report(run))
		}
	}
}

func TestRebuild(t *testing.T) {
	w := inStep(t)
	locked := strings.Replace(everybody, "mail=cara@x", "mail=cara@x disabled", 1)
	w.steps("directory", locked, "run", "", "duo", "set "+w.user("dan")+" status=disabled", "clock", "1h", "run refresh", "",
		"duo", "add DUX username=left\nadd DUY username=gone status=disabled")
	w.lose()
	w.rules.Existing = decide.ExistingReport
	w.rules.Limits = limits(t, "50%")
	w.rules.Limits.Floor = 0
	if held := w.run(w.options("")); held.Outcome != dirsync.OutcomeHeld || held.Guards[len(held.Guards)-1].Name != "state_lost" {
		t.Fatal(w.report(held))
	}

	dry, report := w.rebuild(true)
	has(t, report, "planned: 5 in scope", "adopt anna [planned]: paired by username\n", `groups paired by name: "staff", "vpn"`,
		`warning: 1 users who can log in are unmanaged`, `"left"`)
	if dry.Paired != 4 || dry.Absent != 1 || dry.Strangers != 2 || dry.Open != 1 || dry.Differ != 0 || dry.Known != 0 {
		t.Errorf("figures %+v", dry)
	}
	b, report := w.rebuild(false)
	has(t, report, "applied: 5 in scope", "adopt dan [applied]")
	if b.PlanID != dry.PlanID || len(w.store.links) != 4 || len(w.store.groups) != 2 {
		t.Errorf("plan %s after %s, %d links, %d groups", b.PlanID, dry.PlanID, len(w.store.links), len(w.store.groups))
	}
	w.wantQuiet()
	w.wantDrift("after rebuilding", "dan status: active -> disabled") // by others, for as long as it is so
	if b, report := w.rebuild(false); b.Outcome != dirsync.OutcomeNoChanges || b.Known != 4 || b.Found != 4 || b.Paired != 0 {
		t.Errorf("rebuilt twice: %+v\n%s", b, report)
	}

	// Unlocked in the directory, cara is let in again; dan, whom others disabled, is not.
	w.steps("directory", everybody, "run", "")
	if cara, dan := w.duo.holder("cara").Status, w.duo.holder("dan").Status; cara != dirsync.StatusActive || dan != dirsync.StatusDisabled {
		t.Errorf("cara is %s, dan is %s", cara, dan)
	}
	// Whoever leaves is disabled and trashed, never deleted.
	w.steps("rules", "on_missing delete 0s keep 0s", "directory", strings.Replace(everybody, "b bob", "x bobby", 1), "run", "")
	if bob := w.duo.holder("bob"); bob == nil || bob.Status != dirsync.StatusPendingDeletion {
		t.Errorf("bob is %+v", bob)
	}
}

// TestRebuildTellsWhoIsNotPaired gives each their reason, once.
func TestRebuildTellsWhoIsNotPaired(t *testing.T) {
	w := newWorld(t)
	w.steps("rules", "protect root", "directory", `
1 anna mail=anna@x
2 twin
3 twin
4
5 synced
6 trashed
7 nick
8 root
9 new mail=new@x
10 dora mail=dora@x cn=Dora`,
		"duo", `
add DU1 username=anna email=other@x
add DU2 username=twin
add DU5 username=synced synced
add DU6 username=trashed status=pending_deletion
add DU7 username=nicholas alias=nick
add DU8 username=root
add DU10 username=dora email=dora@x`)
	w.duo.users["DU6"].Status = dirsync.StatusPendingDeletion
	b, report := w.rebuild(false)
	has(t, report, `adopt anna [applied]: paired by username; Duo has another e-mail address, "other@x"; the next run updates email`,
		"adopt dora [applied]: paired by username; the next run updates realname",
		"twin [2 3] (new): 2 people claim this name", "[4] (new): the username is missing", "synced [5] (new): Duo's own directory sync",
		"trashed [6] (new): this user lies in Duo's Trash", `nick [7] (new): the name is an alias of the Duo user "nicholas"`,
		`1 person paired with a user who has another e-mail address: make sure that they are no other people of the same names: "anna"`,
		"3 users who can log in are unmanaged")
	if b.Paired != 2 || b.Differ != 2 || b.Absent != 1 || len(b.Skipped) != 1 || b.Strangers != 3 {
		t.Errorf("figures %+v", b)
	}
	var alone []string
	for _, u := range b.Unpaired {
		alone = append(alone, fmt.Sprintf("%s %s: %s", u.Source, u.Username, u.Reason))
	}
	has(t, strings.Join(alone, "\n"), "9 new: no user of this name is in Duo; the next run creates one", "8 root: protected", "7 nick: the name is an alias", "2 twin: ", "3 twin: ",
		"4 uid=,ou=Users: the username is missing", "5 synced: ", "6 trashed: ")
	if len(alone) != 8 || !slices.Equal(b.Nobodys, []string{"nicholas", "root", "twin"}) {
		t.Errorf("%d not paired, nobody's are %v", len(alone), b.Nobodys)
	}
	next := w.run(w.options(""))
	if next.NewConflicts() {
		t.Errorf("what was told is told again: %s", w.report(next))
	}
	if run := w.run(w.options("dry")); run.Outcome != dirsync.OutcomeNoChanges {
		t.Errorf("there is still something to do: %s", w.report(run))
	}
}

// TestRebuildKeepsGuards moves no baseline that is there, keeps the links that are
// there, and leaves it to the next run to look at their users.
func TestRebuildKeepsGuards(t *testing.T) {
	w := inStep(t)
	delete(w.store.links, "b")
	w.store.told = map[string]dirsync.Told{"name|x": {Username: "x"}, "person|b": {Username: "bob"}}
	baseline, refreshed := w.store.meta.Baseline, w.store.meta.Refreshed
	w.steps("rules", "scope other", "clock", "1h", "directory", everybody[:strings.Index(everybody, "c cara")])
	if b, report := w.rebuild(false); b.Paired != 1 || b.Known != 3 || b.Found != 3 {
		t.Errorf("%s", report)
	}
	if w.store.meta.Baseline != baseline || !w.store.meta.Refreshed.Equal(refreshed) || w.store.told["name|x"].Username != "x" || len(w.store.told) != 1 {
		t.Errorf("meta %+v, told %+v", w.store.meta, w.store.told)
	}

	w.lose()
	w.rebuild(false)
	if w.store.meta.Baseline == nil || w.store.meta.Refreshed.IsZero() {
		t.Errorf("an empty state got no baseline: %+v", w.store.meta)
	}
}

// TestRebuildOfBypass leaves to the next run what lets people in, and weighs.
func TestRebuildOfBypass(t *testing.T) {
	w := newWorld(t)
	w.steps("rules", `allow_bypass
status bypass_of ?? "active"`, "directory", "a anna bypass_of=bypass\nb bob", "duo", "add DU1 username=anna\nadd DU2 username=bob status=bypass")
	w.rebuild(false)
	run := w.run(w.options("dry"))
	if len(run.Operations) != 1 || run.Operations[0].Username != "anna" || run.Operations[0].After()[dirsync.FieldStatus] != dirsync.StatusBypass {
		t.Error(w.report(run))
	}
}

// TestRebuildFails and leaves all as it was.
func TestRebuildFails(t *testing.T) {
	w := inStep(t)
	w.lose()
	w.steps("faults", "read")
	if b, report := w.rebuild(false); b.Err == nil || len(w.store.links) > 0 {
		t.Errorf("after half a read: %s", report)
	}
	w.steps("faults", "no-read")
	w.store.meta.Paused = &dirsync.Pause{Since: time.Time{}, Reason: "migration"}
	if b, report := w.rebuild(false); b.Err == nil || len(w.store.links) > 0 {
		t.Errorf("while paused: %s", report)
	}
}

// TestRebuildUnderNewIDs: the directory was loaded anew. Whoever is known to be the same
// human goes on under the new id, with all that was known; others are listed; and the
// next run has nothing to do for those who are paired.
func TestRebuildUnderNewIDs(t *testing.T) {
	w := newWorld(t)
	w.steps("directory", "1 anna mail=a@x\n2 bert mail=b@x\n3 cora mail=c@x", "run", "")
	users := map[string]string{}
	for id, link := range w.store.links {
		users[string(id)] = link.User
	}
	w.steps("directory", "11 anna mail=a@x\n12 bert mail=b@x disabled\n13 cora mail=other@x", "run", "")

	for name, says := range map[string]string{"nobody": "nobody in scope who is to be paired has this username", "anna": "the same person under a new id"} {
		b := w.engine().Rebuild(context.Background(), engine.Options{RunID: "rebuild", Only: name})
		has(t, w.report(b.Run), says)
	}
	if link, ours := w.store.links["11"]; !ours || link.User != users["1"] || link.Origin != dirsync.Created || len(w.store.links) != 3 {
		t.Errorf("links after --only: %+v", w.store.links)
	}
	b, report := w.rebuild(false)
	has(t, report, "adopt bert [applied]: the same person under a new id", "has another e-mail address or full name")
	if b.Moved != 1 || b.Paired != 1 {
		t.Errorf("figures %+v", b)
	}
	run := w.run(w.options(""))
	if run.Held() || run.Count(dirsync.ResultApplied) != 0 || w.duo.users[users["2"]].Status != dirsync.StatusDisabled {
		t.Error(w.report(run) + w.accounts())
	}
}
