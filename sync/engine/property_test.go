package engine_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/decide"
	"duosync/sync/engine"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestPlanIsWhatDuoHolds checks on random histories what always holds: after a
// run Duo holds just what the directory wants of the people who are ours,
// nothing of others has changed, and a second plan is empty and costs no call.
func TestPlanIsWhatDuoHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(&silent{TB: nil, rapid: t})
		w.duo.batch = rapid.SampledFrom([]int{0, 2, 100}).Draw(t, "batch")
		w.rules.OnMissing = rapid.SampledFrom([]decide.Removal{
			{Action: dirsync.Disable, Then: decide.Keep}, {Action: dirsync.Trash}, {Action: dirsync.Delete}, {Action: decide.Keep},
			{Action: dirsync.Disable, Then: dirsync.Trash, Grace: time.Hour},
		}).Draw(t, "on_missing")
		w.drawRules(t)
		w.rules.Limits.Floor = 100 // whatever is lost is everyday work
		foreign := map[string]dirsync.Account{}
		for i := range rapid.IntRange(0, 3).Draw(t, "foreign") {
			a := dirsync.Account{ID: fmt.Sprintf("DX%d", i), Username: fmt.Sprintf("n%d", i), Realname: "theirs",
				Status: rapid.SampledFrom([]string{"active", "disabled", "bypass", "pending deletion"}).Draw(t, "status")}
			w.duo.users[a.ID] = &a
			foreign[a.ID] = a
		}
		others := w.drawOthers(t)
		for range rapid.IntRange(1, 6).Draw(t, "rounds") {
			w.dir.people = w.drawPeople(t)
			w.enroll(t, others)
			w.clock = w.clock.Add(time.Duration(rapid.IntRange(1, 40).Draw(t, "hours")) * time.Hour)
			before := maps.Clone(w.store.links)

			dry := w.run(engine.Options{DryRun: true})
			if diff := cmp.Diff(before, w.store.links); diff != "" {
				t.Fatalf("a dry run changed the snapshot: %s", diff)
			}
			run := w.run(engine.Options{})
			if run.Err != nil {
				t.Fatal(run.Err)
			}
			if dry.PlanID != run.PlanID {
				t.Fatalf("the dry run planned\n%s\nthe run\n%s", w.report(dry), w.report(run))
			}
			for _, o := range run.Operations {
				if o.Result != dirsync.ResultApplied && o.Blocked == "" {
					t.Fatalf("%s %s: %s %s\n%s%s%s", o.Action, o.Username, o.Result, o.Error, w.report(run), w.accounts(), w.links())
				}
			}
			w.holds(t, run)
			for id, a := range foreign {
				if diff := cmp.Diff(a, *w.duo.users[id]); diff != "" {
					t.Fatalf("a user of others changed: %s", diff)
				}
			}
			others.untouched(t.Fatalf, w)
			second := w.run(engine.Options{})
			if second.Pending() || second.Usage.Calls != 0 {
				t.Fatalf("a second run is not quiet:\n%s\nafter\n%s%s%s", w.report(second), w.report(run), w.accounts(), w.links())
			}
		}
	})
}

// holds checks that Duo holds what the directory wants, for everybody who has
// a name of their own.
func (w *world) holds(t *rapid.T, run *dirsync.Run) {
	told := map[dirsync.SourceID]bool{}
	for _, c := range run.Conflicts {
		for _, id := range c.Sources {
			told[id] = true
		}
	}
	for _, p := range w.dir.people {
		link, ours := w.store.links[p.ID]
		name := p.Attrs["uid"]
		switch {
		case told[p.ID] || len(name) == 0:
		case !ours:
			if !w.out(p) {
				t.Fatalf("%s is not in Duo:\n%s", p.ID, w.report(run))
			}
		default:
			a := w.duo.users[link.User]
			want := dirsync.StatusActive
			if w.out(p) {
				want = dirsync.StatusDisabled
			}
			if a == nil || a.Username != name[0] || a.Realname != p.Attrs["cn"][0] || a.Status != want {
				t.Fatalf("Duo holds %+v for %+v:\n%s", a, p, w.report(run))
			}
			w.holdsLists(t.Fatalf, run, p, link)
		}
	}
}

func drawPeople(t *rapid.T) []dirsync.Person {
	var people []dirsync.Person
	ids := rapid.SliceOfNDistinct(rapid.IntRange(1, 8), 1, 8, rapid.ID).Draw(t, "ids")
	for _, id := range ids {
		p := dirsync.Person{ID: dirsync.SourceID(fmt.Sprint(id)), DN: fmt.Sprint("cn=", id), Standing: dirsync.Enabled, Attrs: map[string][]string{
			"cn":   {rapid.SampledFrom([]string{"A", "B"}).Draw(t, "cn")},
			"mail": {fmt.Sprint(id, "@example.org")}, // each is a human of their own
		}}
		if name := rapid.IntRange(-1, 9).Draw(t, "name"); name >= 0 {
			p.Attrs["uid"] = []string{fmt.Sprintf("n%d", name)}
		}
		if rapid.IntRange(0, 4).Draw(t, "locked") == 0 {
			p.Standing = dirsync.Disabled
		}
		people = append(people, p)
	}
	return people
}

// silent lets a world report to rapid.
type silent struct {
	testing.TB
	rapid *rapid.T
}

func (s *silent) Helper()                   {}
func (s *silent) Fatal(args ...any)         { s.rapid.Fatal(args...) }
func (s *silent) Fatalf(f string, a ...any) { s.rapid.Fatalf(f, a...) }
