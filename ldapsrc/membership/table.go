package membership

import (
	"bytes"
	"cmp"
	"slices"

	"duosync/ldapsrc/dn"
	dirsync "duosync/sync"
)

// Table knows who is in which group. It takes 32 bytes for each value of a member
// attribute. A nil table is one of groups that nobody asked about.
type Table struct {
	groups  []group
	tallies []tally      // by group
	reached []bool       // by group: it is wanted, or inside one that is
	names   []string     // of the wanted groups, sorted, each once
	members []membership // by member, once there is an index
	// holders are, by group, the groups that hold it as a member.
	holders [][]int32
	// gives are, by group, what being in it gives: places in names, sorted.
	gives [][]int32
	// primary are the groups of Active Directory that count, by the number that a
	// person's primaryGroupID holds.
	primary map[uint32][]int32
	// gids are the groups of RFC 2307 that count, by the number that a person's
	// gidNumber holds.
	gids       map[string][]int32
	unresolved unresolved
	walker     *walker // knows groups by their DNs, and finds others
}

// membership is one member of one group, both as they were read.
type membership struct {
	member dn.Digest // the folded name
	exact  uint64
	group  int32
	inner  bool // below a base of the people: one of them, or nobody
	taken  bool // a person bears the very name

	// Of the first membership of a folded name alone:
	seen   uint8 // persons who bear the name; 2 stands for more
	sealed bool  // one of them was told the groups without waiting for others
}

// tally is what is counted of a group.
type tally struct {
	members int
	persons int
	people  []dirsync.SourceID // no more than dirsync.MaxPeople
	hidden  bool
	// own counts those of persons who are in it by their own entries alone.
	own       int
	ownPeople []dirsync.SourceID // as people
}

// newTable makes a table of the groups that are known at first. All wanted ones
// are among them.
func newTable(groups []group) *Table {
	t := &Table{primary: make(map[uint32][]int32), gids: make(map[string][]int32)}
	for _, g := range groups {
		if g.wanted {
			t.names = append(t.names, g.name)
		}
	}
	slices.Sort(t.names)
	t.names = slices.Compact(t.names)
	for _, g := range groups {
		t.addGroup(g)
	}
	return t
}

// place narrows a place in a list of groups.
func place(i int) int32 { return int32(i) } //nolint:gosec // there are not that many groups

func (t *Table) addGroup(g group) int32 {
	t.groups = append(t.groups, g)
	t.tallies = append(t.tallies, tally{})
	t.reached = append(t.reached, g.wanted)
	t.holders = append(t.holders, nil)
	return place(len(t.groups) - 1)
}

// addMember enters a member of a group that is not a group itself.
func (t *Table) addMember(member dn.Label, group int32, inner bool) {
	t.members = append(t.members, membership{member: member.Folded, exact: member.Exact, group: group, inner: inner})
}

// nest enters a group that is a member of another.
func (t *Table) nest(inner, outer int32) {
	t.holders[inner] = append(t.holders[inner], outer)
}

// index ends the entering: from now on, groups are given.
func (t *Table) index() {
	slices.SortFunc(t.members, func(a, b membership) int {
		if order := bytes.Compare(a.member[:], b.member[:]); order != 0 {
			return order
		}
		return cmp.Or(cmp.Compare(a.exact, b.exact), cmp.Compare(a.group, b.group))
	})
	t.members = slices.Clip(slices.Compact(t.members))
	t.gives = make([][]int32, len(t.groups))
	for i := range t.groups {
		t.gives[i] = t.givesOf(place(i))
		if s := t.groups[i].sid; s != "" && len(t.gives[i]) > 0 {
			t.primary[s.number()] = append(t.primary[s.number()], place(i))
		}
		if gid := t.groups[i].gid; gid != "" && len(t.gives[i]) > 0 {
			t.gids[gid] = append(t.gids[gid], place(i))
		}
	}
}

// givesOf finds what being in a group gives.
func (t *Table) givesOf(group int32) (gives []int32) {
	if !t.groups[group].wanted && len(t.holders[group]) == 0 {
		return nil
	}
	visited := map[int32]struct{}{group: {}}
	for outward := []int32{group}; len(outward) > 0; {
		at := outward[len(outward)-1]
		outward = outward[:len(outward)-1]
		if t.groups[at].wanted {
			own, _ := slices.BinarySearch(t.names, t.groups[at].name)
			gives = append(gives, place(own))
		}
		for _, outer := range t.holders[at] {
			if _, again := visited[outer]; !again {
				visited[outer] = struct{}{}
				outward = append(outward, outer)
			}
		}
	}
	slices.Sort(gives)
	return slices.Compact(gives)
}

// bearing gives the memberships of a folded name: places in members.
func (t *Table) bearing(member dn.Digest) (from, to int) {
	from, _ = slices.BinarySearchFunc(t.members, member, func(m membership, want dn.Digest) int {
		return bytes.Compare(m.member[:], want[:])
	})
	for to = from; to < len(t.members) && t.members[to].member == member; to++ {
	}
	return from, to
}

// borne reports whether a person bears a folded name.
func (t *Table) borne(member dn.Digest) bool {
	from, to := t.bearing(member)
	return from < to && t.members[from].seen > 0
}

// namesOf gives the names of what groups give, sorted, each once.
func (t *Table) namesOf(groups []int32) []string {
	var in []int32
	for _, at := range groups {
		in = append(in, t.gives[at]...)
	}
	if len(in) == 0 {
		return nil
	}
	slices.Sort(in)
	in = slices.Compact(in)
	names := make([]string, len(in))
	for i, at := range in {
		names[i] = t.names[at]
	}
	return names
}

// count notes that a person is in groups, by itself; in own, by the person's own entry
// alone.
func (t *Table) count(id dirsync.SourceID, groups, own []int32) {
	for _, at := range groups {
		tally := &t.tallies[at]
		if tally.persons++; tally.persons <= dirsync.MaxPeople {
			tally.people = append(tally.people, id)
		}
	}
	for _, at := range own {
		tally := &t.tallies[at]
		if tally.own++; tally.own <= dirsync.MaxPeople {
			tally.ownPeople = append(tally.ownPeople, id)
		}
	}
}

// Report gives the wanted groups, sorted by name, id and DN, and those inside of
// them, sorted by DN.
func (t *Table) Report() (wanted, nested []dirsync.GroupEntry) {
	if t == nil {
		return nil, nil
	}
	for i, g := range t.groups {
		switch {
		case g.wanted:
			wanted = append(wanted, t.entry(place(i)))
		case t.reached[i]:
			nested = append(nested, t.entry(place(i)))
		}
	}
	slices.SortFunc(wanted, func(a, b dirsync.GroupEntry) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID), cmp.Compare(a.DN, b.DN))
	})
	slices.SortFunc(nested, func(a, b dirsync.GroupEntry) int {
		return cmp.Or(cmp.Compare(a.DN, b.DN), cmp.Compare(a.ID, b.ID))
	})
	return wanted, nested
}

// entry is what is told of a group.
func (t *Table) entry(at int32) dirsync.GroupEntry {
	g, tally := t.groups[at], t.tallies[at]
	entry := dirsync.GroupEntry{
		ID: g.id, Name: g.name, DN: g.dn, Stamp: g.stamp,
		Members: tally.members, Hidden: tally.hidden, Persons: tally.persons, Own: tally.own,
	}
	if tally.own <= dirsync.MaxPeople {
		entry.OwnPeople = slices.Clone(tally.ownPeople)
		slices.Sort(entry.OwnPeople)
	}
	if tally.persons <= dirsync.MaxPeople {
		entry.People = slices.Clone(tally.people)
		slices.Sort(entry.People)
	}
	entry.Inside = slices.DeleteFunc(t.namesOf([]int32{at}), func(name string) bool { return g.wanted && name == g.name })
	return entry
}
