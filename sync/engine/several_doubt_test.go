package engine_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	dirsync "duosync/sync"
	"duosync/sync/decide"
	"duosync/sync/engine"

	"pgregory.net/rapid"
)

// TestSeveralUnderDoubt plays histories of three directories like those of
// [TestSeveralDirectories], in which people are also left alone or can't be read, disables fail,
// runs are held whole, a base is hidden, a scope narrowed, one directory is down, answered by
// another server, or has another name, and others disable users in Duo. At all times:
//
//   - the Duo user of a human is never another human's;
//   - who moves was in at the last complete run that saw them, and neither hidden nor left out
//     by a scope that is not accepted;
//   - no move raises a status;
//   - nobody is disabled whose entry is there, or may be;
//   - all that is held is named, and nothing is told twice;
//   - after three more runs nothing is left to do.
func TestSeveralUnderDoubt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { playRounds(t, newDoubtPlay(t), 20) })
}

type doubtPlay struct {
	*severalPlay
	hidden, narrowed, down map[string]bool          // directories
	out                    map[*dirsync.Person]bool // entries that a narrowed scope leaves out
	whose                  map[dirsync.SourceID]*human
	in                     map[dirsync.SourceID]bool // who was in when last seen by a complete run
	moves                  int
}

// visitors is the name that guests has for a while.
const visitors = "visitors"

// place is the directory behind a name.
func place(name string) string {
	if name == visitors {
		return "guests"
	}
	return name
}

func newDoubtPlay(t *rapid.T) *doubtPlay {
	p := &doubtPlay{severalPlay: newSeveralPlay(t), hidden: map[string]bool{}, narrowed: map[string]bool{}, down: map[string]bool{},
		out: map[*dirsync.Person]bool{}, whose: map[dirsync.SourceID]*human{}, in: map[dirsync.SourceID]bool{}}
	p.rules.Limits.Floor = 0
	p.rules.Existing = rapid.SampledFrom([]decide.Existing{decide.ExistingReport, decide.ExistingReport, decide.ExistingAdopt}).Draw(t, "existing")
	p.rules.Aliases = []dirsync.Expression{formula(p.world.t, "alias")}
	return p
}

func (p *doubtPlay) draw(name string, from ...string) string {
	return rapid.SampledFrom(from).Draw(p.t, name)
}

func (p *doubtPlay) change() {
	h := rapid.SampledFrom(p.humans).Draw(p.t, "human")
	where, to := p.draw("directory", severalNames...), p.draw("to", severalNames...)
	entry := h.entries[where]
	what := p.draw("change", "come", "come", "leave", "move", "move", "move", "lock", "lock", "exclude", "unreadable", "alias", "configure", "hide", "narrow", "down", "server", "others", "fail", "stop", "mark", "unmark")
	switch {
	case what == "configure":
		names := rapid.Permutation([]string{"hr", "students", p.draw("name", "guests", "guests", visitors)}).Draw(p.t, "order")
		p.directories(names[:rapid.IntRange(2, 3).Draw(p.t, "how many")])
		what = fmt.Sprint("directories ", p.rules.Directories.Names())
	case what == "hide":
		p.hidden[where] = !p.hidden[where]
	case what == "down":
		p.down[where] = rapid.Bool().Draw(p.t, "down")
	case what == "narrow":
		p.narrowed[where] = !p.narrowed[where]
		for _, h := range p.humans {
			if e := h.entries[where]; e != nil {
				p.out[e] = p.narrowed[where] && rapid.Bool().Draw(p.t, "out")
			}
		}
	case what == "server":
		for _, name := range []string{where, visitors} {
			if d := p.dirs[name]; d != nil {
				d.server = p.draw("server", "a", "b")
			}
		}
	case what == "others":
		for _, a := range p.duo.sorted() {
			if a.Email == h.mail && a.Status == dirsync.StatusActive {
				p.duo.users[a.ID].Status = dirsync.StatusDisabled
			}
		}
	case what == "mark":
		for _, a := range p.duo.sorted() {
			if a.Email == h.mail {
				p.store.marks = append(p.store.marks, dirsync.Mark{User: a.ID, Username: a.Username, Since: p.clock, Reason: "urgent"})
				p.duo.users[a.ID].Status = dirsync.StatusDisabled
			}
		}
	case what == "unmark":
		for i := range p.store.marks {
			if m := &p.store.marks[i]; p.owners[m.User] == h.mail && m.Lifted.IsZero() {
				m.Lifted = p.clock
			}
		}
	case what == "fail":
		p.duo.failop["disable "+h.name] = true
	case what == "stop":
		p.rules.Limits.MaxRemove = dirsync.Limit{Off: !rapid.Bool().Draw(p.t, "stop")}
	case what == "come" && entry == nil:
		p.come(h, where)
	case what == "leave":
		delete(h.entries, where)
	case what == "move" && entry != nil && h.entries[to] == nil:
		delete(h.entries, where)
		if e := p.come(h, to); rapid.Bool().Draw(p.t, "as it was") {
			e.Standing, e.Unsure, e.Groups = entry.Standing, entry.Unsure, entry.Groups
		}
	case entry == nil:
		return
	case what == "lock" && entry.Standing == dirsync.Enabled:
		entry.Standing = dirsync.Disabled
	case what == "exclude" && len(entry.Groups) == 0:
		entry.Groups = []string{"out"}
	case what == "unreadable":
		entry.Standing, entry.Unsure = dirsync.Unreadable, &dirsync.Unsure{Attribute: "accountlock", Value: "maybe"}
	case what == "alias":
		entry.Attrs["alias"] = []string{p.draw("alias", "user0", "user1", "shared", "other")}
	default:
		entry.Standing, entry.Unsure, entry.Groups = dirsync.Enabled, nil, nil
	}
	fmt.Fprintf(&p.log, "%s: %s of %s, %s to %s\n", what, h.mail, h.name, where, to)
}

func (p *doubtPlay) come(h *human, where string) *dirsync.Person {
	e := p.enter(h, where)
	e.Base = "b"
	for _, name := range []string{where, visitors} {
		if place(name) == where {
			p.whose[dirsync.IDIn(name, e.ID)] = h
		}
	}
	return e
}

// seen tells what a run sees of an entry: whether it is in scope, and whether nothing keeps it out.
func (p *doubtPlay) seen(where string, e *dirsync.Person) (there, in bool) {
	if e == nil || p.hidden[where] || p.out[e] || len(e.Groups) > 0 {
		return false, false
	}
	return true, e.Standing == dirsync.Enabled
}

// entry gives the entry of an id, if it is there, and whose it is or was.
func (p *doubtPlay) entry(id dirsync.SourceID) (where string, e *dirsync.Person, h *human) {
	name, within := id.Split()
	where, h = place(name), p.whose[id]
	if h == nil || h.entries[where] == nil || h.entries[where].ID != within {
		return where, nil, h
	}
	return where, h.entries[where], h
}

// elsewhere reports whether somebody is in scope in another directory than a place.
func (p *doubtPlay) elsewhere(h *human, where string) bool {
	return slices.ContainsFunc(p.rules.Directories.Names(), func(name string) bool {
		there, _ := p.seen(place(name), h.entries[place(name)])
		return place(name) != where && there
	})
}

func (p *doubtPlay) build() {
	p.rules.ExcludeGroups = nil
	for _, name := range p.rules.Directories.Names() {
		where, d := place(name), p.dirs[name]
		p.rules.ExcludeGroups = append(p.rules.ExcludeGroups, name+"/out")
		d.groups = []string{"1=out"}
		d.people, d.elsewhere, d.readErr = nil, nil, nil
		for i := range 3 { // it is never empty, nor is what leaves people alone
			uid := fmt.Sprint("of-", where, i)
			one := dirsync.Person{ID: dirsync.SourceID(uid), DN: "uid=" + uid, Standing: dirsync.Enabled, Attrs: map[string][]string{"uid": {uid}}, Base: "a"}
			switch i {
			case 0:
				one.Groups = []string{"out"}
			case 1: // the base has somebody, as far as is seen
				one.Base = "b"
			}
			d.people = append(d.people, one)
		}
		for _, h := range p.humans {
			switch e := h.entries[where]; {
			case e == nil:
			case p.out[e]:
				d.elsewhere = append(d.elsewhere, *e)
			default:
				d.people = append(d.people, *e)
			}
		}
		d.blind = map[string]bool{"base:b": p.hidden[where]}
		if p.down[where] {
			d.readErr = errors.New("down")
		}
		for i := range p.rules.Directories {
			if one := &p.rules.Directories[i]; one.Name == name {
				if one.Scope = "all"; p.narrowed[where] {
					one.Scope = "narrower"
				}
			}
		}
	}
}

// round runs four times, and looks at what each did.
func (p *doubtPlay) round() {
	for i := range 4 {
		p.build()
		users, links := map[string]string{}, map[string]dirsync.Link{}
		for _, a := range p.duo.users {
			users[a.ID] = a.Status
		}
		for _, link := range p.store.links {
			links[link.User] = link
		}
		scopes := map[string]string{}
		for _, name := range p.rules.Directories.Names() {
			ref, _ := p.store.meta.Baseline.Of(name)
			scopes[name] = ref.Scope
		}
		run := p.run(engine.Options{RunID: fmt.Sprint("run", i)})
		fmt.Fprint(&p.log, p.report(run))
		p.told(run)
		for _, a := range p.duo.sorted() {
			p.lookAt(run, a, users[a.ID], links[a.ID], scopes)
		}
		for _, o := range run.Operations {
			if o.Result == dirsync.ResultApplied && o.Action == dirsync.Adopt {
				p.moved(o, users[o.User], scopes)
			}
			if o.Result == dirsync.ResultApplied && i == 3 {
				p.fatalf("a fourth run still does something")
			}
		}
		p.remember(run)
	}
}

func (p *doubtPlay) fatalf(format string, args ...any) {
	p.t.Fatalf("%s\n%s", fmt.Sprintf(format, args...), p.log.String())
}

// told checks that all that is held is named, and nothing told twice.
func (p *doubtPlay) told(run *dirsync.Run) {
	if run.Err != nil && !strings.Contains(run.Err.Error(), "down") {
		p.fatalf("%v", run.Err)
	}
	held := map[*dirsync.Op]bool{}
	for _, g := range run.Guards {
		if g.Held && len(g.Names) == 0 {
			p.fatalf("%s names nobody", g.Name)
		}
		for _, o := range g.Ops {
			held[o] = held[o] || g.Held
		}
	}
	for _, o := range run.Operations {
		if o.Result == dirsync.ResultHeld && !held[o.Op] {
			p.fatalf("%s of %s is held by nobody", o.Action, o.Username)
		}
	}
	lines := map[string]bool{}
	for _, x := range run.Conflicts {
		line := fmt.Sprint(x.Username, x.Sources, x.Reason)
		if slices.Contains(x.Sources[1:], x.Sources[0]) || lines[line] {
			p.fatalf("told twice: %s", line)
		}
		lines[line] = true
	}
	for _, a := range run.Attention {
		parts := strings.Split(strings.ReplaceAll(a.Reason, "; give each a name of its own", ""), "; ")
		slices.Sort(parts)
		if len(slices.Compact(slices.Clone(parts))) < len(parts) {
			p.fatalf("%s is told twice: %s", a.Username, a.Reason)
		}
	}
}

// lookAt checks what became of a Duo user.
func (p *doubtPlay) lookAt(run *dirsync.Run, a *dirsync.Account, was string, link dirsync.Link, scopes map[string]string) {
	if a.Email == "" {
		return
	}
	if p.owners[a.ID] == "" {
		p.owners[a.ID] = a.Email
	}
	if p.owners[a.ID] != a.Email {
		p.fatalf("%s was made for %s, and is %s's", a.ID, p.owners[a.ID], a.Email)
	}
	if was == dirsync.StatusActive && a.Status == dirsync.StatusDisabled && !p.marked(a.ID) && !p.mayDisable(link.ID, scopes) {
		p.fatalf("%s (%s) is disabled", a.Email, link.ID)
	}
}

func (p *doubtPlay) mayDisable(id dirsync.SourceID, scopes map[string]string) bool {
	name, _ := id.Split()
	where, e, h := p.entry(id)
	for _, name := range p.rules.Directories.Names() { // locked where the human is seen
		if there, _ := p.seen(place(name), h.entries[place(name)]); there && h.entries[place(name)].Standing == dirsync.Disabled {
			return true
		}
	}
	configured, ok := p.rules.Directories.Get(name)
	switch {
	case !ok:
		return false
	case e != nil && p.out[e] && e.Standing == dirsync.Disabled: // locked, where the second look finds them
		return true
	case p.hidden[where]:
		return false
	case e == nil:
		shared := slices.ContainsFunc(p.humans, func(other *human) bool { return other != h && other.name == h.name && (p.elsewhere(other, "")) })
		return !p.elsewhere(h, where) || shared || p.contested(h)
	case p.out[e]:
		return scopes[name] == configured.Scope
	}
	return false
}

// marked reports whether a user is kept disabled.
func (p *doubtPlay) marked(user string) bool {
	return slices.ContainsFunc(p.store.marks, func(m dirsync.Mark) bool { return m.User == user && m.Stands() })
}

// contested reports whether somebody else claims a name of a human.
func (p *doubtPlay) contested(h *human) bool {
	return slices.ContainsFunc(p.humans, func(other *human) bool {
		return other != h && slices.ContainsFunc(severalNames, func(where string) bool {
			e := other.entries[where]
			return e != nil && (other.name == h.name || slices.Contains(e.Attrs["alias"], h.name))
		})
	})
}

// moved checks a move.
func (p *doubtPlay) moved(o *dirsync.Operation, was string, scopes map[string]string) {
	p.moves++
	name, _ := o.From.Split()
	where, e, h := p.entry(o.From)
	configured, ok := p.rules.Directories.Get(name)
	switch {
	case o.From == "" || p.whose[o.Source] != h:
		p.fatalf("%s becomes %s's", o.Username, o.Source)
	case p.rules.Directories.Of(o.From) == p.rules.Directories.Of(o.Source): // another id, and sync.existing adopts
	case !ok || !p.in[o.From]:
		p.fatalf("%s moves, and was not in", o.From)
	case p.hidden[where]:
		p.fatalf("%s moves, and is hidden", o.From)
	case e != nil && p.out[e] && scopes[name] != configured.Scope:
		p.fatalf("%s moves for a scope that is not accepted", o.From)
	case was != dirsync.StatusActive && p.duo.users[o.User].Status == dirsync.StatusActive:
		p.fatalf("%s moves, and is enabled", o.From)
	}
}

// remember notes who was in at a complete run.
func (p *doubtPlay) remember(run *dirsync.Run) {
	if run.Err != nil {
		return
	}
	for _, link := range p.store.links {
		id := link.ID
		name, _ := id.Split()
		if _, ok := p.rules.Directories.Get(name); !ok || p.whose[id] == nil {
			continue
		}
		where, e, h := p.entry(id)
		there, in := p.seen(where, e)
		in = in && !p.marked(link.User)
		switch {
		case !there && p.elsewhere(h, where): // there under another id
		case run.Stopped():
			p.in[id] = p.in[id] && in
		default:
			p.in[id] = in
		}
	}
}
