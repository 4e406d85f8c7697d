package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"

	dirsync "duosync/sync"
)

// nextBaseline is what later runs compare with: what this one saw, but for what is
// doubted or held, which keeps what was seen before.
func (r *runner) nextBaseline() *dirsync.Baseline {
	run, rules := r.run, &r.engine.Rules
	next := dirsync.Baseline{Directories: map[string]dirsync.Reference{}, Held: r.sinceWhen()}
	if before := r.meta.Baseline; before != nil {
		next.At, next.Server, next.InScope, next.Sighted, next.Scope, next.Place = before.At, before.Server, before.InScope, before.Sighted, before.Scope, before.Place
		maps.Copy(next.Directories, before.Directories)
	}
	if !run.Stopped() {
		next.At, next.Server = r.now, run.Read.Server
	}
	if !r.holds(guardMinSource) {
		next.InScope, next.Sighted = r.census.inScope, r.sighted(false)
	}
	if !r.holds(guardScopeChanged) && !run.Stopped() {
		next.Scope, next.Place = rules.Scope, rules.Place
	}
	next.Directories[rules.Directory] = r.nextReference()
	return &next
}

// holds reports whether a guard that is about all holds something.
func (r *runner) holds(name string) bool {
	return slices.ContainsFunc(r.run.Guards, func(g dirsync.Guard) bool { return g.Name == name && g.About == dirsync.About{} && g.Held })
}

// nextReference is the reference of the directory after this run.
func (r *runner) nextReference() dirsync.Reference {
	ref := r.reference()
	info := &r.run.Read
	next := dirsync.Reference{Identity: info.Identity, Marker: info.Marker, Furthest: info.Marker.Furthest(ref.Furthest), Bases: map[string]int{}, Groups: map[string]dirsync.GroupSeen{}, Attributes: map[string]dirsync.AttributeSeen{}}
	if r.run.Stopped() {
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
func (r *runner) nextGroups(next, ref *dirsync.Reference) {
	info := &r.run.Read
	for _, list := range [][]dirsync.GroupEntry{info.Groups, info.Nested} {
		for i := range list {
			g := &list[i]
			key := g.Key()
			seen := dirsync.GroupSeen{ID: g.ID, Name: g.Name, DN: g.DN, Stamp: g.Stamp, Identity: info.Identity, Members: g.Members, Persons: g.Persons, People: g.People, Inside: g.Inside}
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
func (r *runner) stillKnown(seen, was *dirsync.GroupSeen) []dirsync.SourceID {
	if seen.Members == 0 || seen.Persons > len(seen.People) {
		return seen.People
	}
	all := slices.Clone(seen.People)
	for _, id := range was.People {
		if _, met := r.census.met[id]; !met && len(all) < dirsync.MaxPeople && !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	slices.Sort(all)
	return all
}

// nextAttributes notes who has a value of which attribute, and of rare ones since when.
func (r *runner) nextAttributes(next, ref *dirsync.Reference) {
	maps.Copy(next.Attributes, ref.Attributes) // those that no field is made of now may come back
	for attribute, t := range r.census.tallies {
		delete(next.Attributes, attribute)
		was := ref.Attributes[attribute]
		if d := r.doubted("min_attribute", attribute); d != nil {
			if len(d.unseen) > 0 {
				was.Bare = d.bare && (was.Bare || !isBlind(&was))
			}
			was.Bearers = maps.Clone(was.Bearers)
			for _, id := range d.unseen {
				bearer := was.Bearers[id]
				bearer.Blind = true
				was.Bearers[id] = bearer
			}
			for _, id := range slices.Sorted(maps.Keys(t.bearers)) { // in sight, whatever is not
				if _, known := was.Bearers[id]; was.Bearers != nil && (known || len(was.Bearers) < dirsync.MaxPeople) {
					was.Bearers[id] = r.bearer(attribute, len(t.bearers), id, t.bearers[id])
				}
			}
			next.Attributes[attribute] = was
			continue
		}
		seen := dirsync.AttributeSeen{Persons: t.persons, Of: r.census.inScope}
		if t.bearers != nil {
			seen.Bearers = map[dirsync.SourceID]dirsync.Bearer{}
			for id, via := range t.bearers {
				seen.Bearers[id] = r.bearer(attribute, len(t.bearers), id, via)
			}
			for _, id := range slices.Sorted(maps.Keys(was.Bearers)) { // hidden, perhaps
				if _, met := r.census.met[id]; !met && len(seen.Bearers) < dirsync.MaxPeople {
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
func isBlind(a *dirsync.AttributeSeen) bool {
	for _, bearer := range a.Bearers {
		if bearer.Blind {
			return true
		}
	}
	return false
}

func (r *runner) bearer(attribute string, bearers int, id dirsync.SourceID, via []string) (b dirsync.Bearer) {
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
		ids := make([]dirsync.SourceID, len(some))
		seen := map[dirsync.SourceID]dirsync.Seen{}
		for i, m := range some {
			ids[i], seen[m.id] = m.id, m.seen
		}
		links, err := r.engine.Store.Load(ctx, ids)
		if err != nil {
			return fmt.Errorf("reading the snapshot: %w", err)
		}
		var outcomes []dirsync.Outcome
		for i := range links {
			link := &links[i]
			now := seenWith(seen[link.ID], link.Seen, doubted)
			if now.Hash() != link.Seen.Hash() {
				link.Seen = now
				outcomes = append(outcomes, dirsync.Outcome{Source: link.ID, Link: link})
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
func seenWith(s dirsync.Seen, before dirsync.Seen, doubted []string) dirsync.Seen {
	for _, group := range before.Groups {
		if slices.Contains(doubted, group) && !slices.Contains(s.Groups, group) {
			s.Groups = append(slices.Clone(s.Groups), group)
		}
	}
	slices.Sort(s.Groups)
	return s
}
