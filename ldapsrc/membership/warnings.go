package membership

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/conn"
	"duosync/ldapsrc/dn"
)

const (
	maxNamedGroups  = 20 // that warnings are about
	maxNamedMembers = 3  // of each kind, in one warning
)

// remarks are what is worth telling of one group's members.
type remarks struct {
	gone, elsewhere, unread []string
	unreadCount             int
}

// Warnings tells, once the people were read, which members of groups are
// nobody's, a line for each group.
func (r *Reader) Warnings(ctx context.Context, c *conn.Conn, t *Table) ([]string, error) {
	if t == nil {
		return nil, nil
	}
	lines, err := r.groupLines(ctx, c, t, t.remarks())
	if t.unresolved.unasked > 0 {
		lines = append(lines, fmt.Sprintf("%d members of groups were not looked for by their DNs, so groups among them are passed over: a read looks for %d",
			t.unresolved.unasked, maxMemberLookups))
	}
	warned := slices.Clone(t.unresolved.warnings)
	slices.Sort(warned)
	warned = slices.Compact(warned) // some groups were read again
	return append(append(warned, r.namedLines(t)...), lines...), err
}

// namedLines words what there is to tell of groups that others say to be in.
func (r *Reader) namedLines(t *Table) (lines []string) {
	told := remarks{gone: t.unresolved.namedGone, elsewhere: t.unresolved.namedElsewhere}
	if !told.empty() {
		lines = append(lines, fmt.Sprintf("groups that %s names: %s", r.MemberOf, told.words("group")))
	}
	if n := t.unresolved.unnamed; n > 0 {
		lines = append(lines, fmt.Sprintf("%d groups that %s names were not looked for by their DNs, so people who are in one of ours by way of these are passed over: a read looks for %d",
			n, r.MemberOf, maxMemberLookups))
	}
	return lines
}

// remarks collects, by group, the members that are nobody's. Of those below the users'
// bases it knows how many.
func (t *Table) remarks() map[int32]*remarks {
	about := make(map[int32]*remarks)
	of := func(group int32) *remarks {
		if about[group] == nil {
			about[group] = &remarks{}
		}
		return about[group]
	}
	gone := make(map[dn.Label]struct{}, len(t.unresolved.gone))
	for _, m := range t.unresolved.gone {
		gone[m.label] = struct{}{}
		if !t.borne(m.label.Folded) {
			of(m.group).gone = append(of(m.group).gone, m.dn)
		}
	}
	for _, m := range t.unresolved.elsewhere {
		if !t.borne(m.label.Folded) {
			of(m.group).elsewhere = append(of(m.group).elsewhere, m.dn)
		}
	}
	seen := uint8(0)
	for i, m := range t.members {
		if i == 0 || t.members[i-1].member != m.member {
			seen = m.seen
		}
		if _, told := gone[dn.Label{Folded: m.member, Exact: m.exact}]; m.inner && seen == 0 && !told {
			of(m.group).unreadCount++
		}
	}
	return about
}

// groupLines words what there is to tell of groups, in the order of their DNs.
func (r *Reader) groupLines(ctx context.Context, c *conn.Conn, t *Table, about map[int32]*remarks) ([]string, error) {
	var groups []int32
	for group := range about {
		groups = append(groups, group)
	}
	slices.SortFunc(groups, func(a, b int32) int { return strings.Compare(t.groups[a].dn, t.groups[b].dn) })
	var lines []string
	asked := 0
	for i, group := range groups {
		if len(lines) == maxNamedGroups {
			lines = append(lines, fmt.Sprintf("%d more groups have members that are neither people nor groups", len(groups)-i))
			break
		}
		told := about[group]
		if told.unreadCount > 0 {
			var err error
			if told.unread, err = t.unreadMembers(ctx, group); err != nil {
				return nil, err
			}
			if err := r.sortOut(ctx, c, told, &asked); err != nil {
				return nil, err
			}
			if told.empty() {
				continue
			}
		}
		lines = append(lines, fmt.Sprintf("group %q: %s", t.groups[group].dn, told))
	}
	return lines, nil
}

// sortOut looks for members below the users' bases by their DNs: whoever is there was
// left out by the users' filter, and is nothing to tell of. asked counts the looks of a
// read.
func (r *Reader) sortOut(ctx context.Context, c *conn.Conn, told *remarks, asked *int) error {
	var left []string
	for _, text := range told.unread {
		if *asked >= maxMemberLookups {
			left = append(left, text)
			continue
		}
		*asked++
		answer, err := c.At(ctx, conn.Query{Base: text, Filter: conn.AnyEntry, Attrs: []string{objectClass}})
		if err != nil {
			return err
		}
		if answer.Code == ldap.LDAPResultNoSuchObject || answer.Refusal == nil && len(answer.Entries) == 0 && !answer.Elsewhere {
			told.gone = append(told.gone, text)
		}
	}
	told.unread, told.unreadCount = left, len(left)
	return nil
}

func (r *remarks) empty() bool { return len(r.gone)+len(r.elsewhere)+r.unreadCount == 0 }

// unreadMembers reads a group's members again for the DNs of those who are nobody:
// of people's names, only digests were kept.
func (t *Table) unreadMembers(ctx context.Context, group int32) ([]string, error) {
	var dns []string
	_, err := t.walker.readMembers(ctx, t.groups[group], func(unread member) error {
		from, to := t.bearing(unread.Folded)
		for _, m := range t.members[from:to] {
			if m.exact == unread.Exact && m.group == group && m.inner && t.members[from].seen == 0 {
				dns = append(dns, unread.value)
			}
		}
		return nil
	})
	if conn.IsAnswer(err) {
		return nil, nil // it was changed since
	}
	return dns, err
}

// String words the remarks about a group's members.
func (r *remarks) String() string { return r.words("member") }

// words words the remarks about entries of a kind.
func (r *remarks) words(kind string) string {
	var parts []string
	say := func(n int, dns []string, one, many string) {
		if n == 0 {
			return
		}
		text := "1 " + kind + " " + one
		if n > 1 {
			text = fmt.Sprintf("%d %ss %s", n, kind, many)
		}
		slices.Sort(dns)
		for i, dn := range dns[:min(len(dns), maxNamedMembers)] {
			if dns[i] = fmt.Sprintf("%q", dn); i == 0 {
				dns[i] = ": " + dns[i]
			}
		}
		text += strings.Join(dns[:min(len(dns), maxNamedMembers)], ", ")
		if n > maxNamedMembers && len(dns) > 0 {
			text += ", …"
		}
		parts = append(parts, text)
	}
	say(len(r.gone), r.gone, "does not exist", "do not exist")
	say(r.unreadCount, r.unread, "below the users' bases is neither a person that was read nor a group",
		"below the users' bases are neither people that were read nor groups")
	say(len(r.elsewhere), r.elsewhere, "lies outside this directory's tree and was not looked for",
		"lie outside this directory's tree and were not looked for")
	return strings.Join(parts, "; ")
}
