package engine

import (
	"hash/fnv"
	"maps"
	"slices"

	dirsync "duosync/sync"
	"duosync/sync/mapping"
)

// census takes in the directory as it streams by. Of a person who needs
// nothing it keeps a few bytes: that it was seen, and its name's hash.
type census struct {
	rules *Rules
	snap  *snapshot
	// look holds the people who are looked at even when their fields have not
	// changed: Duo's side has.
	look map[dirsync.SourceID]bool
	// marks keep users disabled; watch are people of whom it is to be known whether
	// they came by, which met tells.
	marks *markBook
	watch map[dirsync.SourceID]bool
	met   map[dirsync.SourceID]bool // true: in scope

	seen      []bool // by snapshot index
	inScope   int
	excluded  int // of those who would be in scope else
	unchanged int
	tallies   map[string]*tally // of attributes that a field is made of
	bases     map[string]int    // persons, in scope or not
	members   map[string]int    // persons of each mirrored group, by the folded name in Duo
	unsure    map[string]*unsureCount
	kept      []*mapping.Desired // people who may need something
	moved     []movedSeen
	// deciding are the folded names of the groups that decide, see Link.Seen.
	deciding map[string]bool
	weighed  map[string][]mapping.Dependent
	// unsettled tells of a mirrored group, by its folded name in Duo, whose members
	// are kept, though their fields have not changed; see groupBook.unsettled.
	unsettled func(group string) bool

	claims    map[uint64]int32   // name hash → claimant
	contested map[uint64][]int32 // name hashes with several claimants
}

// A claimant is a person of the snapshot (its index) or one that was kept
// (the complement of its place).

// tally counts the persons in scope who have a value of an attribute. bearers are
// who of all that came by, with the DNs of the entries from which the value may come; nil where they are
// more than MaxPeople.
type tally struct {
	persons int
	bearers map[dirsync.SourceID][]string
}

// unsureCount counts people whose standing can't be told from an attribute.
type unsureCount struct {
	absent, unread int
	names          []string           // ten at most
	ours           []dirsync.SourceID // people with a link, MaxPeople at most
	value          string             // one of those that can't be read
}

func (u *unsureCount) total() int { return u.absent + u.unread }

// movedSeen is a link whose Seen is another one now.
type movedSeen struct {
	id   dirsync.SourceID
	seen dirsync.Seen
}

func (r *runner) newCensus() *census {
	rules := &r.engine.Rules
	c := &census{
		rules: rules, snap: r.snap, look: r.look, marks: r.marks, unsettled: r.groups.unsettled, members: map[string]int{},
		seen: make([]bool, len(r.snap.briefs)), watch: map[dirsync.SourceID]bool{}, met: map[dirsync.SourceID]bool{},
		tallies: map[string]*tally{}, bases: map[string]int{}, unsure: map[string]*unsureCount{},
		deciding: map[string]bool{}, weighed: rules.Dependents(),
		claims:    make(map[uint64]int32, len(r.snap.briefs)),
		contested: map[uint64][]int32{},
	}
	for attribute := range c.weighed {
		c.tallies[attribute] = &tally{bearers: map[dirsync.SourceID][]string{}}
	}
	for _, name := range rules.ScopeGroups() {
		c.deciding[dirsync.FoldGroup(name)] = true
	}
	reference := r.reference()
	for _, g := range reference.Groups {
		for _, id := range g.People {
			c.watch[id] = true
		}
	}
	for _, a := range reference.Attributes {
		for id := range a.Bearers {
			c.watch[id] = true
		}
	}
	return c
}

// take takes one person in.
func (c *census) take(p *dirsync.Person) {
	i, linked := c.snap.index[p.ID]
	if c.watch[p.ID] {
		c.met[p.ID] = false
	}
	if p.Base != "" { // in scope or not: that may hang on something else that is lost
		c.bases[p.Base]++
	}
	want := c.rules.Desire(p)
	excluded := c.rules.Excluded(p, want.Name())
	if !excluded && !c.rules.Selected(p) && p.Unsure != nil && p.Unsure.Groups {
		excluded = true // nobody is taken for out of scope whose groups can't be told
	}
	if !excluded && !c.rules.Selected(p) {
		c.noteBearer(p)
		return // out of scope: a link shows as one whose person was not seen
	}
	user := ""
	if linked {
		c.seen[i] = true
		user = c.snap.briefs[i].User
		if seen := c.seenOf(p); seen.Hash() != c.snap.briefs[i].Seen {
			c.moved = append(c.moved, movedSeen{p.ID, seen})
		}
	}
	if excluded {
		c.excluded++
		c.noteBearer(p)
		return
	}
	c.marks.force(&want, user)
	c.count(p, &want)

	claimant := i
	if !linked || !c.isUnchanged(i, &want) {
		claimant = ^int32(len(c.kept))
		c.rules.DesireGiven(p, &want)
		want.Seen = c.seenOf(p)
		c.kept = append(c.kept, &want)
	} else {
		c.unchanged++
	}
	for _, name := range want.Names() {
		c.claim(hashName(name), claimant)
	}
}

// seenOf tells what the person's place in the scope rests on.
func (c *census) seenOf(p *dirsync.Person) dirsync.Seen {
	seen := dirsync.Seen{Base: p.Base}
	for _, group := range p.Groups {
		if name := dirsync.FoldGroup(group); c.deciding[name] {
			seen.Groups = append(seen.Groups, name)
		}
	}
	slices.Sort(seen.Groups)
	return seen
}

func (c *census) isUnchanged(i int32, want *mapping.Desired) bool {
	b := &c.snap.briefs[i]
	if c.look[b.ID] {
		return false
	}
	if b.LetGo {
		return true
	}
	return !b.Missing && !b.Pending && want.Problem == "" && want.Same(b.Asked) && !slices.ContainsFunc(want.Groups(), c.unsettled)
}

// count counts a person in scope.
func (c *census) count(p *dirsync.Person, want *mapping.Desired) {
	c.inScope++
	if c.watch[p.ID] {
		c.met[p.ID] = true
	}
	for _, group := range want.Groups() {
		c.members[group]++
	}
	for attribute, t := range c.tallies {
		if c.has(p, attribute) {
			t.persons++
			t.note(p, c.rules.Via[attribute])
		}
	}
	if u := want.Unsure; u != nil {
		n := c.unsure[u.Attribute]
		if n == nil {
			n = &unsureCount{}
			c.unsure[u.Attribute] = n
		}
		if u.Value == "" {
			n.absent++
		} else {
			n.unread, n.value = n.unread+1, u.Value
		}
		n.names = append(n.names, want.Label())[:min(len(n.names)+1, mostNames)]
		if _, linked := c.snap.index[p.ID]; linked && len(n.ours) < dirsync.MaxPeople {
			n.ours = append(n.ours, p.ID)
		}
	}
}

// mostNames is how many people a message names.
const mostNames = 10

// has reports whether a person has a value of an attribute that counts.
func (c *census) has(p *dirsync.Person, attribute string) bool {
	values := p.Attrs[attribute]
	if !slices.ContainsFunc(values, func(v string) bool { return v != "" }) {
		return false
	}
	return c.rules.Lapses == nil || !c.rules.Lapses(attribute, values)
}

// noteBearer notes what a person who is not in scope has: whoever is locked now may
// come into scope when that can't be seen any more.
func (c *census) noteBearer(p *dirsync.Person) {
	for attribute, t := range c.tallies {
		if c.has(p, attribute) {
			t.note(p, c.rules.Via[attribute])
		}
	}
}

func (t *tally) note(p *dirsync.Person, via string) {
	switch {
	case t.bearers == nil:
	case len(t.bearers) == dirsync.MaxPeople:
		t.bearers = nil
	case via != "":
		t.bearers[p.ID] = slices.Clone(p.Attrs[via])
	default:
		t.bearers[p.ID] = nil
	}
}

// nobody reports whether nobody who came by has a value.
func (t *tally) nobody() bool { return t.bearers != nil && len(t.bearers) == 0 }

func (c *census) claim(name uint64, claimant int32) {
	first, taken := c.claims[name]
	if !taken {
		c.claims[name] = claimant
		return
	}
	if len(c.contested[name]) == 0 {
		c.contested[name] = []int32{first}
	}
	c.contested[name] = append(c.contested[name], claimant)
}

// absent lists the links whose person did not come by.
func (c *census) absent() []dirsync.SourceID {
	var ids []dirsync.SourceID
	for i, seen := range c.seen {
		if b := &c.snap.briefs[i]; !seen && b.ID != "" && (!b.LetGo || c.look[b.ID]) {
			ids = append(ids, b.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// contestedNames gives the hashes of the names with several claimants, in order.
func (c *census) contestedNames() []uint64 { return slices.Sorted(maps.Keys(c.contested)) }

func hashName(folded string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(folded))
	return h.Sum64()
}
