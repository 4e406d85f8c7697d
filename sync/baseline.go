package dirsync

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// nextBaseline is what later runs compare with: what this one saw, but for what is
// doubted or held, which keeps what was seen before.
func (r *runner) nextBaseline() *Baseline {
	run, rules := r.run, &r.engine.Rules
	next := Baseline{Directories: map[string]Reference{}, Held: r.sinceWhen()}
	if before := r.meta.Baseline; before != nil {
		next.At, next.Server, next.InScope, next.Sighted, next.Scope, next.Place = before.At, before.Server, before.InScope, before.Sighted, before.Scope, before.Place
		maps.Copy(next.Directories, before.Directories)
	}
	if !run.stopped() {
		next.At, next.Server = r.now, run.Read.Server
	}
	if !r.holds(guardMinSource) {
		next.InScope, next.Sighted = r.census.inScope, r.sighted(false)
	}
	if !r.holds(guardScopeChanged) && !run.stopped() {
		next.Scope, next.Place = rules.Scope, rules.Place
	}
	next.Directories[rules.Directory] = r.nextReference()
	return &next
}

// holds reports whether a guard that is about all holds something.
func (r *runner) holds(name string) bool {
	return slices.ContainsFunc(r.run.Guards, func(g Guard) bool { return g.Name == name && g.About == About{} && g.Held })
}

// nextReference is the reference of the directory after this run.
func (r *runner) nextReference() Reference {
	ref := r.reference()
	info := &r.run.Read
	next := Reference{Identity: info.Identity, Marker: info.Marker, Furthest: info.Marker.furthest(ref.Furthest), Bases: map[string]int{}, Groups: map[string]GroupSeen{}, Attributes: map[string]AttributeSeen{}}
	if r.run.stopped() {
		next.Identity, next.Marker, next.Furthest = ref.Identity, ref.Marker, ref.Furthest
	}
	for _, base := range info.Bases {
		next.Bases[base] = r.census.bases[base]
		if r.doubted(guardMinSource, base) != nil {
			next.Bases[base] = ref.Bases[base]
		}
	}
	r.nextGroups(&next, &ref)
	r.nextAttributes(&next, &ref)
	return next
}

// nextGroups notes the groups that decide something.
func (r *runner) nextGroups(next, ref *Reference) {
	info := &r.run.Read
	for _, list := range [][]GroupEntry{info.Groups, info.Nested} {
		for i := range list {
			g := &list[i]
			key := g.Key()
			seen := GroupSeen{ID: g.ID, Name: g.Name, DN: g.DN, Stamp: g.Stamp, Identity: info.Identity, Members: g.Members, Persons: g.Persons, People: g.People, Inside: g.Inside}
			was := ref.Groups[key]
			seen.People = r.stillKnown(&seen, &was)
			next.Groups[key] = seen
		}
	}
	for _, key := range slices.Sorted(maps.Keys(ref.Groups)) {
		d := r.doubted("min_group", key)
		was := ref.Groups[key]
		_, read := next.Groups[key]
		if d != nil || slices.Contains(r.deferred, key) || !read && r.groups.keeps(was.ID) {
			if d != nil && d.blind {
				was.Blind, was.Bare = true, d.bare
			}
			next.Groups[key] = was
		}
	}
}

// stillKnown keeps among a group's people those who did not come by at all while the
// group still has members: they may be hidden, and come back.
func (r *runner) stillKnown(seen, was *GroupSeen) []SourceID {
	if seen.Members == 0 || seen.Persons > len(seen.People) {
		return seen.People
	}
	all := slices.Clone(seen.People)
	for _, id := range was.People {
		if _, met := r.census.met[id]; !met && len(all) < MaxPeople && !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	slices.Sort(all)
	return all
}

// nextAttributes notes who has a value of which attribute, and of rare ones since when.
func (r *runner) nextAttributes(next, ref *Reference) {
	maps.Copy(next.Attributes, ref.Attributes) // those that no field is made of now may come back
	for attribute, t := range r.census.tallies {
		delete(next.Attributes, attribute)
		was := ref.Attributes[attribute]
		if d := r.doubted("min_attribute", attribute); d != nil {
			if len(d.unseen) > 0 {
				was.Bare = d.bare && (was.Bare || !was.blind())
			}
			was.Bearers = maps.Clone(was.Bearers)
			for _, id := range d.unseen {
				bearer := was.Bearers[id]
				bearer.Blind = true
				was.Bearers[id] = bearer
			}
			for _, id := range slices.Sorted(maps.Keys(t.bearers)) { // in sight, whatever is not
				if _, known := was.Bearers[id]; was.Bearers != nil && (known || len(was.Bearers) < MaxPeople) {
					was.Bearers[id] = r.bearer(attribute, len(t.bearers), id, t.bearers[id])
				}
			}
			next.Attributes[attribute] = was
			continue
		}
		seen := AttributeSeen{Persons: t.persons, Of: r.census.inScope}
		if t.bearers != nil {
			seen.Bearers = map[SourceID]Bearer{}
			for id, via := range t.bearers {
				seen.Bearers[id] = r.bearer(attribute, len(t.bearers), id, via)
			}
			for _, id := range slices.Sorted(maps.Keys(was.Bearers)) { // hidden, perhaps
				if _, met := r.census.met[id]; !met && len(seen.Bearers) < MaxPeople {
					seen.Bearers[id] = was.Bearers[id]
				}
			}
		}
		if seen.Persons > 0 || len(seen.Bearers) > 0 {
			next.Attributes[attribute] = seen
		}
	}
}

// blind reports whether a value was known not to be seen.
func (a *AttributeSeen) blind() bool {
	for _, bearer := range a.Bearers {
		if bearer.Blind {
			return true
		}
	}
	return false
}

func (r *runner) bearer(attribute string, bearers int, id SourceID, via []string) (b Bearer) {
	if !r.stamped(attribute, bearers) {
		return b
	}
	b.Stamp, b.Identity = r.stamps.byID[id], r.run.Read.Identity
	for _, dn := range via {
		if b.Via == nil {
			b.Via = map[string]string{}
		}
		b.Via[dn] = r.stamps.byDN[dn]
	}
	return b
}

// keepSeen writes down what each person's place in the scope rests on, where that is
// another thing now. What is doubted stays as it was.
func (r *runner) keepSeen(ctx context.Context) error {
	var doubted []string
	for _, d := range r.doubts {
		if !d.accepted {
			doubted = append(doubted, slices.Concat(d.groups, d.former)...)
		}
	}
	for some := range slices.Chunk(r.census.moved, 500) {
		ids := make([]SourceID, len(some))
		seen := map[SourceID]Seen{}
		for i, m := range some {
			ids[i], seen[m.id] = m.id, m.seen
		}
		links, err := r.engine.Store.Load(ctx, ids)
		if err != nil {
			return fmt.Errorf("reading the snapshot: %w", err)
		}
		var outcomes []Outcome
		for i := range links {
			link := &links[i]
			now := seen[link.ID].with(link.Seen, doubted)
			if now.Hash() != link.Seen.Hash() {
				link.Seen = now
				outcomes = append(outcomes, Outcome{Source: link.ID, Link: link})
			}
		}
		if len(outcomes) > 0 {
			if err := r.journal.Record(ctx, outcomes); err != nil {
				return err
			}
		}
	}
	return nil
}

// with keeps of what was seen before the groups that are doubted now.
func (s Seen) with(before Seen, doubted []string) Seen {
	for _, group := range before.Groups {
		if slices.Contains(doubted, group) && !slices.Contains(s.Groups, group) {
			s.Groups = append(slices.Clone(s.Groups), group)
		}
	}
	slices.Sort(s.Groups)
	return s
}
