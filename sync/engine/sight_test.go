package engine_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/engine"

	"pgregory.net/rapid"
)

// TestLossOfSight plays histories in which each run loses a random part of the sight
// and gets it back, beside true changes. At no time anybody is created, enabled or put
// into a group whom neither the truth nor the last whole sight would allow; and once
// all is seen again, and what is held was approved, Duo is as the directory asks.
//
// True changes leave alone what is lost in that run: where an entry has changed and what
// was in it is gone, nobody can tell which of the two it was.
func TestLossOfSight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newSightPlay(t)
		s.round(false)
		for range rapid.IntRange(3, 30).Draw(t, "runs") {
			s.lose()
			s.change()
			if run := s.round(len(s.dir.blind) > 0); run.Err != nil { // nobody has seen what was changed
				s.dir.blind = nil
				s.round(false)
			}
		}
		s.dir.blind = nil
		for range 4 {
			run := s.round(false)
			for run.ApprovalID != "" {
				run = s.run(engine.Options{Approve: s.hold(run.ApprovalID)})
			}
		}
		s.inStep()
	})
}

type sightPlay struct {
	*world
	t    *rapid.T
	log  strings.Builder
	seen map[dirsync.SourceID]dirsync.Person // at the last whole sight
}

var sightGroups = []string{"1=Suspended", "2=Staff", "3=vips", "4=m1", "5=m2"}

func newSightPlay(t *rapid.T) *sightPlay {
	s := &sightPlay{world: newWorld(&silent{rapid: t}), t: t, seen: map[dirsync.SourceID]dirsync.Person{}}
	s.duo.batch = rapid.SampledFrom([]int{0, 2, 100}).Draw(t, "batch")
	s.dir.groups = sightGroups
	s.rules.Limits.Floor = rapid.SampledFrom([]int{1, 5}).Draw(t, "floor")
	percent := func(n int64) dirsync.Limit { return dirsync.Percent(n) }
	s.rules.Limits.MinAttribute = percent(50)
	if rapid.Bool().Draw(t, "limits") {
		s.rules.Limits.MaxRemove, s.rules.Limits.MinSource, s.rules.Limits.MaxEnable = percent(5), percent(90), percent(5)
	}
	if rapid.Bool().Draw(t, "status") {
		s.rules.StatusFrom = formula(s.world.t, `in_group("Suspended") ? "disabled" : preset`)
	}
	if rapid.Bool().Draw(t, "include") {
		s.rules.IncludeGroups = []string{"Staff"}
	}
	if rapid.Bool().Draw(t, "exclude") {
		s.rules.ExcludeGroups = []string{"vips"}
	}
	if rapid.Bool().Draw(t, "member_of") {
		s.rules.MemberOf = "memberOf"
	}
	s.rules.Groups.Mirror = func(name string) bool { return strings.HasPrefix(name, "m") }
	s.rules.RefreshEvery = 1000 * time.Hour
	// There is always somebody in scope, else nothing is ever compared.
	s.dir.people = []dirsync.Person{{ID: "p", DN: "uid=n", Standing: dirsync.Enabled, Base: "c", Groups: []string{"Staff"},
		Attrs: map[string][]string{"uid": {"n"}, "mail": {"n@x"}}}}
	for i := range rapid.IntRange(2, 10).Draw(t, "people") {
		s.dir.people = append(s.dir.people, s.draw(i))
	}
	return s
}

func (s *sightPlay) draw(i int) dirsync.Person {
	p := dirsync.Person{ID: dirsync.SourceID(fmt.Sprint("p", i)), DN: fmt.Sprint("uid=n", i), Standing: dirsync.Enabled,
		Base: []string{"a", "b"}[i%2], Attrs: map[string][]string{"uid": {fmt.Sprint("n", i)}, "mail": {fmt.Sprint("n", i, "@x")}}}
	for _, text := range sightGroups {
		if rapid.IntRange(0, 2).Draw(s.t, "in") == 0 {
			s.put(&p, nameOf(text))
		}
	}
	if rapid.IntRange(0, 3).Draw(s.t, "locked") == 0 {
		p.Standing, p.Attrs["accountlock"] = dirsync.Disabled, []string{"true"}
	}
	return p
}

// put puts a person into a group, which says so, or the person does.
func (s *sightPlay) put(p *dirsync.Person, group string) {
	p.Groups = append(slices.Clone(p.Groups), group)
	if s.rules.MemberOf != "" && rapid.Bool().Draw(s.t, "own") {
		p.Attrs = maps.Clone(p.Attrs)
		p.Attrs["memberof"] = append(slices.Clone(p.Attrs["memberof"]), "cn="+group)
	}
}

// takeOut takes a person out of a group.
func takeOut(p *dirsync.Person, group string) {
	p.Groups = slices.DeleteFunc(slices.Clone(p.Groups), func(name string) bool { return name == group })
	if !ownEntry(p, group) {
		return
	}
	p.Attrs = maps.Clone(p.Attrs)
	p.Attrs["memberof"] = slices.DeleteFunc(slices.Clone(p.Attrs["memberof"]), func(name string) bool { return name == "cn="+group })
	if len(p.Attrs["memberof"]) == 0 {
		delete(p.Attrs, "memberof")
	}
}

// lose draws what the account does not see in the next run.
func (s *sightPlay) lose() {
	s.dir.blind = map[string]bool{}
	for range rapid.IntRange(0, 2).Draw(s.t, "losses") {
		person := rapid.SampledFrom(s.dir.people[1:]).Draw(s.t, "whom").ID
		group := nameOf(rapid.SampledFrom(sightGroups).Draw(s.t, "group"))
		lost := rapid.SampledFrom([]string{"attr:accountlock", "attr:accountlock@" + string(person), "attr:mail", "attr:memberof",
			"members:" + group, "base:a", "base:b", string(person), "id:4", "id:5"}).Draw(s.t, "lost")
		s.dir.blind[lost] = true
	}
}

// change changes somebody who is not concerned by what is lost.
func (s *sightPlay) change() {
	for range rapid.IntRange(0, 2).Draw(s.t, "changes") {
		i := rapid.IntRange(1, len(s.dir.people)-1).Draw(s.t, "who")
		p := s.dir.people[i]
		if s.dir.blind[string(p.ID)] || s.dir.blind["base:"+p.Base] {
			continue
		}
		switch what := rapid.IntRange(0, 3).Draw(s.t, "what"); {
		case what == 0 && !s.lost("attr:"):
			p.Attrs = maps.Clone(p.Attrs)
			if p.Standing == dirsync.Disabled {
				p.Standing = dirsync.Enabled
				delete(p.Attrs, "accountlock")
			} else {
				p.Standing, p.Attrs["accountlock"] = dirsync.Disabled, []string{"true"}
			}
		case what == 1 && !s.lost("members:") && (s.rules.MemberOf == "" || !s.lost("attr:")): // it may stand in the person's entry
			group := nameOf(rapid.SampledFrom(sightGroups).Draw(s.t, "which"))
			if slices.Contains(p.Groups, group) {
				takeOut(&p, group)
			} else {
				s.put(&p, group)
			}
		case what == 2 && !s.lost("attr:"):
			p.Attrs = maps.Clone(p.Attrs)
			p.Attrs["cn"] = []string{fmt.Sprint("A", rapid.IntRange(0, 9).Draw(s.t, "cn"))}
		case what == 3 && len(s.dir.blind) == 0:
			s.dir.people = append(slices.Clone(s.dir.people), s.draw(len(s.dir.people)+int(s.clock.Unix()%1000)*100))
			continue
		}
		s.dir.people = slices.Clone(s.dir.people)
		s.dir.people[i] = p
	}
}

func (s *sightPlay) lost(prefix string) bool {
	return slices.ContainsFunc(slices.Collect(maps.Keys(s.dir.blind)), func(key string) bool { return strings.HasPrefix(key, prefix) })
}

// round makes a run, and checks whom it let in.
func (s *sightPlay) round(blind bool) *dirsync.Run {
	s.clock = s.clock.Add(time.Hour)
	run := s.run(engine.Options{})
	if !blind && run.Err == nil {
		for _, p := range s.dir.people {
			s.seen[p.ID] = p
		}
	}
	fmt.Fprintf(&s.log, "blind %v\n%v\n%s\n", slices.Sorted(maps.Keys(s.dir.blind)), s.dir.people, s.report(run))
	for _, o := range run.Operations {
		if o.Result != dirsync.ResultApplied || o.OnGroup() {
			continue
		}
		switch o.Action {
		case dirsync.Create, dirsync.Recreate, dirsync.Enable, dirsync.Restore:
			if !s.allows(o.Source, s.mayLogIn) {
				s.t.Fatalf("%s %s though nothing allows it:\n%s", o.Action, o.Username, s.log.String())
			}
		}
		for _, m := range o.Joins {
			if !s.allows(o.Source, func(p *dirsync.Person) bool { return slices.Contains(p.Groups, m.Name) }) {
				s.t.Fatalf("%s joins %s though nothing allows it:\n%s", o.Username, m.Name, s.log.String())
			}
		}
		if o.Action == dirsync.Disable && blind && s.allows(o.Source, s.mayLogIn) && !s.dir.blind[string(o.Source)] && !s.lost("base:") {
			p := s.person(o.Source)
			if p != nil && s.mayLogIn(p) && s.whole(o.Source, s.mayLogIn) {
				s.t.Fatalf("%s is disabled for what is lost from sight:\n%s", o.Username, s.log.String())
			}
		}
	}
	return run
}

func (s *sightPlay) person(id dirsync.SourceID) *dirsync.Person {
	for i := range s.dir.people {
		if s.dir.people[i].ID == id {
			return &s.dir.people[i]
		}
	}
	return nil
}

func (s *sightPlay) whole(id dirsync.SourceID, may func(*dirsync.Person) bool) bool {
	p, known := s.seen[id]
	return known && may(&p)
}

// allows reports whether the truth or the last whole sight allows something.
func (s *sightPlay) allows(id dirsync.SourceID, may func(*dirsync.Person) bool) bool {
	p := s.person(id)
	return p != nil && may(p) || s.whole(id, may)
}

func (s *sightPlay) mayLogIn(p *dirsync.Person) bool {
	in := func(group string) bool { return slices.Contains(p.Groups, group) }
	return p.Standing != dirsync.Disabled && !(s.rules.StatusFrom != nil && in("Suspended")) &&
		!(len(s.rules.IncludeGroups) > 0 && !in("Staff")) && !(len(s.rules.ExcludeGroups) > 0 && in("vips"))
}

// inStep checks that Duo is as the directory asks.
func (s *sightPlay) inStep() {
	for i := range s.dir.people {
		p := &s.dir.people[i]
		if len(s.rules.ExcludeGroups) > 0 && slices.Contains(p.Groups, "vips") {
			continue
		}
		link, ours := s.store.links[p.ID]
		if !ours {
			if s.mayLogIn(p) {
				s.t.Fatalf("%s has no user:\n%s", p.ID, s.log.String())
			}
			continue
		}
		a := s.duo.users[link.User]
		if a == nil || (a.Status == dirsync.StatusActive) != s.mayLogIn(p) {
			s.t.Fatalf("%s is %+v:\n%s", p.ID, a, s.log.String())
		}
	}
}

func (s *sightPlay) hold(id string) *dirsync.Approval {
	a := s.store.holds[id]
	return &a
}
