package ldapsrc

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"duosync/ldapsrc/dn"
	dirsync "duosync/sync"
)

// roster knows who is in which group. It takes 32 bytes for each value of a
// member attribute.
type roster struct {
	groups  []group
	tallies []tally      // by group
	reached []bool       // by group: it is wanted, or inside one that is
	names   []string     // of the wanted groups, sorted, each once
	members []membership // by member, once the roster is closed
	// holders are, by group, the groups that hold it as a member.
	holders [][]int32
	// gives are, by group, what being in it gives: places in names, sorted.
	gives [][]int32
	// primary are the groups of Active Directory that count, by the number that a
	// person's primaryGroupID holds.
	primary map[uint32][]int32
	loose   looseEnds
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
}

// newRoster makes a roster of the groups that are known at first. All wanted ones
// are among them.
func newRoster(groups []group) *roster {
	r := &roster{primary: make(map[uint32][]int32)}
	for _, g := range groups {
		if g.wanted {
			r.names = append(r.names, g.name)
		}
	}
	slices.Sort(r.names)
	r.names = slices.Compact(r.names)
	for _, g := range groups {
		r.enter(g)
	}
	return r
}

// place narrows a place in a list of groups.
func place(i int) int32 { return int32(i) } //nolint:gosec // there are not that many groups

// enter enters a group.
func (r *roster) enter(g group) int32 {
	r.groups = append(r.groups, g)
	r.tallies = append(r.tallies, tally{})
	r.reached = append(r.reached, g.wanted)
	r.holders = append(r.holders, nil)
	return place(len(r.groups) - 1)
}

// add enters a member of a group that is not a group itself.
func (r *roster) add(member dn.Label, group int32, inner bool) {
	r.members = append(r.members, membership{member: member.Folded, exact: member.Exact, group: group, inner: inner})
}

// nest enters a group that is a member of another.
func (r *roster) nest(inner, outer int32) {
	r.holders[inner] = append(r.holders[inner], outer)
}

// close ends the entering: from now on, groups are given.
func (r *roster) close() {
	slices.SortFunc(r.members, func(a, b membership) int {
		if order := bytes.Compare(a.member[:], b.member[:]); order != 0 {
			return order
		}
		return cmp.Or(cmp.Compare(a.exact, b.exact), cmp.Compare(a.group, b.group))
	})
	r.members = slices.Clip(slices.Compact(r.members))
	r.gives = make([][]int32, len(r.groups))
	visited := make([]int, len(r.groups)) // the last group whose walk came here
	for i := range r.groups {
		walk := []int32{place(i)}
		visited[i] = i + 1
		for len(walk) > 0 {
			at := walk[len(walk)-1]
			walk = walk[:len(walk)-1]
			if r.groups[at].wanted {
				own, _ := slices.BinarySearch(r.names, r.groups[at].name)
				r.gives[i] = append(r.gives[i], place(own))
			}
			for _, outer := range r.holders[at] {
				if visited[outer] != i+1 {
					visited[outer] = i + 1
					walk = append(walk, outer)
				}
			}
		}
		slices.Sort(r.gives[i])
		r.gives[i] = slices.Compact(r.gives[i])
		if s := r.groups[i].sid; s != "" && len(r.gives[i]) > 0 {
			r.primary[s.number()] = append(r.primary[s.number()], place(i))
		}
	}
}

// bearing gives the memberships of a folded name: places in members.
func (r *roster) bearing(member dn.Digest) (from, to int) {
	from, _ = slices.BinarySearchFunc(r.members, member, func(m membership, want dn.Digest) int {
		return bytes.Compare(m.member[:], want[:])
	})
	for to = from; to < len(r.members) && r.members[to].member == member; to++ {
	}
	return from, to
}

// borne reports whether a person bears a folded name.
func (r *roster) borne(member dn.Digest) bool {
	from, to := r.bearing(member)
	return from < to && r.members[from].seen > 0
}

// namesOf gives the names of what groups give, sorted, each once.
func (r *roster) namesOf(groups []int32) []string {
	var in []int32
	for _, at := range groups {
		in = append(in, r.gives[at]...)
	}
	if len(in) == 0 {
		return nil
	}
	slices.Sort(in)
	in = slices.Compact(in)
	names := make([]string, len(in))
	for i, at := range in {
		names[i] = r.names[at]
	}
	return names
}

// count notes that a person is in groups, by itself.
func (r *roster) count(id dirsync.SourceID, groups []int32) {
	for _, at := range groups {
		t := &r.tallies[at]
		if t.persons++; t.persons <= dirsync.MaxPeople {
			t.people = append(t.people, id)
		}
	}
}

// report gives the wanted groups, sorted by name, id and DN, and those inside of
// them, sorted by DN.
func (r *roster) report() (wanted, nested []dirsync.GroupEntry) {
	for i, g := range r.groups {
		if !r.reached[i] {
			continue
		}
		t := r.tallies[i]
		entry := dirsync.GroupEntry{ID: g.id, Name: g.name, DN: g.dn, Stamp: g.stamp, Members: t.members, Hidden: t.hidden, Persons: t.persons}
		if t.persons <= dirsync.MaxPeople {
			entry.People = slices.Clone(t.people)
			slices.Sort(entry.People)
		}
		entry.Inside = slices.DeleteFunc(r.namesOf([]int32{place(i)}), func(name string) bool { return g.wanted && name == g.name })
		if g.wanted {
			wanted = append(wanted, entry)
			continue
		}
		nested = append(nested, entry)
	}
	slices.SortFunc(wanted, func(a, b dirsync.GroupEntry) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID), cmp.Compare(a.DN, b.DN))
	})
	slices.SortFunc(nested, func(a, b dirsync.GroupEntry) int {
		return cmp.Or(cmp.Compare(a.DN, b.DN), cmp.Compare(a.ID, b.ID))
	})
	return wanted, nested
}

// hidePrimary notes of a person without a primary group that it can't be read, where it
// may be one that counts: every user of Active Directory has one.
func (r *roster) hidePrimary(p *dirsync.Person) {
	if len(r.primary) == 0 {
		return
	}
	if p.Unsure == nil {
		p.Unsure = &dirsync.Unsure{Attribute: strings.ToLower(primaryGroupID)}
	}
	p.Unsure.Groups = true
	if p.Standing != dirsync.Disabled {
		p.Standing = dirsync.Unreadable
	}
}

// appendPrimary appends a person's primary group in Active Directory, which does not
// list them as a member. The group is in the person's domain.
func (r *roster) appendPrimary(in []int32, p *dirsync.Person) ([]int32, error) {
	values := p.Attrs[strings.ToLower(primaryGroupID)]
	if len(values) == 0 {
		r.hidePrimary(p)
		return in, nil
	}
	number, err := strconv.ParseUint(values[0], 10, 32)
	if err != nil {
		return nil, fmt.Errorf("entry %q: primaryGroupID %q is no number", p.DN, values[0])
	}
	candidates := r.primary[uint32(number)]
	if len(candidates) == 0 {
		return in, nil
	}
	own, err := parseSID(p.Attrs[strings.ToLower(objectSID)])
	if err != nil {
		return nil, dirsync.WithHint(fmt.Errorf("entry %q: %w, so the primary group can't be told", p.DN, err),
			"let the account of ldap.bind_dn read objectSid")
	}
	for _, group := range candidates {
		if r.groups[group].sid.domain() == own.domain() {
			in = append(in, group)
		}
	}
	return in, nil
}
