package engine

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	dirsync "duosync/sync"
	"duosync/sync/mapping"
)

// lostGroup is a group that had somebody at its reference and has nobody now.
type lostGroup struct {
	key   string
	seen  dirsync.GroupSeen
	now   *dirsync.GroupEntry // nil: gone
	whom  []dirsync.SourceID  // its people of before who are still there
	count int                 // of people concerned
	// changed: its entry is known to have been changed; unchanged: not to have been.
	changed, unchanged bool
}

// groups doubts groups that decide something and have nobody any more, or, nested in
// one, are gone.
func (e *examination) groups(ctx context.Context) error {
	now := map[string]*dirsync.GroupEntry{}
	for _, list := range [][]dirsync.GroupEntry{e.run.Read.Groups, e.run.Read.Nested} {
		for i := range list {
			now[list[i].Key()] = &list[i]
		}
	}
	var lost []*lostGroup
	var absent []dirsync.GroupEntry
	for _, key := range slices.Sorted(maps.Keys(e.ref.Groups)) {
		seen := e.ref.Groups[key]
		g := now[key]
		switch {
		case g == nil && len(seen.Inside) > 0 && (seen.Members > 0 || seen.Persons > 0):
			absent = append(absent, seen.Entry())
		case g == nil: // one that is wanted is told by its name
		default:
			if l := e.lostMembers(key, seen, g); l != nil {
				lost = append(lost, l)
			}
		}
	}
	blind, proven, err := e.blindTo(ctx, lost)
	if err != nil {
		return err
	}
	back := e.seenAgain(now)
	for _, l := range lost {
		if blind || l.seen.Blind && !back || l.count > e.engine.Rules.Limits.Floor {
			d := e.doubtGroup(l.key, l.now.Name, &l.seen, l.now.Inside, l.now.Members, e.labels(ctx, l.whom), "lost its last member")
			d.blind, d.bare = proven, l.now.Members == 0
		}
	}
	for _, key := range slices.Sorted(maps.Keys(now)) {
		// No reference is needed where the server itself says that it hides something.
		if g := now[key]; g.Hidden && !slices.ContainsFunc(lost, func(l *lostGroup) bool { return l.key == key }) {
			seen := dirsync.GroupSeen{ID: g.ID, Name: g.Name, DN: g.DN, Inside: g.Inside}
			d := e.doubtGroup(key, g.Name, &seen, g.Inside, 0, nil, "shows no member, though its object class demands one: the account may not read them")
			d.blind, d.bare = true, true
		}
	}
	return e.goneGroups(ctx, absent)
}

// blindTo reports whether groups may have members that are not seen: one is not known to
// have been changed, the server would not have it empty, or its people say to be in it.
// proven: that is known.
func (e *examination) blindTo(ctx context.Context, lost []*lostGroup) (blind, proven bool, err error) {
	for _, l := range lost {
		blind = blind || !l.changed
		proven = proven || l.unchanged || l.now.Hidden
	}
	if blind || proven {
		return true, proven, nil
	}
	for _, l := range lost {
		if len(l.whom) == 0 || l.count > e.engine.Rules.Limits.Floor {
			continue
		}
		still, err := e.engine.Source.StillMembers(ctx, *l.now, l.whom)
		if still || err != nil {
			return still, still, err
		}
	}
	return false, false, nil
}

// seenAgain reports whether members are seen of a group of which none were, though there
// were some: then the right to read them is back.
func (e *examination) seenAgain(now map[string]*dirsync.GroupEntry) bool {
	for key, seen := range e.ref.Groups {
		if g := now[key]; seen.Blind && g != nil && g.Members > 0 && (seen.Bare || g.Persons > 0) {
			return true
		}
	}
	return false
}

// lostMembers tells of a group whether it lost its last member, or the last of its
// people who is still there.
func (e *examination) lostMembers(key string, seen dirsync.GroupSeen, g *dirsync.GroupEntry) *lostGroup {
	members := seen.Members > 0 && g.Members == 0
	persons := (seen.Persons > 0 || len(seen.People) > 0) && g.Persons == 0
	if !members && !persons {
		return nil
	}
	l := &lostGroup{key: key, seen: seen, now: g, count: max(seen.Persons, len(seen.People))}
	if len(seen.People) > 0 && len(seen.People) >= seen.Persons {
		for _, id := range seen.People {
			if _, there := e.census.met[id]; there {
				l.whom = append(l.whom, id)
			}
		}
		l.count = len(l.whom)
	}
	if l.count == 0 { // they left, and that is no loss of the group; yet they may be hidden, and come back
		e.deferred = append(e.deferred, key)
		return nil
	}
	l.changed, l.unchanged = e.changed(seen.Stamp, g.Stamp, seen.Identity)
	return l
}

// goneGroups looks again for groups that were nested in one that decides and are not
// any more. One that was taken out of a group whose entry shows it passes; one that is
// nowhere is doubted, whatever the stamps say.
func (e *examination) goneGroups(ctx context.Context, absent []dirsync.GroupEntry) error {
	if len(absent) == 0 {
		return nil
	}
	found, err := e.engine.Source.LookupGroups(ctx, absent)
	if err != nil {
		return fmt.Errorf("looking again for %d groups that were nested in others: %w", len(absent), err)
	}
	for i := range absent {
		key := absent[i].Key()
		seen := e.ref.Groups[key]
		if _, there := found[key]; there && e.takenOut(&seen) {
			continue
		}
		what := "is gone, or can't be read any more"
		if _, there := found[key]; there {
			what = "is no member any more of the groups that held it, though none of these was changed"
		}
		e.doubtGroup(key, seen.Name, &seen, seen.Inside, 0, e.labels(ctx, seen.People), what)
	}
	return nil
}

// takenOut reports whether a group that held another one was changed, so that the
// other may have been taken out of it: one of those that decide, or one nested in
// between.
func (e *examination) takenOut(inner *dirsync.GroupSeen) bool {
	for _, list := range [][]dirsync.GroupEntry{e.run.Read.Groups, e.run.Read.Nested} {
		for i := range list {
			outer := &list[i]
			was, known := e.ref.Groups[outer.Key()]
			if !known || !slices.ContainsFunc(inner.Inside, func(name string) bool { return name == outer.Name || slices.Contains(outer.Inside, name) }) {
				continue
			}
			if changed, _ := e.changed(was.Stamp, outer.Stamp, was.Identity); changed {
				return true
			}
		}
	}
	return false
}

func (e *examination) doubtGroup(key, name string, seen *dirsync.GroupSeen, inside []string, have int, names []string, what string) *doubt {
	d := &doubt{guard: "min_group", about: dirsync.About{Group: name}, key: key, had: cmp.Or(max(seen.Persons, len(seen.People)), seen.Members), have: have, names: names}
	for _, name := range slices.Concat([]string{name}, inside, seen.Inside) { // a nested one decides by those that hold it
		d.groups = append(d.groups, dirsync.FoldGroup(name))
	}
	d.former = []string{dirsync.FoldGroup(seen.Name)}
	where := ""
	if len(seen.Inside) > 0 {
		where = ", nested in " + strings.Join(seen.Inside, ", ") + ","
	}
	d.detail = fmt.Sprintf("the group %s%s %s", dirsync.Quote(name), where, what)
	e.doubts = append(e.doubts, d)
	return d
}

// firstVersion makes a reference of what a state of the first version has: counts of
// attributes, of mirrored groups by their name in Duo, and of people whom groups
// excluded.
func (r *runner) firstVersion() dirsync.Reference {
	before, rules := r.meta.Baseline, &r.engine.Rules
	ref := dirsync.Reference{Groups: map[string]dirsync.GroupSeen{}, Attributes: map[string]dirsync.AttributeSeen{}}
	for attribute, persons := range before.Attributes {
		ref.Attributes[attribute] = dirsync.AttributeSeen{Persons: persons, Of: before.InScope}
	}
	for _, g := range r.run.Read.Groups {
		seen := dirsync.GroupSeen{ID: g.ID, Name: g.Name, DN: g.DN}
		if rules.Groups.Mirror != nil && rules.Groups.Mirror(g.Name) {
			seen.Persons = before.Groups[dirsync.FoldName(rules.Groups.Name(g.Name))]
		}
		if mapping.InAny([]string{g.Name}, rules.ExcludeGroups) {
			seen.Persons = max(seen.Persons, before.Excluded)
		}
		if g.Members == 0 && g.Persons == 0 && seen.Persons > rules.Limits.Floor {
			ref.Groups[g.Key()] = seen
		}
	}
	return ref
}
