package cli

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"duosync/duo/duosim"
	"duosync/ldapsrc/slapdtest"
	"duosync/state"
	dirsync "duosync/sync"
)

// TestRounds lets a directory and an account change at random, round by round:
// what others have made in Duo stays as it is, and what we made is what the
// directory says, in one run, and without a call in the run after.
func TestRounds(t *testing.T) {
	const rounds, people = 5, 14
	for i, phones := range []string{
		"{on: always, taken: conflict}", "{on: create, taken: share}", "{on: always, taken: share}", "{on: create, taken: conflict}",
	} {
		t.Run(phones, func(t *testing.T) {
			seed := uint64(20 + i)
			t.Logf("seed %d", seed)
			w := newTurmoil(t, phones, seed)
			for range people {
				w.hires()
			}
			for range rounds {
				w.round()
			}
		})
	}
}

// turmoil is a directory and an account in which much changes. What others make in
// Duo is written down in hands.
type turmoil struct {
	*house
	*rand.Rand
	always, share bool
	town          *town
	hands         hands
	groupIDs      map[string]string                 // Duo's, by the unit
	number        int                               // of the round
	known         map[dirsync.SourceID]dirsync.Link // after the last run
	last          result                            // of the last run
	born          map[string]bool                   // cn of people who were created in an earlier round
}

func newTurmoil(t *testing.T, phones string, seed uint64) *turmoil {
	t.Helper()
	h := newHouse(t, houseOptions{
		slapd: slapdtest.Options{LDIF: group("proj-hand", groupDN("team-0")) + group("proj-asleep", groupDN("team-0"))},
		duo:   duosim.Options{Rules: duosim.Rules{Shuffle: true, Seed: seed}},
		sync: listMapping + "  limits: {floor: 1000, min_attribute: off}\n  phones: " + phones + "\n  groups: {mirror: ['/proj-.*/'], rename: {proj-0: 'Project 0'}}\n" +
			"  on_missing: {then: trash, grace: 0s}\n  on_out_of_scope: {then: trash, grace: 0s}\n",
	})
	w := &turmoil{house: h, Rand: rand.New(rand.NewPCG(seed, 1)), groupIDs: map[string]string{}, born: map[string]bool{}}
	w.always, w.share = phones[5:11] == "always", phones[len(phones)-6:] == "share}"
	w.town = newTown(h)
	w.hands = w.others()
	return w
}

// round changes some of everything, runs, and checks.
func (w *turmoil) round() {
	w.t.Helper()
	w.number++
	for range 6 + w.IntN(5) {
		w.happens()
	}
	w.town.publish()
	for range 1 + w.IntN(4) {
		w.meddles()
	}
	var dry result
	if w.number%2 == 0 {
		dry = w.sync("--dry-run")
	}
	w.runs("run")
	if run := w.last; dry.out != "" && (run.report.PlanID != dry.report.PlanID || !cmp.Equal(run.report.Summary, dry.report.Summary)) {
		w.fails("the run is not what the dry run said: %v, %v", run.ops(), dry.ops())
	}
	w.matches(false)
	w.runs("refresh", "--refresh")
	w.matches(true)
	w.duo.ResetCalls()
	if r := w.sync(); r.code != 0 || r.report.Outcome != "no-changes" || len(w.duo.Calls()) > 0 {
		w.fails("a run with nothing to do: exit %d, %v, %d calls", r.code, r.ops(), len(w.duo.Calls()))
	}
	for _, p := range w.town.people {
		w.born[p.cn] = w.born[p.cn] || p.in() && !p.locked
	}
}

// runs makes a run that may tell of conflicts, and of nothing else.
func (w *turmoil) runs(what string, args ...string) {
	w.t.Helper()
	before := w.duo.Snapshot()
	w.last = w.sync(args...)
	if f := w.last.failures(); w.last.code != 0 && w.last.code != 4 || len(f) > 0 {
		w.fails("%s: exit %d, %s%q", what, w.last.code, w.last.report.Error, f)
	}
	for _, wrong := range w.hands.disturbed(before, w.duo.Snapshot()) {
		w.t.Errorf("%s: %s", what, wrong)
	}
	if w.t.Failed() {
		w.fails("%s disturbed what others made", what)
	}
}

func (w *turmoil) fails(format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf("round %d: %s\nconflicts %v\noperations %v\nDuo:\n%q\ndirectory:\n%s", w.number, fmt.Sprintf(format, args...),
		w.last.report.Conflicts, w.last.ops(), lines(w.duo.Snapshot()), w.town)
}

// links gives the links by the people's ids.
func (w *turmoil) links() map[dirsync.SourceID]dirsync.Link {
	w.t.Helper()
	db, err := state.OpenReadOnly(w.t.Context(), w.state)
	if err != nil {
		w.t.Fatal(err)
	}
	var ids []dirsync.SourceID
	if err := db.Scan(w.t.Context(), func(b dirsync.Brief) error { ids = append(ids, b.ID); return nil }); err != nil {
		w.t.Fatal(err)
	}
	links, err := db.Load(w.t.Context(), ids)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		w.t.Fatal(err)
	}
	byID := map[dirsync.SourceID]dirsync.Link{}
	for _, l := range links {
		byID[l.ID] = l
	}
	return byID
}

// matches checks that what we made is what the directory says; phones only once
// all of Duo was looked at, for a number that was taken is remembered till then.
func (w *turmoil) matches(whole bool) {
	w.t.Helper()
	s := w.duo.Snapshot()
	users := map[string]duosim.User{}
	for _, u := range s.Users {
		users[u.ID] = u
	}
	w.known = w.links()
	holders := map[string]map[string]bool{} // people by the number that they want: user ids
	ours := map[string]*figure{}
	for _, p := range w.town.people {
		link, linked := w.known[p.id]
		u := users[link.User]
		switch {
		case p.doomed && linked:
			w.fails("%s has a name of somebody else's and got a user", p.uid)
		case p.doomed, !linked && (p.locked || !p.in()):
			continue
		case !linked:
			w.fails("%s has no user", p.uid)
		}
		ours[u.ID] = p
		if !p.in() {
			if u.Status != "disabled" && u.Status != "pending deletion" {
				w.fails("%s is gone and %s", p.uid, u.Status)
			}
			continue
		}
		w.matchesFields(p, &u)
		w.matchesGroups(p, &u, s.Groups)
		for _, number := range p.mobiles {
			if holders[number] == nil {
				holders[number] = map[string]bool{}
			}
			holders[number][u.ID] = true
		}
	}
	if whole {
		w.matchesPhones(s.Phones, holders, ours)
	}
}

func (w *turmoil) matchesFields(p *figure, u *duosim.User) {
	w.t.Helper()
	want := "active"
	if p.locked {
		want = "disabled"
	} else if by := w.hands.status[u.ID]; by != "" {
		want = by
	}
	aliases := slices.DeleteFunc(slices.Clone(u.Aliases), func(a string) bool { return a == "" || slices.Contains(w.hands.aliases[u.ID], a) })
	wanted := slices.DeleteFunc(slices.Clone(p.aliases), func(a string) bool { return slices.Contains(w.hands.aliases[u.ID], a) })
	slices.Sort(aliases)
	slices.Sort(wanted)
	if u.Username != p.uid || u.Email != p.mail || !slices.Equal(aliases, wanted) || want != "?" && u.Status != want {
		w.fails("%s is %s %s %s %v, want %s %s %s %v", p.cn, u.Username, u.Status, u.Email, aliases, p.uid, want, p.mail, wanted)
	}
}

func (w *turmoil) matchesGroups(p *figure, u *duosim.User, groups []duosim.Group) {
	w.t.Helper()
	for _, unit := range w.town.units {
		i := slices.IndexFunc(groups, func(g duosim.Group) bool { return g.Name == unit.duo() })
		if !unit.mirrored() || unit.foreign || i < 0 {
			if i < 0 && unit.mirrored() && !unit.foreign {
				w.fails("Duo has no group %s", unit.duo())
			}
			continue
		}
		id := groups[i].ID
		if known := w.groupIDs[unit.key]; known != "" && known != id {
			w.fails("the group %s is another one", unit.duo())
		}
		w.groupIDs[unit.key] = id
		by := w.hands.pairs[pair{u.ID, id}]
		if got, want := slices.Contains(u.Groups, id), w.town.isIn(p, unit) || by; got != want {
			w.fails("%s in the group %s: %v, want %v", p.uid, unit.duo(), got, want)
		}
	}
}

// matchesPhones checks each phone, and each number that somebody wants.
func (w *turmoil) matchesPhones(phones []duosim.Phone, holders map[string]map[string]bool, ours map[string]*figure) {
	w.t.Helper()
	byNumber := map[string]duosim.Phone{}
	for _, p := range phones {
		byNumber[p.Number] = p
		_, theirs := w.hands.phones[p.ID]
		if !theirs && len(p.Users) == 0 {
			w.fails("the phone %s is nobody's", p.Number)
		}
		given := slices.DeleteFunc(slices.Clone(p.Users), func(u string) bool { return w.hands.pairs[pair{u, p.ID}] })
		for _, u := range given {
			if f := ours[u]; w.always && !theirs && f != nil && f.in() && !slices.Contains(f.mobiles, p.Number) {
				w.fails("%s still has the phone %s", f.uid, p.Number)
			}
		}
		if !w.share && len(given) > 1 {
			w.fails("the phone %s is shared by %v", p.Number, given)
		}
	}
	for number, wanted := range holders {
		p := byNumber[number]
		others := slices.ContainsFunc(p.Users, func(u string) bool { return !wanted[u] })
		for u := range wanted {
			must := w.share || len(wanted) == 1 && !others
			if f := ours[u]; must && !slices.Contains(p.Users, u) && (w.always || !w.born[f.cn]) {
				w.fails("%s (born %v) lacks the phone %s, which %v have", f.uid, w.born[f.cn], number, p.Users)
			}
		}
	}
}
