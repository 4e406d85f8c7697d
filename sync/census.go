package dirsync

import (
	"hash/fnv"
	"slices"
)

// census takes in the directory as it streams by. Of a person who needs
// nothing it keeps a few bytes: that it was seen, and its name's hash.
type census struct {
	rules *Rules
	snap  *snapshot
	// look holds the people who are looked at even when their fields have not
	// changed: Duo's side has.
	look map[SourceID]bool

	seen       []bool // by snapshot index
	inScope    int
	excluded   int // by a group
	unchanged  int
	attributes map[string]int // persons with a value
	members    map[string]int // persons of each mirrored group, by the folded name in Duo
	kept       []*desired     // people who may need something
	// unsettled tells of a mirrored group, by its folded name in Duo, whose members
	// are kept, though their fields have not changed; see groupBook.unsettled.
	unsettled func(group string) bool

	claims    map[uint64]int32   // name hash → claimant
	contested map[uint64][]int32 // name hashes with several claimants
}

// A claimant is a person of the snapshot (its index) or one that was kept
// (the complement of its place).

func newCensus(rules *Rules, snap *snapshot, look map[SourceID]bool, unsettled func(string) bool) *census {
	return &census{
		rules: rules, snap: snap, look: look, unsettled: unsettled, members: map[string]int{},
		seen:       make([]bool, len(snap.briefs)),
		attributes: map[string]int{},
		claims:     make(map[uint64]int32, len(snap.briefs)),
		contested:  map[uint64][]int32{},
	}
}

// take takes one person in.
func (c *census) take(p *Person) {
	i, linked := c.snap.index[p.ID]
	want := c.rules.desire(p)
	excluded := c.rules.excluded(p, want.name())
	if !excluded && !c.rules.selected(p) {
		return // out of scope: a link shows as one whose person was not seen
	}
	if linked {
		c.seen[i] = true
	}
	if excluded {
		if inAny(p.Groups, c.rules.ExcludeGroups) {
			c.excluded++
		}
		return
	}
	c.inScope++
	c.count(p)
	c.countGroups(&want)

	claimant := i
	if !linked || !c.isUnchanged(i, &want) {
		claimant = ^int32(len(c.kept))
		c.rules.desireGiven(p, &want)
		c.kept = append(c.kept, &want)
	} else {
		c.unchanged++
	}
	for _, name := range want.names() {
		c.claim(hashName(name), claimant)
	}
}

func (c *census) isUnchanged(i int32, want *desired) bool {
	b := &c.snap.briefs[i]
	if c.look[b.ID] {
		return false
	}
	if b.LetGo {
		return true
	}
	return !b.Missing && !b.Pending && want.problem == "" && b.Asked == want.fields.Hash() && !slices.ContainsFunc(want.groups(), c.unsettled)
}

func (c *census) countGroups(want *desired) {
	for _, group := range want.groups() {
		c.members[group]++
	}
}

func (c *census) count(p *Person) {
	for attribute, values := range p.Attrs {
		if slices.ContainsFunc(values, func(v string) bool { return v != "" }) {
			c.attributes[attribute]++
		}
	}
}

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
func (c *census) absent() []SourceID {
	var ids []SourceID
	for i, seen := range c.seen {
		if b := &c.snap.briefs[i]; !seen && b.ID != "" && (!b.LetGo || c.look[b.ID]) {
			ids = append(ids, b.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

func hashName(folded string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(folded))
	return h.Sum64()
}
