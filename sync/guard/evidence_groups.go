package guard

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	dirsync "duosync/sync"
)

// lostGroup is a group that had somebody at its reference and has nobody now.
type lostGroup struct {
	key   string
	seen  dirsync.GroupSeen
	now   *dirsync.GroupEntry
	whom  []dirsync.SourceID // its people of before who are still there
	count int                // of people concerned
	// changed: its entry is known to have been changed; unchanged: not to have been.
	changed, unchanged bool
}

// groupsNow gives the groups of the read that decide something, or are nested in one.
func (e *Evidence) groupsNow() map[string]*dirsync.GroupEntry {
	now := map[string]*dirsync.GroupEntry{}
	for _, list := range [][]dirsync.GroupEntry{e.Read.Info.Groups, e.Read.Info.Nested} {
		for i := range list {
			now[list[i].Key()] = &list[i]
		}
	}
	return now
}

// groups doubts groups that decide something and have nobody any more, or, nested in
// one, are gone.
func (e *Evidence) groups(found *Doubts) {
	now := e.groupsNow()
	lost, absent, deferred := e.lostGroups()
	for _, key := range deferred {
		found.deferred[key] = true
	}
	blind, proven := e.blindTo(lost)
	if !blind && !proven && e.Still {
		blind, proven = true, true
	}
	back := e.seenAgain(now)
	for _, l := range lost {
		if blind || l.seen.Blind && !back.lifts(&l.seen) || l.count > e.Policy.Limits.Floor {
			d := doubtGroup(l.key, l.now.Name, &l.seen, l.now.Inside, l.now.Members, l.whom, "lost its last member")
			d.blind = blindness{known: proven, bare: l.now.Members == 0}
			found.All = append(found.All, d)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(now)) {
		// No reference is needed where the server itself says that it hides something.
		if g := now[key]; g.Hidden && !slices.ContainsFunc(lost, func(l *lostGroup) bool { return l.key == key }) {
			seen := dirsync.GroupSeen{ID: g.ID, Name: g.Name, DN: g.DN, Inside: g.Inside}
			d := doubtGroup(key, g.Name, &seen, g.Inside, 0, nil, "shows no member, though its object class demands one: the account may not read them")
			d.blind = blindness{known: true, bare: true}
			found.All = append(found.All, d)
		}
	}
	e.goneGroups(found, absent)
}

// lostGroups gives the groups that lost their last member, those that were nested in
// another one and did not come back, and the keys of those whose people are missing.
func (e *Evidence) lostGroups() (lost []*lostGroup, absent []dirsync.GroupEntry, deferred []string) {
	now := e.groupsNow()
	for _, key := range slices.Sorted(maps.Keys(e.Ref.Groups)) {
		seen := e.Ref.Groups[key]
		g := now[key]
		switch {
		case g == nil && len(seen.Inside) > 0 && (seen.Members > 0 || seen.Persons > 0):
			absent = append(absent, seen.Entry(e.Read.Info.Directory))
		case g == nil: // one that is wanted is told by its name
		default:
			l := e.lostMembers(key, seen, g)
			switch {
			case l == nil:
			case l.count == 0: // they left, and that is no loss of the group; yet they may be hidden, and come back
				deferred = append(deferred, key)
			default:
				lost = append(lost, l)
			}
		}
	}
	return lost, absent, deferred
}

// blindTo reports whether groups may have members that are not seen: one is not known
// to have been changed, or the server would not have it empty. proven: that is known.
func (e *Evidence) blindTo(lost []*lostGroup) (blind, proven bool) {
	for _, l := range lost {
		blind = blind || !l.changed
		proven = proven || l.unchanged || l.now.Hidden
	}
	return blind || proven, proven
}

// sightBack is what of groups is seen again that was not, though it was there: members,
// which the group holds, or people who are in it by their own entries.
type sightBack struct{ members, own bool }

// seenAgain tells what is seen again: then the right to read that is back.
func (e *Evidence) seenAgain(now map[string]*dirsync.GroupEntry) (back sightBack) {
	for key, seen := range e.Ref.Groups {
		if g := now[key]; seen.Blind && g != nil {
			back.members = back.members || g.Members > 0 && (seen.Bare || g.Persons > 0)
			back.own = back.own || g.Own > 0
		}
	}
	return back
}

// lifts reports whether whoever was in a group could be seen there again.
func (b sightBack) lifts(seen *dirsync.GroupSeen) bool {
	if seen.Own > 0 && !b.own {
		return false
	}
	return b.members || seen.Own > 0 && seen.Members == 0
}

// lostMembers tells of a group whether it lost its last member, or the last of its
// people who is still there; nil: it did not.
func (e *Evidence) lostMembers(key string, seen dirsync.GroupSeen, g *dirsync.GroupEntry) *lostGroup {
	members := seen.Members > 0 && g.Members == 0
	persons := (seen.Persons > 0 || len(seen.People) > 0) && g.Persons == 0
	if !members && !persons {
		return nil
	}
	l := &lostGroup{key: key, seen: seen, now: g, count: max(seen.Persons, len(seen.People))}
	if len(seen.People) > 0 && len(seen.People) >= seen.Persons {
		for _, id := range seen.People {
			if _, there := e.Read.Sight.met[id]; there {
				l.whom = append(l.whom, id)
			}
		}
		l.count = len(l.whom)
	}
	l.changed, l.unchanged = e.membersChanged(l, members)
	return l
}

// goneGroups doubts groups that were nested in one that decides and are not any more.
// One that was taken out of a group whose entry shows it passes; one that is nowhere is
// doubted, whatever the stamps say.
func (e *Evidence) goneGroups(found *Doubts, absent []dirsync.GroupEntry) {
	for i := range absent {
		key := absent[i].Key()
		seen := e.Ref.Groups[key]
		_, there := e.Found[key]
		if there && e.takenOut(&seen) {
			continue
		}
		what := "is gone, or can't be read any more"
		if there {
			what = "is no member any more of the groups that held it, though none of these was changed"
		}
		found.All = append(found.All, doubtGroup(key, seen.Name, &seen, seen.Inside, 0, seen.People, what))
	}
}

// takenOut reports whether a group that held another one was changed, so that the
// other may have been taken out of it: one of those that decide, or one nested in
// between.
func (e *Evidence) takenOut(inner *dirsync.GroupSeen) bool {
	for key, outer := range e.groupsNow() {
		was, known := e.Ref.Groups[key]
		if !known || !slices.ContainsFunc(inner.Inside, func(name string) bool { return name == outer.Name || slices.Contains(outer.Inside, name) }) {
			continue
		}
		if changed, _ := e.changed(was.Stamp, outer.Stamp, was.Identity); changed {
			return true
		}
	}
	return false
}

func doubtGroup(key, name string, seen *dirsync.GroupSeen, inside []string, have int, whom []dirsync.SourceID, what string) *Doubt {
	d := &Doubt{Guard: dirsync.GuardMinGroup, About: dirsync.About{Group: name}, Key: key, Had: cmp.Or(max(seen.Persons, len(seen.People)), seen.Members), Have: have, Whom: whom}
	for _, name := range slices.Concat([]string{name}, inside, seen.Inside) { // a nested one decides by those that hold it
		d.Groups = append(d.Groups, dirsync.FoldGroup(name))
	}
	d.Former = []string{dirsync.FoldGroup(seen.Name)}
	where := ""
	if len(seen.Inside) > 0 {
		where = ", nested in " + strings.Join(seen.Inside, ", ") + ","
	}
	d.Detail = fmt.Sprintf("the group %s%s %s", dirsync.Quote(name), where, what)
	return d
}
