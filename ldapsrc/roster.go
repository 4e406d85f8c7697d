package ldapsrc

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	dirsync "duosync/sync"
)

// roster knows who is in which group. It takes 20 bytes for each value of a
// member attribute.
type roster struct {
	found   []dirsync.GroupEntry // the wanted groups, sorted by name, then id
	names   []string             // theirs, sorted, each once
	members []membership         // by member, once the roster is closed
	// holders are, by group, the groups that hold it as a member.
	holders [][]int32
	// gives are, by group, what being in it gives: places in names, sorted.
	gives [][]int32
	wants []int32 // by group, its own place in names, or -1
	sids  []sid   // by group; Active Directory only
	// primary are the groups of Active Directory that were read, by the number
	// that a person's primaryGroupID holds.
	primary map[uint32][]int32
}

// membership is one member of one group, both as they were read.
type membership struct {
	member digest
	group  int32
}

func newRoster(groups []group) *roster {
	r := &roster{
		holders: make([][]int32, len(groups)), gives: make([][]int32, len(groups)),
		wants: make([]int32, len(groups)), sids: make([]sid, len(groups)), primary: make(map[uint32][]int32),
	}
	for _, g := range groups {
		if g.wanted {
			r.found = append(r.found, dirsync.GroupEntry{ID: g.id, Name: g.name})
			r.names = append(r.names, g.name)
		}
	}
	slices.SortFunc(r.found, func(a, b dirsync.GroupEntry) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	slices.Sort(r.names)
	r.names = slices.Compact(r.names)
	for i, g := range groups {
		r.wants[i] = -1
		if g.wanted {
			at, _ := slices.BinarySearch(r.names, g.name)
			r.wants[i] = place(at)
		}
		r.sids[i] = g.sid
	}
	return r
}

// place narrows a place in a list of groups.
func place(i int) int32 { return int32(i) } //nolint:gosec // there are not that many groups

// add enters a member of a group.
func (r *roster) add(member digest, group int) {
	r.members = append(r.members, membership{member, place(group)})
}

// nest enters a group that is a member of another.
func (r *roster) nest(inner, outer int) {
	r.holders[inner] = append(r.holders[inner], place(outer))
}

// close ends the entering: from now on, groups are given.
func (r *roster) close() {
	slices.SortFunc(r.members, func(a, b membership) int {
		if order := bytes.Compare(a.member[:], b.member[:]); order != 0 {
			return order
		}
		return int(a.group - b.group)
	})
	r.members = slices.Clip(slices.Compact(r.members))
	reached := make([]int, len(r.gives)) // the last group whose walk came here
	for i := range r.gives {
		walk := []int32{place(i)}
		reached[i] = i + 1
		for len(walk) > 0 {
			at := walk[len(walk)-1]
			walk = walk[:len(walk)-1]
			if r.wants[at] >= 0 {
				r.gives[i] = append(r.gives[i], r.wants[at])
			}
			for _, outer := range r.holders[at] {
				if reached[outer] != i+1 {
					reached[outer] = i + 1
					walk = append(walk, outer)
				}
			}
		}
		if s := r.sids[i]; s != "" && len(r.gives[i]) > 0 {
			r.primary[s.number()] = append(r.primary[s.number()], place(i))
		}
	}
}

// addGroups tells a person's groups, and takes away the attributes that were read
// for that alone.
func (s *Source) addGroups(r *roster, p *dirsync.Person) (err error) {
	if r == nil {
		return nil
	}
	if p.Groups, err = s.groupsOf(r, p); err != nil {
		return err
	}
	for _, name := range s.inner {
		delete(p.Attrs, name)
	}
	return nil
}

// groupsOf names the wanted groups that a person is in: sorted, each once.
func (s *Source) groupsOf(r *roster, p *dirsync.Person) ([]string, error) {
	var in []int32
	keys, err := s.personKeys(p)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		in = r.appendGroups(in, digestOf(key))
	}
	if s.opts.Preset == ActiveDirectory {
		if in, err = r.appendPrimary(in, p); err != nil {
			return nil, err
		}
	}
	if len(in) == 0 {
		return nil, nil
	}
	slices.Sort(in)
	in = slices.Compact(in)
	names := make([]string, len(in))
	for i, at := range in {
		names[i] = r.names[at]
	}
	return names, nil
}

// personKeys are the texts by which groups know a person.
func (s *Source) personKeys(p *dirsync.Person) ([]string, error) {
	if !s.membersAreUIDs() {
		key, err := dnKey(p.DN)
		if err != nil {
			return nil, fmt.Errorf("entry %q: the DN can't be read, so groups can't be told: %w", p.DN, err)
		}
		return []string{key}, nil
	}
	var keys []string
	for _, value := range p.Attrs[uid] {
		keys = append(keys, foldValue(value))
	}
	return keys, nil
}

// appendGroups appends what the groups give that hold a member.
func (r *roster) appendGroups(in []int32, member digest) []int32 {
	at, _ := slices.BinarySearchFunc(r.members, member, func(m membership, want digest) int {
		return bytes.Compare(m.member[:], want[:])
	})
	for ; at < len(r.members) && r.members[at].member == member; at++ {
		in = append(in, r.gives[r.members[at].group]...)
	}
	return in
}

// appendPrimary appends what a person's primary group gives in Active Directory,
// which does not list them as a member. The group is in the person's domain.
func (r *roster) appendPrimary(in []int32, p *dirsync.Person) ([]int32, error) {
	values := p.Attrs[strings.ToLower(primaryGroupID)]
	if len(values) == 0 {
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
		if r.sids[group].domain() == own.domain() {
			in = append(in, r.gives[group]...)
		}
	}
	return in, nil
}
