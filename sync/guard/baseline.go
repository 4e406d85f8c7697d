package guard

import (
	"maps"
	"slices"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/mapping"
)

// Reference is what earlier reads saw of the directory that info is about. It is empty where
// there is nothing to compare with yet. info is the read that is under way, as far as it came.
func (p *Policy) Reference(before *dirsync.Baseline, rules *mapping.Rules, info *dirsync.ReadInfo) dirsync.Reference {
	ref, known := before.Of(info.Directory)
	if known && before.Directories == nil {
		return p.firstVersion(before, rules, info)
	}
	return ref
}

// firstVersion makes a reference of what a state of the first version has: counts of
// attributes, of mirrored groups by their name in Duo, and of people whom groups
// excluded.
func (p *Policy) firstVersion(before *dirsync.Baseline, rules *mapping.Rules, info *dirsync.ReadInfo) dirsync.Reference {
	ref := dirsync.Reference{Groups: map[string]dirsync.GroupSeen{}, Attributes: map[string]dirsync.AttributeSeen{}}
	for attribute, persons := range before.Attributes {
		ref.Attributes[attribute] = dirsync.AttributeSeen{Persons: persons, Of: before.InScope}
	}
	for _, g := range info.Groups {
		seen := dirsync.GroupSeen{ID: g.ID, Name: g.Name, DN: g.DN}
		if rules.Mirrors("", g.Name) {
			name, _ := rules.MirrorOf("", g.Name)
			seen.Persons = before.Groups[dirsync.FoldName(name)]
		}
		if mapping.InAny([]string{g.Name}, rules.ExcludeGroups) {
			seen.Persons = max(seen.Persons, before.Excluded)
		}
		if g.Members == 0 && g.Persons == 0 && seen.Persons > p.Limits.Floor {
			ref.Groups[g.Key()] = seen
		}
	}
	return ref
}

// Since notes since when each guard holds: from this run on, or from that on in which an
// earlier baseline has it.
func (v *Verdicts) Since() map[string]time.Time {
	since := map[string]time.Time{}
	for i := range v.Guards {
		g := &v.Guards[i]
		if !g.Held {
			continue
		}
		key := g.Name + "|" + g.About.Text()
		g.Since = v.facts.Asked.Started
		if before := v.facts.Before; before != nil {
			if at, known := before.Held[key]; known && at.Before(g.Since) {
				g.Since = at
			}
		}
		since[key] = g.Since
	}
	return since
}

// Next is what later runs compare with: what this one saw, but for what is doubted or
// held, which keeps what was seen before. answers are those that the evidence was
// examined with, by directory, and mirrors reports whether a group of the directory has a
// mirror in Duo.
func (v *Verdicts) Next(now time.Time, answers map[string]Answers, mirrors func(dirsync.SourceID) bool) *dirsync.Baseline {
	f := v.facts
	next := dirsync.Baseline{Directories: map[string]dirsync.Reference{}, Held: v.Since()}
	if before := f.Before; before != nil {
		next.At, next.Server, next.InScope, next.Sighted = before.At, before.Server, before.InScope, before.Sighted
		maps.Copy(next.Directories, before.Directories)
	}
	if !v.Stopped() {
		next.At, next.Server = now, f.Reads[0].Info.Server
	}
	if !v.holds(dirsync.GuardMinSource, "") {
		next.InScope, next.Sighted = f.inScope(), v.sighted(false)
	}
	for _, read := range f.Reads {
		s := &succession{Verdicts: v, Answers: answers[read.Info.Directory], mirrors: mirrors, read: read, ref: f.Policy.Reference(f.Before, f.Rules.In(read.Info.Directory), read.Info)}
		s.now, _ = f.Policy.Directories.Get(read.Info.Directory)
		s.into(&next)
	}
	for name := range next.Directories { // what was taken out stays until that is accepted
		if _, configured := f.Policy.Directories.Get(name); !configured && !v.Stopped() && !v.holds(dirsync.GuardScopeChanged, name) {
			delete(next.Directories, name)
		}
	}
	return &next
}

// succession makes the reference that follows on another one.
type succession struct {
	*Verdicts
	Answers
	read    *Read
	now     dirsync.Directory
	ref     dirsync.Reference
	mirrors func(dirsync.SourceID) bool
}

// into puts the reference of the directory after this run into a baseline, with what is
// accepted.
func (s *succession) into(next *dirsync.Baseline) {
	ref, name := s.reference(), s.now.Name
	was, _ := s.facts.Before.Of(name)
	ref.Scope, ref.Place, ref.Mapping, ref.InScope, ref.Sighted = was.Scope, was.Place, was.Mapping, was.InScope, was.Sighted
	if !slices.ContainsFunc(s.Guards, func(g dirsync.Guard) bool { return g.Held }) {
		ref.Mapping = s.now.Digest
	}
	if !s.holds(dirsync.GuardScopeChanged, name) && !s.Stopped() {
		ref.Scope, ref.Place = s.now.Scope, s.now.Place
	}
	if name == "" {
		next.Scope, next.Place, next.Mapping = ref.Scope, ref.Place, ref.Mapping
		ref.Scope, ref.Place, ref.Mapping, ref.InScope, ref.Sighted = "", "", "", 0, 0
	} else if !s.holds(dirsync.GuardMinSource, name) && !s.holds(dirsync.GuardMinSource, "") {
		ref.InScope, ref.Sighted = s.read.Sight.InScope, s.sightedOf(name, false)
	}
	next.Directories[name] = ref
}

// reference is what was seen of the directory in this run.
func (s *succession) reference() dirsync.Reference {
	ref, info := &s.ref, s.read.Info
	next := dirsync.Reference{Identity: info.Identity, Marker: info.Marker, Furthest: info.Marker.Furthest(ref.Furthest), Bases: map[string]int{}, Groups: s.groups(), Attributes: s.attributes()}
	if s.Stopped() {
		next.Identity, next.Marker, next.Furthest = ref.Identity, ref.Marker, ref.Furthest
	}
	for _, base := range info.Bases {
		next.Bases[base] = s.read.Sight.Bases[base]
		if s.doubted(dirsync.GuardMinSource, base) != nil {
			next.Bases[base] = ref.Bases[base]
		}
	}
	return next
}

// doubted gives the doubt of a part; nil where there is none, or it was accepted.
func (s *succession) doubted(guard, key string) *Doubt {
	for _, d := range s.facts.Doubts.All {
		if d.Guard == guard && d.Key == key && d.About.Directory == s.now.Name && !s.judged[d].accepted {
			return d
		}
	}
	return nil
}

// groups notes the groups that decide something.
func (s *succession) groups() map[string]dirsync.GroupSeen {
	next, info := map[string]dirsync.GroupSeen{}, s.read.Info
	for _, list := range [][]dirsync.GroupEntry{info.Groups, info.Nested} {
		for i := range list {
			g := &list[i]
			seen := dirsync.GroupSeen{ID: g.ID, Name: g.Name, DN: g.DN, Stamp: g.Stamp, Identity: info.Identity, Members: g.Members, Persons: g.Persons, People: g.People, Inside: g.Inside,
				Own: g.Own, OwnStamps: s.ownStamps(g)}
			was := s.ref.Groups[g.Key()]
			seen.People = s.stillKnown(&seen, &was)
			next[g.Key()] = seen
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.ref.Groups)) {
		d := s.doubted(dirsync.GuardMinGroup, key)
		was := s.ref.Groups[key]
		_, read := next[key]
		if d != nil || s.facts.Doubts.deferred[key] || !read && s.mirrors(was.ID) {
			if d != nil && d.blind.known {
				was.Blind, was.Bare = true, d.blind.bare
			}
			next[key] = was
		}
	}
	return next
}

// stillKnown keeps among a group's people those who did not come by at all while the
// group still has members: they may be hidden, and come back.
func (s *succession) stillKnown(seen, was *dirsync.GroupSeen) []dirsync.SourceID {
	if seen.Members == 0 && seen.Own == 0 || seen.Persons > len(seen.People) {
		return seen.People
	}
	all := slices.Clone(seen.People)
	for _, id := range was.People {
		if _, met := s.read.Sight.met[id]; !met && len(all) < dirsync.MaxPeople && !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	slices.Sort(all)
	return all
}

// attributes notes who has a value of which attribute, and of rare ones since when.
func (s *succession) attributes() map[string]dirsync.AttributeSeen {
	next := maps.Clone(s.ref.Attributes) // those that no field is made of now may come back
	if next == nil {
		next = map[string]dirsync.AttributeSeen{}
	}
	for _, t := range s.read.Sight.tallies {
		attribute := t.attribute
		delete(next, attribute)
		was := s.ref.Attributes[attribute]
		if d := s.doubted(dirsync.GuardMinAttribute, attribute); d != nil {
			next[attribute] = s.doubtedAttribute(attribute, t, was, d)
			continue
		}
		if s.doubted(dirsync.GuardStatusChanged, attribute) != nil { // a field is made of it yet
			next[attribute] = was
			continue
		}
		if seen := s.attribute(attribute, t, &was); seen.Persons > 0 || len(seen.Bearers) > 0 {
			seen.Status = s.read.Sight.decides(attribute, dirsync.FieldStatus)
			next[attribute] = seen
		}
	}
	for attribute, seen := range next { // of which the status is not made any more
		if seen.Status && !s.read.Sight.decides(attribute, dirsync.FieldStatus) {
			seen.Status = s.doubted(dirsync.GuardStatusChanged, attribute) != nil
			next[attribute] = seen
		}
	}
	return next
}

// attribute notes who has a value now.
func (s *succession) attribute(attribute string, t *tally, was *dirsync.AttributeSeen) dirsync.AttributeSeen {
	sight := s.read.Sight
	seen := dirsync.AttributeSeen{Persons: t.persons, Of: sight.InScope}
	if t.bearers == nil {
		return seen
	}
	seen.Bearers = map[dirsync.SourceID]dirsync.Bearer{}
	for id, via := range t.bearers {
		seen.Bearers[id] = s.bearer(attribute, len(t.bearers), id, via)
	}
	for _, id := range slices.Sorted(maps.Keys(was.Bearers)) { // hidden, perhaps
		if _, met := sight.met[id]; !met && len(seen.Bearers) < dirsync.MaxPeople {
			seen.Bearers[id] = was.Bearers[id]
		}
	}
	return seen
}

// doubtedAttribute keeps the reference of before, with who is known not to be seen, and
// who is in sight, whatever is not.
func (s *succession) doubtedAttribute(attribute string, t *tally, was dirsync.AttributeSeen, d *Doubt) dirsync.AttributeSeen {
	if len(d.blind.unseen) > 0 {
		was.Bare = d.blind.bare && (was.Bare || !isBlind(&was))
	}
	was.Bearers = maps.Clone(was.Bearers)
	for _, id := range d.blind.unseen {
		bearer := was.Bearers[id]
		bearer.Blind = true
		was.Bearers[id] = bearer
	}
	for _, id := range slices.Sorted(maps.Keys(t.bearers)) {
		if _, known := was.Bearers[id]; was.Bearers != nil && (known || len(was.Bearers) < dirsync.MaxPeople) {
			was.Bearers[id] = s.bearer(attribute, len(t.bearers), id, t.bearers[id])
		}
	}
	return was
}

func (s *succession) bearer(attribute string, bearers int, id dirsync.SourceID, via []string) (b dirsync.Bearer) {
	if !s.read.Sight.stamped(attribute, bearers, s.facts.Policy.Limits.Floor) {
		return b
	}
	b.Stamp, b.Identity = s.ByID[id], s.read.Info.Identity
	for _, dn := range via {
		if b.Via == nil {
			b.Via = map[string]string{}
		}
		b.Via[dn] = s.ByDN[dn]
	}
	return b
}
