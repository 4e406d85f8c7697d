package engine

import (
	"context"
	"maps"
	"slices"
	"strings"

	dirsync "duosync/sync"
	"duosync/sync/decide"
	"duosync/sync/guard"
	"duosync/sync/mapping"
)

// census takes in the directory as it streams by. Of a person who needs
// nothing it keeps a few bytes: that it was seen, and its name's hash.
type census struct {
	rules *mapping.Rules
	earlier

	sights    map[string]*guard.Sight // by directory
	seen      []bool                  // by snapshot index
	unchanged int
	leftOut   leftOut            // of people who need nothing
	kept      []*mapping.Desired // people who may need something
	fields    dirsync.Fields     // for those of the next person
	places    *decide.Places
	moved     []movedSeen
	names     claimants
	heads     mapping.Headcount
	switched  map[string]bool // directories of which another server answered than last time
}

// earlier is what stood before the read, and says who needs nothing.
type earlier struct {
	snap    *snapshot
	recheck map[dirsync.SourceID]bool // see freshness
	told    map[dirsync.SourceID]bool // people of whom something was told before
	marks   *marks
	groups  *groupLinks
}

// claimants are who claims which name in Duo, by the name's hash. A claimant is a person
// of the snapshot (its index) or one that was kept (the complement of its place).
type claimants struct {
	first     map[uint64]int32
	contested map[uint64][]int32 // names with several claimants
	// unseen are names that have characters that nobody sees, by the hash of what is seen.
	unseen map[uint64][]string
	// letGo are the fields, by claimant, of people who were let go and want other ones since.
	letGo map[int32]dirsync.Fields
	// mails counts the people of each mail address, by its hash; nil where no mails are sent.
	mails map[uint64]int
}

// movedSeen is a link whose Seen is another one now; gone: its person did not come by.
type movedSeen struct {
	id   dirsync.SourceID
	seen dirsync.Seen
	gone bool
}

// take takes one person in.
func (c *census) take(p *dirsync.Person) {
	i, linked := c.snap.known.Find(p.ID)
	sight := c.sights[p.Directory]
	sight.Meet(p)
	want := c.rules.DesireInto(c.fields, p)
	excluded := c.rules.Excluded(p, want.Name())
	if !excluded && !c.rules.Selected(p) && p.Unsure != nil && p.Unsure.Groups {
		excluded = true // nobody is taken for out of scope whose groups can't be told
	}
	if !excluded && !c.rules.Selected(p) {
		sight.Pass(p)
		return // out of scope: a link shows as one whose person was not seen
	}
	user := ""
	if linked {
		c.seen[i] = true
		if c.marks.stand() {
			user = c.snap.known.User(i)
		}
	}
	if excluded {
		if linked {
			c.note(i, c.places.Of(p))
		}
		sight.Excluded++
		sight.Pass(p)
		return
	}
	c.marks.force(&want, user)
	seen := c.places.With(p, &want)
	if linked {
		c.note(i, seen)
	}
	sight.Count(p, &want, linked)
	c.heads.Count(&want)

	if !linked || !c.isUnchanged(i, &want) {
		c.rules.DesireGiven(p, &want)
		want.Seen = seen
		kept := want // so that what is not kept takes no memory
		c.kept, c.fields = append(c.kept, &kept), dirsync.Fields{}
		return // what it claims is known at the end, see resolve
	}
	c.pass(&want, i)
}

// note notes of a person who is ours, by the snapshot's index, what is seen now, where that is
// another thing than before.
func (c *census) note(i int32, seen dirsync.Seen) {
	if b, _ := c.snap.known.Bits(i); !c.places.Same(&seen, b.Seen) {
		c.moved = append(c.moved, movedSeen{id: c.snap.known.ID(i), seen: seen})
	}
}

// forget lets go of what is for deciding only, once that is done: who claims which name, and
// of the people who may need something all but those whom conflicts name. Whoever is decided
// about has the rest. It may be nil.
func (c *census) forget(named map[dirsync.SourceID]bool) {
	if c != nil {
		c.names = claimants{}
		c.kept = slices.DeleteFunc(c.kept, func(want *mapping.Desired) bool { return !named[want.ID] })
	}
}

// out are those who are ours and came by, and were in when last seen, and are not now.
func (c *census) out() map[dirsync.SourceID]bool {
	out := map[dirsync.SourceID]bool{}
	for i := range c.moved {
		if m := &c.moved[i]; !m.seen.In {
			out[m.id] = true
		}
	}
	return out
}

// pass takes in a person of ours, by the snapshot's index, who needs nothing.
func (c *census) pass(want *mapping.Desired, i int32) {
	c.unchanged++
	c.names.claim(want, i)
	switch b, _ := c.snap.known.Bits(i); {
	case !b.LetGo:
		c.leftOut.note(want)
	case !want.Same(b.Asked): // what the link asked for last is not what the person claims
		c.names.letGo[i] = maps.Clone(want.Fields)
	}
}

// resolve keeps of several values of people who may need something those that are there
// already, and takes in what names they claim. links are theirs.
func (c *census) resolve(links map[dirsync.SourceID]*dirsync.Link) {
	kept := c.kept
	c.kept = nil
	for _, want := range kept {
		i, linked := c.snap.known.Find(want.ID)
		if link := links[want.ID]; link != nil {
			if want.Prefer(link.Asked); linked && c.isUnchanged(i, want) {
				c.pass(want, i)
				continue
			}
		}
		c.names.claim(want, ^int32(len(c.kept)))
		c.kept = append(c.kept, want)
	}
}

// claim takes in what names a person claims.
func (c *claimants) claim(want *mapping.Desired, claimant int32) {
	for _, name := range want.Names() {
		c.add(hashName(name), claimant)
		if seen := dirsync.Visible(name); seen != name {
			c.unseen[hashName(seen)] = append(c.unseen[hashName(seen)], name)
		}
	}
	if mail := want.Fields[dirsync.FieldEmail]; mail != "" && c.mails != nil {
		c.mails[hashMail(mail)]++
	}
}

// lookalikes gives the names that differ from another one by nothing that is seen.
func (c *claimants) lookalikes() []string {
	var names []string
	for seen, some := range c.unseen {
		if _, other := c.first[seen]; other || len(some) > 1 {
			names = append(names, some...)
		}
	}
	slices.Sort(names)
	return names
}

// isUnchanged reports whether nothing needs to be looked at of a person who is ours.
func (c *census) isUnchanged(i int32, want *mapping.Desired) bool {
	b, _ := c.snap.known.Bits(i)
	switch {
	case c.recheck[want.ID]:
		return false
	case b.LetGo:
		return true
	}
	return !b.Missing && !b.Pending && !c.told[want.ID] && !want.Troubled() && want.Same(b.Asked) && !slices.ContainsFunc(want.Groups(), c.groups.unsettled)
}

// absent lists the links whose person did not come by: those that are looked at, and those
// that were let go, and of which nothing new is known.
func (c *census) absent() (ids, letGo []dirsync.SourceID) {
	for i, seen := range c.seen {
		if seen {
			continue
		}
		switch b, ok := c.snap.known.At(int32(i)); { //nolint:gosec // a place
		case !ok:
		case b.LetGo && !c.recheck[b.ID]:
			letGo = append(letGo, b.ID)
		default:
			ids = append(ids, b.ID)
		}
	}
	slices.Sort(ids)
	slices.Sort(letGo)
	return ids, letGo
}

// newcomers gives the people who are not linked, by their folded username.
func (c *census) newcomers() map[string]*mapping.Desired {
	people := map[string]*mapping.Desired{}
	for _, want := range c.kept {
		if _, linked := c.snap.known.Find(want.ID); !linked && want.Problem == "" {
			people[want.Name()] = want
		}
	}
	return people
}

// excludes reports whether a link's person came by, and is left alone.
func (c *census) excludes(id dirsync.SourceID) bool {
	i, linked := c.snap.known.Find(id)
	return linked && c.seen[i]
}

func (c *claimants) add(name uint64, claimant int32) {
	first, taken := c.first[name]
	if !taken {
		c.first[name] = claimant
		return
	}
	if len(c.contested[name]) == 0 {
		c.contested[name] = []int32{first}
	}
	c.contested[name] = append(c.contested[name], claimant)
}

// sorted gives the hashes of the names with several claimants, in order.
func (c *claimants) sorted() []uint64 { return slices.Sorted(maps.Keys(c.contested)) }

func (r *run) newCensus(st *state, fresh *freshness) *census {
	rules := &r.Rules.Rules
	c := &census{
		rules: rules, earlier: earlier{snap: st.snap, recheck: fresh.recheck, told: map[dirsync.SourceID]bool{}, marks: st.marks, groups: st.groups},
		sights: map[string]*guard.Sight{}, switched: map[string]bool{}, seen: make([]bool, st.snap.known.Places()), fields: dirsync.Fields{}, places: decide.NewPlaces(rules),
		names: claimants{first: make(map[uint64]int32, st.snap.known.Len()), contested: map[uint64][]int32{}, unseen: map[uint64][]string{}, letGo: map[int32]dirsync.Fields{}},
	}
	for _, name := range rules.Directories.Names() {
		ref := r.reference(st, &dirsync.ReadInfo{Directory: name})
		c.sights[name] = guard.NewSight(rules.In(name), &ref)
	}
	c.leftOut.only = dirsync.FoldName(r.opts.Only)
	if r.Rules.EnrollMails > 0 {
		c.names.mails = map[uint64]int{}
	}
	for key := range r.told {
		if id, ok := strings.CutPrefix(key, personKey("")); ok {
			c.told[dirsync.SourceID(id)] = true
		}
	}
	return c
}

// inScope counts the persons in scope, of all directories.
func (c *census) inScope() (n int) {
	for _, sight := range c.sights {
		n += sight.InScope
	}
	return n
}

// switchedOf reports whether another server of the directory of an id answered than last
// time.
func (c *census) switchedOf(id dirsync.SourceID) bool {
	return c.switched[c.rules.Directories.Of(id)]
}

// contest finds the people who claim one and the same name, and says of each how it is
// settled.
func (r *run) contest(ctx context.Context, st *state, c *census) (*decide.Contest, error) {
	var ids []dirsync.SourceID
	idOf := func(claimant int32) dirsync.SourceID {
		if claimant >= 0 { // unchanged: the name stands in the link
			return st.snap.known.ID(claimant)
		}
		return c.kept[^claimant].ID
	}
	for _, claimants := range c.names.contested {
		for _, i := range claimants {
			ids = append(ids, idOf(i))
		}
	}
	links, err := st.snap.load(ctx, ids)
	if err != nil {
		return nil, err
	}
	names := map[string][]decide.Contestant{}
	for _, hash := range c.names.sorted() {
		for _, i := range c.names.contested[hash] {
			one := decide.Contestant{ID: idOf(i), Link: links[idOf(i)]}
			var claims mapping.Desired
			if i < 0 {
				one.Want = c.kept[^i]
				claims = *one.Want
			} else if one.Link != nil {
				if claims.Fields = one.Link.Asked; c.names.letGo[i] != nil {
					claims.Fields = c.names.letGo[i]
				}
			}
			for _, name := range claims.Names() {
				if hashName(name) == hash { // else another name with the same hash
					one.ByName = name == claims.Name()
					names[name] = append(names[name], one)
				}
			}
		}
	}
	settled := decide.Settle(r.Rules.Directories, names)
	r.report.Shadowed = settled.Told
	for _, one := range settled.Told {
		delete(r.told, personKey(one.Source)) // it stands for nothing while the person is shadowed
	}
	for _, f := range settled.Frozen {
		r.conflict(dirsync.Conflict{Key: dirsync.NameKey + f.Name, Hash: dirsync.HashIDs(f.Sources), Username: f.Name, Sources: f.Sources, Reason: f.Reason(), Full: f.Full()})
	}
	return settled, nil
}
