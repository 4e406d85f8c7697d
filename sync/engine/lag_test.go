package engine_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/decide"
	"duosync/sync/engine"

	"pgregory.net/rapid"
)

// TestLaggingServer plays histories in which two servers answer behind one name, and one
// of them is some changes behind. Nobody is removed whom not two reads in a row missed,
// nobody is let in, or into a group, whom not two in a row gave that, where the server is
// another one than the time before; a lock is never waited for; and once both have come
// as far, Duo is as the directory asks.
func TestLaggingServer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := &lagPlay{world: newWorld(&silent{rapid: t}), t: t}
		p.duo.batch = rapid.SampledFrom([]int{0, 2, 100}).Draw(t, "batch")
		p.dir.groups = []string{"1=m1"}
		p.rules.Groups.Mirror = func(string) bool { return true }
		p.rules.Limits.Floor = 100
		p.rules.RefreshEvery = 1000 * time.Hour
		p.rules.OnMissing = decide.Removal{Action: dirsync.Disable, Then: dirsync.Trash, Grace: 30 * time.Hour}
		p.named = rapid.Bool().Draw(t, "named")
		lag := rapid.IntRange(2, 4).Draw(t, "lag")
		p.truth = append(p.truth, p.people(6))
		for i := range rapid.IntRange(2, 20).Draw(t, "runs") {
			p.truth = append(p.truth, p.next())
			server := rapid.IntRange(0, 1).Draw(t, "server")
			if !p.named { // a server that has gone further since the other was seen can't be told from that
				server = i % 2
			}
			p.read(server * lag)
		}
		for i := range 2 * lag {
			p.truth = append(p.truth, p.truth[len(p.truth)-1])
			p.read(i % 2 * lag)
		}
		p.inStep()
	})
}

type lagPlay struct {
	*world
	t     *rapid.T
	truth [][]dirsync.Person
	last  []dirsync.Person // the read before; nil: none
	named bool             // else the servers are told apart by how far they have come
	from  string           // the server of the read before
	log   strings.Builder
}

func (p *lagPlay) people(n int) []dirsync.Person {
	var all []dirsync.Person
	for i := range n {
		all = append(all, dirsync.Person{ID: dirsync.SourceID(fmt.Sprint(i)), DN: fmt.Sprint("uid=n", i), Standing: dirsync.Enabled,
			Attrs: map[string][]string{"uid": {fmt.Sprint("n", i)}, "mail": {fmt.Sprint("n", i, "@x")}}})
	}
	return all
}

// next changes somebody.
func (p *lagPlay) next() []dirsync.Person {
	now := slices.Clone(p.truth[len(p.truth)-1])
	i := rapid.IntRange(0, len(now)-1).Draw(p.t, "who")
	switch rapid.IntRange(0, 4).Draw(p.t, "what") {
	case 0:
		now[i].Standing = map[dirsync.Standing]dirsync.Standing{dirsync.Enabled: dirsync.Disabled, dirsync.Disabled: dirsync.Enabled}[now[i].Standing]
	case 1:
		if len(now) > 2 {
			now = slices.Delete(now, i, i+1)
		}
	case 2:
		id := 100 + len(p.truth)
		now = append(now, dirsync.Person{ID: dirsync.SourceID(fmt.Sprint(id)), DN: fmt.Sprint("uid=n", id), Standing: dirsync.Enabled,
			Attrs: map[string][]string{"uid": {fmt.Sprint("n", id)}, "mail": {fmt.Sprint("n", id, "@x")}}})
	case 3:
		if now[i].Groups == nil {
			now[i].Groups = []string{"m1"}
		} else {
			now[i].Groups = nil
		}
	}
	return now
}

func (p *lagPlay) read(lag int) {
	server := fmt.Sprint("s", lag)
	switched := p.from != "" && server != p.from
	p.from = server
	if p.named {
		p.dir.server = server
	} else {
		p.dir.marker = dirsync.Marker{"csn": fmt.Sprintf("%03d", 100+len(p.truth)-lag)}
	}
	p.dir.people = p.truth[max(len(p.truth)-1-lag, 0)]
	p.clock = p.clock.Add(time.Hour)
	before := maps.Clone(p.store.links)
	run := p.run(engine.Options{})
	fmt.Fprintf(&p.log, "%s: %v\n%s\n", server, p.dir.people, p.report(run))
	twice := func(id dirsync.SourceID, is func(*dirsync.Person) bool) bool {
		return is(find(p.dir.people, id)) && (!switched || is(find(p.last, id)))
	}
	for _, o := range run.Operations {
		_, known := before[o.Source]
		if o.Result != dirsync.ResultApplied || o.OnGroup() || !known {
			continue
		}
		lets := o.Action == dirsync.Enable || o.Action == dirsync.Restore
		switch {
		case o.Missing != nil && !twice(o.Source, func(x *dirsync.Person) bool { return x == nil }),
			lets && !twice(o.Source, func(x *dirsync.Person) bool { return x != nil && x.Standing == dirsync.Enabled }),
			len(o.Joins) > 0 && !twice(o.Source, func(x *dirsync.Person) bool { return x != nil && len(x.Groups) > 0 }):
			p.t.Fatalf("%s %s too soon:\n%s", o.Action, o.Username, p.log.String())
		}
	}
	for _, x := range p.dir.people { // a lock is not waited for
		if link, ours := p.store.links[x.ID]; ours && x.Standing == dirsync.Disabled && p.duo.users[link.User] != nil && p.duo.users[link.User].Status == dirsync.StatusActive {
			p.t.Fatalf("%s is locked, and active:\n%s", x.ID, p.log.String())
		}
	}
	p.last = p.dir.people
}

func find(people []dirsync.Person, id dirsync.SourceID) *dirsync.Person {
	for i := range people {
		if people[i].ID == id {
			return &people[i]
		}
	}
	return nil
}

func (p *lagPlay) inStep() {
	for _, link := range p.store.links {
		x, a := find(p.dir.people, link.ID), p.duo.users[link.User]
		if a == nil || (a.Status == dirsync.StatusActive) != (x != nil && x.Standing == dirsync.Enabled) || x != nil && len(p.duo.account(a).Groups) != len(x.Groups) {
			p.t.Fatalf("%+v for %+v:\n%s", a, x, p.log.String())
		}
	}
}
