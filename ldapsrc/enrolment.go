package ldapsrc

import (
	"context"
	"fmt"
	"slices"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/dn"
	dirsync "duosync/sync"
)

const (
	// maxWaiting bounds how many people wait for the end of a read to be told their
	// groups.
	maxWaiting = 1000
	// maxChecks bounds how often the server is asked whether a person is a member.
	maxChecks = 1000
)

// enrolment tells people their groups. A member's DN that is a person's but for case,
// blanks or composition names that person, as the server compares DNs; unless
// another entry is named like that, too. So who is named in such a way waits until
// all people have passed by. Who then is not alone is told apart by the exact DN, or
// by the server; what nobody can tell apart is an error.
//
// Active Directory names members by their exact DNs, and takes DNs for different
// that are not elsewhere; there, the server is asked in any case.
type enrolment struct {
	s *Source
	c *conn
	r *roster // nil where groups are not asked about
	// known are folded names that several people bore when last they all passed by.
	known   map[dn.Digest]struct{}
	waiting []*candidate
	checks  int
	claimed map[claim]struct{}
	probes  [][]dirsync.SourceID // by base: some ids
}

// candidate is a person with the groups that are sure, and those that are not.
type candidate struct {
	person dirsync.Person
	visit  func(dirsync.Person) error
	direct []int32
	open   []claim
	names  []string // by claim, as the person bears it
}

// claim is a folded name (its first membership) in a group.
type claim struct {
	first int
	group int32
}

// add gives a person to visit, now or at the end, with the groups in it.
func (e *enrolment) add(ctx context.Context, p dirsync.Person, visit func(dirsync.Person) error) error {
	if e.r == nil {
		return visit(p)
	}
	who, err := e.candidate(p, visit)
	if err != nil {
		return err
	}
	switch {
	case len(who.open) == 0:
		return e.finish(who)
	case len(e.waiting) < maxWaiting:
		e.waiting = append(e.waiting, who)
		return nil
	}
	for _, open := range who.open {
		e.r.members[open.first].sealed = true
	}
	return e.settle(ctx, who)
}

// twins are the folded names that several people bear.
func (e *enrolment) twins() map[dn.Digest]struct{} {
	found := make(map[dn.Digest]struct{})
	if e.r != nil {
		for _, m := range e.r.members {
			if m.seen > 1 {
				found[m.member] = struct{}{}
			}
		}
	}
	return found
}

// end gives those to visit who have waited.
func (e *enrolment) end(ctx context.Context) error {
	for _, who := range e.waiting {
		if err := e.settle(ctx, who); err != nil {
			return err
		}
	}
	e.waiting = nil
	return nil
}

// candidate looks for the groups that a person is in.
func (e *enrolment) candidate(p dirsync.Person, visit func(dirsync.Person) error) (*candidate, error) {
	who := &candidate{person: p, visit: visit}
	labels, texts, err := e.s.personLabels(&p)
	if err != nil {
		return nil, err
	}
	for i, l := range labels {
		from, to := e.r.bearing(l.Folded)
		if from == to {
			continue
		}
		again := slices.ContainsFunc(labels[:i], func(other dn.Label) bool { return other.Folded == l.Folded })
		if first := &e.r.members[from]; !again {
			if first.sealed {
				return nil, e.conflict(p.DN, first.group)
			}
			first.seen = min(first.seen+1, 2)
		}
		for at := from; at < to; at++ {
			m := &e.r.members[at]
			if m.exact != l.Exact {
				who.open, who.names = append(who.open, claim{from, m.group}), append(who.names, texts[i])
				continue
			}
			if m.taken && !e.s.membersAreUIDs() {
				return nil, e.conflict(p.DN, m.group)
			}
			m.taken = true
			who.direct = append(who.direct, m.group)
		}
	}
	if e.s.kind.PrimaryGroups {
		if who.direct, err = e.r.appendPrimary(who.direct, &who.person); err != nil {
			return nil, err
		}
	}
	who.close()
	return who, nil
}

// close leaves out what is open of groups that are sure.
func (c *candidate) close() {
	slices.Sort(c.direct)
	c.direct = slices.Compact(c.direct)
	var (
		open  []claim
		names []string
	)
	for i, o := range c.open {
		if _, sure := slices.BinarySearch(c.direct, o.group); !sure && !slices.Contains(open, o) {
			open, names = append(open, o), append(names, c.names[i])
		}
	}
	c.open, c.names = open, names
}

// settle decides what is open.
func (e *enrolment) settle(ctx context.Context, who *candidate) error {
	for i, open := range who.open {
		in, err := e.isMember(ctx, who.person.DN, open, who.names[i])
		if err != nil {
			return err
		}
		if in {
			who.direct = append(who.direct, open.group)
		}
	}
	slices.Sort(who.direct)
	return e.finish(who)
}

// isMember reports whether a person is in a group that names somebody in nearly
// their way.
func (e *enrolment) isMember(ctx context.Context, dn string, open claim, name string) (bool, error) {
	exact := e.s.kind.ExactNames
	first := e.r.members[open.first]
	_, twin := e.known[first.member]
	switch {
	case first.seen < 2 && !twin && !exact:
		return true, nil
	case !e.r.leaves(open):
		return false, nil
	case e.checks >= maxChecks:
		return false, e.conflict(dn, open.group)
	}
	e.checks++
	group := e.r.groups[open.group]
	attribute := e.s.opts.Groups.MemberAttribute
	result, err := e.c.at(ctx, group.dn, "("+attribute+"="+ldap.EscapeFilter(name)+")", false, objectClass)
	if err != nil {
		return false, fmt.Errorf("asking whether %q is in the group: %w", dn, e.s.explainSearch(err, query{base: group.dn}, 0))
	}
	if len(result.Entries) == 0 {
		return false, nil
	}
	if _, taken := e.claimed[open]; taken && !e.s.membersAreUIDs() {
		return false, e.conflict(dn, open.group)
	}
	if e.claimed == nil {
		e.claimed = make(map[claim]struct{})
	}
	e.claimed[open] = struct{}{}
	return true, nil
}

// leaves reports whether a group has a member of that folded name whom no person
// bears exactly.
func (r *roster) leaves(open claim) bool {
	_, to := r.bearing(r.members[open.first].member)
	return slices.ContainsFunc(r.members[open.first:to], func(m membership) bool { return m.group == open.group && !m.taken })
}

func (e *enrolment) conflict(dn string, group int32) error {
	return dirsync.WithHint(
		fmt.Errorf("entry %q: another entry's DN differs from it in case, blanks or composition of letters at most, and which of them is in the group %q can't be told",
			dn, e.r.groups[group].dn),
		"run again, in case one of them was made while the directory was read. If it stays so, rename one of them, or put the member into the group anew")
}

// finish gives a person to visit. Attributes that were read for the groups alone go.
func (e *enrolment) finish(who *candidate) error {
	e.r.count(who.person.ID, who.direct)
	who.person.Groups = e.r.namesOf(who.direct)
	for _, name := range e.s.inner {
		delete(who.person.Attrs, name)
	}
	return who.visit(who.person)
}

// personLabels are the names by which groups know a person, and their texts.
func (s *Source) personLabels(p *dirsync.Person) ([]dn.Label, []string, error) {
	if !s.membersAreUIDs() {
		l, _, err := dn.LabelOf(p.DN)
		if err != nil {
			return nil, nil, fmt.Errorf("entry %q: the DN can't be read, so groups can't be told: %w", p.DN, err)
		}
		return []dn.Label{l}, []string{p.DN}, nil
	}
	values := p.Attrs[uid]
	labels := make([]dn.Label, len(values))
	for i, value := range values {
		labels[i] = dn.LabelOfUID(value)
	}
	return labels, values, nil
}
