package guard

import dirsync "duosync/sync"

// People may be in a group by their own entries: these say so (memberOf, a primary
// group), or are found by the group's search. Whoever leaves it changes the own entry, and
// the group's stays as it is. So the entries concerned by the loss of the last of them are
// theirs; beside the group's, for who was in it by that, and for its members.

// keepsOwn reports whether the stamps of those who are in a group by their own entries are
// kept: where there are few in it, as more can't be lifted by any.
func (e *Evidence) keepsOwn(g *dirsync.GroupEntry) bool {
	return keepsOwn(g, e.Policy.Limits.Floor)
}

func keepsOwn(g *dirsync.GroupEntry, floor int) bool {
	return g.Own > 0 && g.Persons <= floor && g.Own == len(g.OwnPeople)
}

// ownIDs gives the people whose stamps tell of groups that they are in, or were, by their
// own entries.
func (e *Evidence) ownIDs() (ids []dirsync.SourceID) {
	now := e.groupsNow()
	for _, g := range now {
		if e.keepsOwn(g) {
			ids = append(ids, g.OwnPeople...)
		}
	}
	for key, seen := range e.Ref.Groups {
		if g := now[key]; g == nil || g.Persons > 0 {
			continue
		}
		for id := range seen.OwnStamps {
			if _, met := e.Read.Sight.met[id]; met {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// membersChanged reports whether all entries by which somebody was in a lost group are
// known to have been changed, and whether one is known not to have been. members: the group
// lost its last member, too, which its entry holds.
func (e *Evidence) membersChanged(l *lostGroup, members bool) (changed, unchanged bool) {
	groupChanged, groupUnchanged := e.changed(l.seen.Stamp, l.now.Stamp, l.seen.Identity)
	if l.seen.Own == 0 {
		return groupChanged, groupUnchanged
	}
	if l.seen.OwnStamps == nil { // not kept
		return false, members && groupUnchanged
	}
	changed = true
	for _, id := range l.whom {
		was, own := l.seen.OwnStamps[id]
		if !own {
			members = true
			continue
		}
		c, u := e.changed(was, e.ByID[id], l.seen.Identity)
		changed, unchanged = changed && c, unchanged || u
	}
	if members {
		changed, unchanged = changed && groupChanged, unchanged || groupUnchanged
	}
	return changed, unchanged
}

// ownStamps are the stamps to keep of a group.
func (s *succession) ownStamps(g *dirsync.GroupEntry) map[dirsync.SourceID]string {
	if !keepsOwn(g, s.facts.Policy.Limits.Floor) {
		return nil
	}
	stamps := map[dirsync.SourceID]string{}
	for _, id := range g.OwnPeople {
		stamps[id] = s.ByID[id]
	}
	return stamps
}
