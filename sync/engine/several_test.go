package engine_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	dirsync "duosync/sync"
	"duosync/sync/engine"

	"pgregory.net/rapid"
)

// TestSeveralDirectories plays histories in which humans come to, leave and move between three
// directories, are locked there, share usernames with others, and in which the order of the
// directories changes and one is taken out or comes back. At all times:
//
//   - the Duo user of a human is never another human's;
//   - a human has one user at most;
//   - nobody is disabled who is there, not locked, and alone under the name, and nobody of a
//     directory that was taken out;
//   - nobody is enabled by a move;
//   - a second run does nothing.
func TestSeveralDirectories(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { playRounds(t, newSeveralPlay(t), 25) })
}

// playRounds plays up to most rounds, with up to four changes before each but the first.
func playRounds(t *rapid.T, play interface {
	change()
	round()
}, most int) {
	play.round()
	for range rapid.IntRange(3, most).Draw(t, "rounds") {
		for range rapid.IntRange(1, 4).Draw(t, "changes") {
			play.change()
		}
		play.round()
	}
}

// human is somebody who may have an entry in each directory.
type human struct {
	name, mail string
	entries    map[string]*dirsync.Person // by directory
}

type severalPlay struct {
	*world
	t      *rapid.T
	humans []*human
	next   int
	owners map[string]string // mail of whom a Duo user was made for, by user
	log    strings.Builder
}

var severalNames = []string{"hr", "students", "guests"}

func newSeveralPlay(t *rapid.T) *severalPlay {
	p := &severalPlay{world: newWorld(&silent{rapid: t}), t: t, owners: map[string]string{}}
	p.duo.batch = rapid.SampledFrom([]int{0, 2, 100}).Draw(t, "batch")
	p.directories(severalNames)
	for i := range 8 {
		p.humans = append(p.humans, &human{name: fmt.Sprintf("user%d", i/2), mail: fmt.Sprintf("h%d@example.org", i), entries: map[string]*dirsync.Person{}})
	}
	return p
}

// change changes something about one human in one directory, or the configuration.
func (p *severalPlay) change() {
	h := rapid.SampledFrom(p.humans).Draw(p.t, "human")
	where, to := rapid.SampledFrom(severalNames).Draw(p.t, "directory"), rapid.SampledFrom(severalNames).Draw(p.t, "to")
	entry := h.entries[where]
	switch what := rapid.SampledFrom([]string{"come", "come", "leave", "move", "move", "lock", "configure"}).Draw(p.t, "change"); {
	case what == "configure":
		names := rapid.Permutation(severalNames).Draw(p.t, "order")
		p.directories(names[:rapid.IntRange(2, 3).Draw(p.t, "how many")])
		fmt.Fprintf(&p.log, "directories %v\n", p.rules.Directories.Names())
		return
	case what == "come" && entry == nil:
		p.enter(h, where)
	case what == "leave":
		delete(h.entries, where)
	case what == "move" && entry != nil && h.entries[to] == nil:
		delete(h.entries, where)
		p.enter(h, to).Standing = entry.Standing
		fmt.Fprintf(&p.log, "%s moves from %s to %s\n", h.mail, where, to)
		return
	case what == "lock" && entry != nil && entry.Standing == dirsync.Enabled:
		entry.Standing = dirsync.Disabled
	case what == "lock" && entry != nil:
		entry.Standing = dirsync.Enabled
	}
	fmt.Fprintf(&p.log, "%s of %s in %s: %v\n", h.mail, h.name, where, h.entries[where])
}

func (p *severalPlay) enter(h *human, directory string) *dirsync.Person {
	p.next++
	h.entries[directory] = &dirsync.Person{ID: dirsync.SourceID(fmt.Sprint(p.next)), DN: "uid=" + h.name, Standing: dirsync.Enabled,
		Attrs: map[string][]string{"uid": {h.name}, "mail": {h.mail}}}
	return h.entries[directory]
}

// round runs twice, and looks at what became of everybody.
func (p *severalPlay) round() {
	for _, name := range severalNames {
		people := []dirsync.Person{{ID: "0", DN: "uid=" + name, Standing: dirsync.Enabled, Attrs: map[string][]string{"uid": {"of-" + name}}}} // it is never empty
		for _, h := range p.humans {
			if entry := h.entries[name]; entry != nil {
				people = append(people, *entry)
			}
		}
		p.dirs[name].people = people
	}
	before := map[string]string{}
	for _, a := range p.duo.users {
		before[a.ID] = a.Status
	}
	run := p.run(engine.Options{RunID: "run"})
	fmt.Fprint(&p.log, p.report(run))
	if run.Err != nil {
		p.t.Fatalf("%v\n%s", run.Err, p.log.String())
	}
	p.look(run, before)
	again := p.run(engine.Options{RunID: "again"})
	for _, o := range again.Operations {
		if o.Result == dirsync.ResultApplied {
			p.t.Fatalf("a second run: %s\n%s", p.report(again), p.log.String())
		}
	}
}

func (p *severalPlay) look(run *dirsync.Run, before map[string]string) {
	seen := map[string]string{}
	for _, a := range p.duo.sorted() {
		if a.Email == "" {
			continue
		}
		if p.owners[a.ID] == "" {
			p.owners[a.ID] = a.Email
		}
		if p.owners[a.ID] != a.Email {
			p.t.Fatalf("%s was made for %s, and is %s's\n%s", a.ID, p.owners[a.ID], a.Email, p.log.String())
		}
		if seen[a.Email] != "" {
			p.t.Fatalf("%s has the users %s and %s\n%s", a.Email, seen[a.Email], a.ID, p.log.String())
		}
		seen[a.Email] = a.ID
		was, is := before[a.ID], a.Status
		if was == dirsync.StatusActive && is == dirsync.StatusDisabled && !p.mayGo(a.Email) {
			p.t.Fatalf("%s is disabled\n%s", a.Email, p.log.String())
		}
		if was == dirsync.StatusDisabled && is == dirsync.StatusActive && slices.ContainsFunc(run.Operations, func(o *dirsync.Operation) bool { return o.User == a.ID && o.Action == dirsync.Adopt }) {
			p.t.Fatalf("%s is enabled by a move\n%s", a.Email, p.log.String())
		}
	}
}

// mayGo reports whether a human may be disabled: locked in a directory that is read; else, but
// for whoever is ours by one that was taken out, who is in none of them, or under a name that
// another human has, too.
func (p *severalPlay) mayGo(mail string) bool {
	names := p.rules.Directories.Names()
	at := slices.IndexFunc(p.humans, func(h *human) bool { return h.mail == mail })
	there, shared := false, false
	for _, h := range p.humans {
		for _, name := range names {
			switch entry := h.entries[name]; {
			case entry == nil:
			case h.mail == mail && entry.Standing == dirsync.Disabled:
				return true
			case h.mail == mail:
				there = true
			case h.name == p.humans[at].name:
				shared = true
			}
		}
	}
	for _, link := range p.store.links {
		if out, _ := link.ID.Split(); link.Answered.Email == mail && !slices.Contains(names, out) {
			return false
		}
	}
	return !there || shared
}

// newHouses is a world of the directories hr and students, in which people of hr were created.
func newHouses(t *testing.T, rules string, people ...string) *world {
	w := newWorld(t)
	w.step("rules", "directories hr students\n"+rules)
	w.step("directory hr", strings.Join(people, "\n"))
	w.step("directory students", "11 kim mail=kim@example.org")
	if run := w.run(engine.Options{RunID: "run"}); run.Err != nil {
		t.Fatal(run.Err)
	}
	return w
}

// TestMoveAfterABrokenRun: a lock that a run saw which broke off after the read counts for the
// next run, where the person has moved. That somebody was missing in such a run does not.
func TestMoveAfterABrokenRun(t *testing.T) {
	w := newHouses(t, "", "1 anna mail=anna@example.org", "2 bert mail=bert@example.org", "3 cora mail=cora@example.org", "4 dora")
	w.step("directory hr", "1 anna mail=anna@example.org disabled\n3 cora mail=cora@example.org")
	w.dirs["hr"].lookupErr = errors.New("the server is busy")
	if run := w.run(engine.Options{RunID: "broken"}); run.Err == nil || !run.Complete {
		t.Fatalf("the run did not break off after the read: %v", run.Err)
	}
	w.dirs["hr"].lookupErr = nil
	w.step("directory hr", "3 cora mail=cora@example.org\n4 dora")
	w.step("directory students", "11 kim mail=kim@example.org\n12 anna mail=anna@example.org\n13 bert mail=bert@example.org")
	run := w.run(engine.Options{RunID: "moves"})
	if len(run.Operations) != 1 || run.Operations[0].Username != "bert" || run.Operations[0].Action != dirsync.Adopt || len(run.Attention) != 1 || run.Attention[0].Username != "anna" {
		t.Errorf("bert moves, and anna waits:\n%s", w.report(run))
	}
}

// TestStateWithoutSeenIn: a state that does not know who was in is taken over without a call to
// Duo, and whoever moves in that very run waits.
func TestStateWithoutSeenIn(t *testing.T) {
	w := newHouses(t, "", "1 anna mail=anna@example.org", "2 bert mail=bert@example.org", "3 cora mail=cora@example.org disabled")
	w.step("directory hr", "1 anna mail=anna@example.org\n2 bert mail=bert@example.org")
	for id, link := range w.store.links {
		link.Seen.In = false
		w.store.links[id] = link
	}
	if run := w.run(engine.Options{RunID: "over"}); run.Outcome != dirsync.OutcomeNoChanges || w.duo.calls > 0 {
		t.Fatalf("taking over: %d calls\n%s", w.duo.calls, w.report(run))
	}
	for id, link := range w.store.links {
		if !link.Seen.In {
			t.Errorf("%s is not known to be in", id)
		}
		if link.Seen.In = id != "hr/1"; id == "hr/1" {
			w.store.links[id] = link
		}
	}
	w.step("directory hr", "4 dora")
	w.step("directory students", "11 kim mail=kim@example.org\n12 anna mail=anna@example.org\n13 bert mail=bert@example.org")
	run := w.run(engine.Options{RunID: "moves"})
	if !slices.ContainsFunc(run.Operations, func(o *dirsync.Operation) bool { return o.Action == dirsync.Adopt && o.Username == "bert" }) ||
		slices.ContainsFunc(run.Operations, func(o *dirsync.Operation) bool { return o.Username == "anna" }) {
		t.Errorf("bert moves, and anna waits:\n%s", w.report(run))
	}
}
