package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	dirsync "duosync/sync"
	"duosync/sync/mapping"
)

// Sight can be lost in part: an ACL, a rename, a replica that lags hide one base, one
// group, one attribute, and what is left looks like a complete directory.
//
// Terms. A reference is what complete reads saw of a part: a base's persons, a group's
// members, an attribute's bearers. A part that had somebody at its reference and has
// nobody now is doubted, unless evidence lifts the doubt. What follows from a doubted
// part is held; all else goes on, and its reference stays.
//
// Premise. Whoever takes a value away changes an entry, and the server stamps it. A
// right that is taken away changes no entry that we read.
//
// So a doubt is lifted where it concerns no more people than the floor, and every
// entry concerned bears another stamp than at the reference, from the same server.
// One that bears the same proves blindness for all, and from then on no stamp lifts the
// doubt: what is changed where we do not see shows nothing. It ends when something is
// seen there again, or is approved. A person who left is no loss.

// doubt is a part of the sight that is not believed.
type doubt struct {
	guard    string
	about    dirsync.About
	had      int // at the reference
	have     int
	key      string   // in the reference: of the group, the attribute, the base
	groups   []string // folded names of the directory's groups that are concerned
	former   []string // and those that they had at the reference
	names    []string // people concerned, ten at most
	detail   string
	limit    string
	remedy   string                    // where no approval lifts it
	subjects map[dirsync.SourceID]bool // people who are missing, and of whom it holds what would follow
	blind    bool                      // it is known that something is there and not seen
	bare     bool                      // and that no member at all is shown, or no value
	unseen   []dirsync.SourceID        // the bearers of which that is known
	// accepted: an approval was used, and nothing further is held.
	accepted bool
}

// reference is what earlier reads saw of the directory. It is empty where there is
// nothing to compare with yet.
func (r *runner) reference() dirsync.Reference {
	if r.meta.Baseline == nil {
		return dirsync.Reference{}
	}
	if r.meta.Baseline.Directories == nil {
		return r.firstVersion()
	}
	return r.meta.Baseline.Directories[r.engine.Rules.Directory]
}

// examine compares what was read with the references, and notes what is doubted.
func (r *runner) examine(ctx context.Context) error {
	before := r.meta.Baseline
	if before != nil && before.Directories == nil {
		r.warn("nothing to compare with yet: the state was written by an earlier version; from the next run on it shows when a base, a group or an attribute is lost from sight")
	}
	ref := r.reference()
	e := &examination{runner: r, ref: ref}
	return inOrder(ctx, e.look, e.attributes, e.groups, e.bases, e.unreadable)
}

// examination is one comparison with the references under way.
type examination struct {
	*runner
	ref dirsync.Reference
	// stamps now, of the entries that matter.
	byID map[dirsync.SourceID]string
	byDN map[string]string
}

// look reads the stamps of everybody whose change may be evidence, and of those who
// bear a rare value now: one small search.
func (e *examination) look(ctx context.Context) error {
	ids := map[dirsync.SourceID]bool{}
	dns := map[string]bool{}
	for attribute, t := range e.census.tallies {
		if e.stamped(attribute, len(t.bearers)) && t.bearers != nil {
			for id, via := range t.bearers {
				ids[id] = true
				for _, dn := range via {
					dns[dn] = true
				}
			}
		}
		for id, bearer := range e.ref.Attributes[attribute].Bearers {
			if e.lostBy(t, id) {
				ids[id] = true
				for dn := range bearer.Via {
					dns[dn] = true
				}
			}
		}
	}
	if len(ids)+len(dns) == 0 {
		return nil
	}
	var err error
	e.byID, e.byDN, err = e.engine.Source.Stamps(ctx, slices.Sorted(maps.Keys(ids)), slices.Sorted(maps.Keys(dns)))
	if err != nil {
		return fmt.Errorf("reading when %s were changed: %w", people(len(ids)), err)
	}
	e.stamps.byID, e.stamps.byDN = e.byID, e.byDN
	return nil
}

// stamped reports whether the stamps of an attribute's bearers are kept: of rare
// ones, and of those that decide who may log in as long as they are known by id.
func (r *runner) stamped(attribute string, bearers int) bool {
	if bearers <= r.engine.Rules.Limits.Floor {
		return true
	}
	return slices.ContainsFunc(r.census.weighed[attribute], func(d mapping.Dependent) bool { return d.Field == dirsync.FieldStatus })
}

// sameServer reports whether stamps of then and now are from one server; those of
// two are not compared.
func (e *examination) sameServer(identity string) bool {
	return identity == e.run.Read.Identity && !e.run.Read.Marker.Behind(e.ref.Marker)
}

// changed reports whether an entry is known to have been changed since its stamp was
// kept, and unchanged whether it is known not to have been. A stamp that is absent
// proves neither.
func (e *examination) changed(was, now, identity string) (changed, unchanged bool) {
	kind, _, _ := strings.Cut(was, " ")
	if was == "" || now == "" || !strings.HasPrefix(now, kind+" ") || !e.sameServer(identity) {
		return false, false
	}
	return was != now, was == now
}

// bearerChanged is changed for a person with a value, or for an entry from which the
// value may come.
func (e *examination) bearerChanged(id dirsync.SourceID, b dirsync.Bearer) (changed, unchanged bool) {
	changed, unchanged = e.changed(b.Stamp, e.byID[id], b.Identity)
	for dn, was := range b.Via {
		c, u := e.changed(was, e.byDN[dn], b.Identity)
		changed, unchanged = changed || c, unchanged && u
	}
	return changed, unchanged
}

// attributes doubts attributes that nobody has any more, or too few.
func (e *examination) attributes(ctx context.Context) error {
	limit := e.engine.Rules.Limits.MinAttribute
	if limit.Off {
		return nil
	}
	for _, attribute := range slices.Sorted(maps.Keys(e.census.tallies)) {
		if u := e.census.unsure[attribute]; u != nil && u.absent > 0 {
			continue // told by what follows for each of them
		}
		t, seen := e.census.tallies[attribute], e.ref.Attributes[attribute]
		d := &doubt{guard: "min_attribute", about: dirsync.About{Attribute: e.engine.Rules.AttributeName(attribute)}, key: attribute, limit: limit.String(), had: max(seen.Persons, len(seen.Bearers)), have: t.persons}
		lost, lifted, blind := e.lostAttribute(t, &seen)
		// Who left has not lost it: as many more people without it as there were before.
		less := min(seen.Persons-t.persons, e.census.inScope-t.persons-(seen.Of-seen.Persons))
		fallen := limit.Below(seen.Persons-less, seen.Persons) && less > e.engine.Rules.Limits.Floor
		vanished := t.persons == 0 && (seen.Persons > 0 && seen.Bearers == nil || len(lost) > 0 && !lifted)
		switch {
		case fallen:
		case blind:
			d.detail = "entries from which the value is gone are unchanged since: the right to read it was lost"
		case !vanished:
			continue
		}
		d.names = e.labels(ctx, lost)
		if blind {
			d.unseen, d.bare = lost, t.nobody()
		}
		e.doubts = append(e.doubts, d)
	}
	return nil
}

// lostAttribute gives the bearers of before who are still in scope and have no value
// now; nil where it is not known who they were. lifted: they are few, and each entry
// was changed. blind: one of them is known to be unchanged, or was in an earlier read
// and nothing has come back since: of those who were, or where all were, of anybody.
func (e *examination) lostAttribute(t *tally, seen *dirsync.AttributeSeen) (lost []dirsync.SourceID, lifted, blind bool) {
	lifted = true
	back := seen.Bare && !t.nobody()
	for _, id := range slices.Sorted(maps.Keys(seen.Bearers)) {
		bearer := seen.Bearers[id]
		if !e.lostBy(t, id) {
			_, has := t.bearers[id]
			back = back || bearer.Blind && has
			continue
		}
		lost = append(lost, id)
		changed, unchanged := e.bearerChanged(id, bearer)
		lifted, blind = lifted && changed, blind || unchanged
	}
	blind = blind || len(lost) > 0 && isBlind(seen) && !back
	return lost, lifted && len(lost) <= e.engine.Rules.Limits.Floor, blind
}

// lostBy reports whether a person is known to have come by without a value.
func (r *runner) lostBy(t *tally, id dirsync.SourceID) bool {
	_, has := t.bearers[id]
	_, met := r.census.met[id]
	return t.bearers != nil && !has && met
}

// bases doubts a base that had more people than the floor and has none. Where nobody
// of them is missing, they have moved.
func (e *examination) bases(context.Context) error {
	for _, base := range e.run.Read.Bases { // one that was taken out is another scope
		had := e.ref.Bases[base]
		if had <= e.engine.Rules.Limits.Floor || e.census.bases[base] > 0 {
			continue
		}
		d := &doubt{guard: "min_source", about: dirsync.About{Base: base}, key: base, had: had, limit: e.engine.Rules.Limits.MinSource.String()}
		gone := 0
		for _, s := range e.subjects {
			if s.want == nil && s.link != nil && s.link.Seen.Base == base {
				gone++
				d.name(s.username())
			}
		}
		if gone > 0 {
			e.doubts = append(e.doubts, d)
		}
	}
	return nil
}

// unreadable doubts the status of a directory in which that of more people than the
// floor can't be told.
func (e *examination) unreadable(ctx context.Context) error {
	for _, attribute := range slices.Sorted(maps.Keys(e.census.unsure)) {
		u := e.census.unsure[attribute]
		what := "did not come back, though every such entry has it"
		if u.absent == 0 {
			what = "has a value that can't be read, such as " + dirsync.Quote(u.value)
		}
		if u.total() <= e.engine.Rules.Limits.Floor {
			e.warn("the attribute %s of %s %s: nobody of them is created, enabled or put into a group, and a status stays as it is: %s",
				e.engine.Rules.AttributeName(attribute), people(u.total()), what, strings.Join(u.names, ", "))
			if err := e.tellUnsure(ctx, attribute, u); err != nil {
				return err
			}
			continue
		}
		e.blindStatus = true
		e.doubts = append(e.doubts, &doubt{guard: "min_attribute", about: dirsync.About{Attribute: e.engine.Rules.AttributeName(attribute)}, had: e.census.inScope, have: e.census.inScope - u.total(),
			names: u.names, limit: e.engine.Rules.Limits.MinAttribute.String(), detail: fmt.Sprintf("%s of %s %s", e.engine.Rules.AttributeName(attribute), people(u.total()), what),
			remedy: "let the account of ldap.bind_dn read " + e.engine.Rules.AttributeName(attribute) + " of everybody, and check its values"})
	}
	return nil
}

// tellUnsure tells of each of few people who are ours that their status can't be told.
// Newcomers fail by themselves.
func (e *examination) tellUnsure(ctx context.Context, attribute string, u *unsureCount) error {
	links, err := e.snap.load(ctx, u.ours)
	if err != nil {
		return err
	}
	for _, id := range u.ours {
		if link := links[id]; link != nil {
			why := &dirsync.Unsure{Attribute: e.engine.Rules.AttributeName(attribute), Value: u.value}
			e.conflict(dirsync.Conflict{Key: "unsure|" + string(id), Hash: dirsync.Fields{"attribute": attribute, "value": u.value}.Hash(),
				Username: link.Answered.Username, Sources: []dirsync.SourceID{id}, Reason: why.Problem() + "; the status stays as it is"})
		}
	}
	return nil
}

// name notes a person concerned.
func (d *doubt) name(name string) {
	if len(d.names) < mostNames {
		d.names = append(d.names, name)
	}
}

// labels names people by their ids' usernames, where the run knows them.
func (r *runner) labels(ctx context.Context, ids []dirsync.SourceID) []string {
	ids = ids[:min(len(ids), mostNames)]
	links, err := r.snap.load(ctx, ids)
	if err != nil {
		links = nil // names are for reading only
	}
	var names []string
	for _, id := range ids {
		name := string(id)
		if i := slices.IndexFunc(r.subjects, func(s *subject) bool { return s.id == id }); i >= 0 {
			name = r.subjects[i].username()
		} else if link := links[id]; link != nil {
			name = link.Answered.Username
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (r *runner) doubted(guard, key string) *doubt {
	for _, d := range r.doubts {
		if d.guard == guard && d.key == key && !d.accepted {
			return d
		}
	}
	return nil
}
