package membership

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/conn"
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

// Matcher tells people their groups. A member's DN that is a person's but for case,
// blanks or composition names that person, as the server compares DNs; unless
// another entry is named like that, too. So who is named in such a way waits until
// all people have passed by. Who then is not alone is told apart by the exact DN, or
// by the server; what nobody can tell apart is an error.
//
// Active Directory names members by their exact DNs, and takes DNs for different
// that are not elsewhere; there, the server is asked in any case.
type Matcher struct {
	r *Reader
	c *conn.Conn
	t *Table
	// namesakes are folded names that several people bore when last they all passed by.
	namesakes map[dn.Digest]struct{}
	waiting   []*candidate
	checks    int
	confirmed map[inexact]struct{} // by the server, of one person each
}

// candidate is a person with the groups that are sure, and those that are not.
type candidate struct {
	person  dirsync.Person
	visit   func(dirsync.Person) error
	direct  []int32
	own     []int32 // of direct, those that hang on the person's own entry alone
	inexact []inexact
	names   []name // by inexact, as the person bears it
}

// name is one by which groups know a person.
type name struct {
	dn.Label
	text  string
	byUID bool // it is a uid, and not the DN
}

// inexact is a membership of somebody whose name folds as a person's does (the first
// of that folded name), and a group.
type inexact struct {
	first int
	group int32
}

// NewMatcher makes a matcher for people who are told the groups of a table; with a nil
// one they are told none. namesakes are those of an earlier read of everybody.
func (r *Reader) NewMatcher(c *conn.Conn, t *Table, namesakes map[dn.Digest]struct{}) *Matcher {
	return &Matcher{r: r, c: c, t: t, namesakes: namesakes, confirmed: make(map[inexact]struct{})}
}

// Add gives a person to visit, now or at the end, with the groups in it.
func (m *Matcher) Add(ctx context.Context, p dirsync.Person, visit func(dirsync.Person) error) error {
	if m.t == nil {
		return visit(p)
	}
	who, err := m.candidate(ctx, p, visit)
	if err != nil {
		return err
	}
	switch {
	case len(who.inexact) == 0:
		return m.finish(who)
	case len(m.waiting) < maxWaiting:
		m.waiting = append(m.waiting, who)
		return nil
	}
	for _, open := range who.inexact {
		m.t.members[open.first].sealed = true
	}
	return m.decide(ctx, who)
}

// End gives those to visit who have waited.
func (m *Matcher) End(ctx context.Context) error {
	for _, who := range m.waiting {
		if err := m.decide(ctx, who); err != nil {
			return err
		}
	}
	m.waiting = nil
	return nil
}

// Namesakes are the folded names that several people bear, after End.
func (m *Matcher) Namesakes() map[dn.Digest]struct{} {
	found := make(map[dn.Digest]struct{})
	if m.t != nil {
		for _, entry := range m.t.members {
			if entry.seen > 1 {
				found[entry.member] = struct{}{}
			}
		}
	}
	return found
}

// candidate looks for the groups that a person is in.
func (m *Matcher) candidate(ctx context.Context, p dirsync.Person, visit func(dirsync.Person) error) (*candidate, error) {
	who := &candidate{person: p, visit: visit}
	names, err := m.r.personNames(&p)
	if err != nil {
		return nil, err
	}
	for i, n := range names {
		again := slices.ContainsFunc(names[:i], func(other name) bool { return other.Folded == n.Folded })
		if err := m.collect(who, n, again); err != nil {
			return nil, err
		}
	}
	byMember := len(who.direct)
	if m.r.decoder.Kind.PrimaryGroups {
		if who.direct, err = m.t.appendPrimary(who.direct, &who.person); err != nil {
			return nil, err
		}
	}
	if m.r.knowsUIDs() {
		if who.direct, err = m.t.appendPosix(who.direct, &who.person); err != nil {
			return nil, err
		}
	}
	if m.r.MemberOf != "" {
		if who.direct, err = m.t.appendNamed(ctx, who.direct, &who.person); err != nil {
			return nil, err
		}
	}
	m.t.noteOwn(who, byMember)
	who.dropSure()
	return who, nil
}

// collect enters the memberships of one of a person's names. again: another of the
// person's names folds like it.
func (m *Matcher) collect(who *candidate, n name, again bool) error {
	from, to := m.t.bearing(n.Folded)
	if from == to {
		return nil
	}
	if first := &m.t.members[from]; !again {
		if first.sealed {
			return m.conflict(who.person.DN, n, first.group)
		}
		first.seen = min(first.seen+1, 2)
	}
	for at := from; at < to; at++ {
		entry := &m.t.members[at]
		if entry.exact != n.Exact {
			who.inexact, who.names = append(who.inexact, inexact{from, entry.group}), append(who.names, n)
			continue
		}
		if entry.taken {
			return m.conflict(who.person.DN, n, entry.group)
		}
		entry.taken = true
		who.direct = append(who.direct, entry.group)
	}
	return nil
}

// noteOwn notes which of a person's groups hang on the person's own entry alone: those
// after byMember that are not among those before, and those that search for members.
func (t *Table) noteOwn(who *candidate, byMember int) {
	for i, group := range who.direct {
		if t.groups[group].searched || i >= byMember && !slices.Contains(who.direct[:byMember], group) {
			who.own = append(who.own, group)
		}
	}
	slices.Sort(who.own)
	who.own = slices.Compact(who.own)
}

// dropSure leaves out what is inexact of groups that are sure.
func (c *candidate) dropSure() {
	slices.Sort(c.direct)
	c.direct = slices.Compact(c.direct)
	var (
		left  []inexact
		names []name
	)
	for i, o := range c.inexact {
		if _, sure := slices.BinarySearch(c.direct, o.group); !sure && !slices.Contains(left, o) {
			left, names = append(left, o), append(names, c.names[i])
		}
	}
	c.inexact, c.names = left, names
}

// decide decides what is inexact.
func (m *Matcher) decide(ctx context.Context, who *candidate) error {
	for i, open := range who.inexact {
		in, err := m.isMember(ctx, who.person.DN, open, who.names[i])
		if err != nil {
			return err
		}
		if in {
			who.direct = append(who.direct, open.group)
		}
	}
	slices.Sort(who.direct)
	return m.finish(who)
}

// isMember reports whether a person is in a group that names somebody in nearly
// their way.
func (m *Matcher) isMember(ctx context.Context, person string, open inexact, n name) (bool, error) {
	first := m.t.members[open.first]
	_, namesake := m.namesakes[first.member]
	switch {
	case first.seen < 2 && !namesake && !m.r.decoder.Kind.ExactNames:
		return true, nil
	case !m.t.leaves(open):
		return false, nil
	case m.checks >= maxChecks:
		return false, m.conflict(person, n, open.group)
	}
	m.checks++
	answer, err := m.c.At(ctx, conn.Query{
		Base: m.t.groups[open.group].dn, Filter: m.r.naming(n), Attrs: []string{objectClass},
	})
	if err == nil {
		err = answer.Refusal
	}
	if err != nil {
		return false, fmt.Errorf("asking whether %q is in the group: %w", person, err)
	}
	if len(answer.Entries) == 0 {
		return false, nil
	}
	if _, taken := m.confirmed[open]; taken {
		return false, m.conflict(person, n, open.group)
	}
	m.confirmed[open] = struct{}{}
	return true, nil
}

// leaves reports whether a group has a member of that folded name whom no person
// bears exactly.
func (t *Table) leaves(open inexact) bool {
	_, to := t.bearing(t.members[open.first].member)
	return slices.ContainsFunc(t.members[open.first:to], func(m membership) bool { return m.group == open.group && !m.taken })
}

// conflict is the error that somebody else bears a person's name, too, and nothing tells
// who is meant.
func (m *Matcher) conflict(person string, n name, group int32) error {
	if n.byUID {
		return dirsync.WithHint(
			fmt.Errorf("entry %q: another entry has the %s %q, too, and which of them is in the group %q can't be told", person, uid, n.text, m.t.groups[group].dn),
			"give each a "+uid+" of its own, or leave one of them out by ldap.users.filter")
	}
	return dirsync.WithHint(
		fmt.Errorf("entry %q: another entry's DN differs from it in case, blanks or composition of letters at most, and which of them is in the group %q can't be told",
			person, m.t.groups[group].dn),
		"run again, in case one of them was made while the directory was read. If it stays so, rename one of them, or put the member into the group anew")
}

// finish gives a person to visit.
func (m *Matcher) finish(who *candidate) error {
	m.t.count(who.person.ID, who.direct, who.own)
	who.person.Groups = m.t.namesOf(who.direct)
	return who.visit(who.person)
}

// naming is a filter for a group that names a person as a member.
func (r *Reader) naming(n name) string {
	var terms strings.Builder
	for _, attribute := range r.MemberAttributes {
		if holdsUIDs(attribute) == n.byUID {
			terms.WriteString("(" + attribute + "=" + ldap.EscapeFilter(n.text) + ")")
		}
	}
	return "(|" + terms.String() + ")"
}

// personNames are the names by which groups know a person.
func (r *Reader) personNames(p *dirsync.Person) ([]name, error) {
	var names []name
	if slices.ContainsFunc(r.MemberAttributes, func(attribute string) bool { return !holdsUIDs(attribute) }) {
		l, _, err := dn.LabelOf(p.DN)
		if err != nil {
			return nil, fmt.Errorf("entry %q: the DN can't be read, so groups can't be told: %w", p.DN, err)
		}
		names = append(names, name{Label: l, text: p.DN})
	}
	if r.knowsUIDs() {
		for _, value := range p.Attrs[uid] {
			names = append(names, name{dn.LabelOfUID(value), value, true})
		}
	}
	return names, nil
}
