package ldapsrc

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/dn"
)

// looseEnds are members of groups that are neither people nor groups.
type looseEnds struct {
	gone      []looseEnd // no entry answers to the DN
	elsewhere []looseEnd // outside the directory's tree, or on another server
	unasked   int        // not looked for, being too many
	warnings  []string   // what was found before the members were read
}

// looseEnd is one member of a group.
type looseEnd struct {
	group int32
	label dn.Label
	dn    string
}

const (
	maxNamedGroups  = 20 // that warnings are about
	maxNamedMembers = 3  // of each kind, in one warning
)

// remarks are what is worth telling of one group's members.
type remarks struct {
	gone, elsewhere, unread []string
	unreadCount             int
}

// looseWarnings tells, once the people were read, which members of groups are
// nobody's, a line for each group.
func (s *Source) looseWarnings(ctx context.Context, c *conn, r *roster) ([]string, error) {
	about := make(map[int32]*remarks)
	of := func(group int32) *remarks {
		if about[group] == nil {
			about[group] = &remarks{}
		}
		return about[group]
	}
	for _, end := range r.loose.gone {
		if !r.borne(end.label.Folded) {
			of(end.group).gone = append(of(end.group).gone, end.dn)
		}
	}
	for _, end := range r.loose.elsewhere {
		if !r.borne(end.label.Folded) {
			of(end.group).elsewhere = append(of(end.group).elsewhere, end.dn)
		}
	}
	gone := make(map[dn.Label]struct{}, len(r.loose.gone))
	for _, end := range r.loose.gone {
		gone[end.label] = struct{}{}
	}
	seen := uint8(0)
	for i, m := range r.members {
		if i == 0 || r.members[i-1].member != m.member {
			seen = m.seen
		}
		if _, told := gone[dn.Label{Folded: m.member, Exact: m.exact}]; m.inner && seen == 0 && !told {
			of(m.group).unreadCount++
		}
	}
	lines, err := s.groupLines(ctx, c, r, about)
	if r.loose.unasked > 0 {
		lines = append(lines, fmt.Sprintf("%d members of groups were not looked for by their DNs, so groups among them are passed over: a read looks for %d",
			r.loose.unasked, maxMemberLookups))
	}
	warned := slices.Clone(r.loose.warnings)
	slices.Sort(warned)
	return append(warned, lines...), err
}

// groupLines words what there is to tell of groups, in the order of their DNs.
func (s *Source) groupLines(ctx context.Context, c *conn, r *roster, about map[int32]*remarks) ([]string, error) {
	var groups []int32
	for group := range about {
		groups = append(groups, group)
	}
	slices.SortFunc(groups, func(a, b int32) int { return strings.Compare(r.groups[a].dn, r.groups[b].dn) })
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
			if told.unread, err = s.unreadMembers(ctx, c, r, group); err != nil {
				return nil, err
			}
			if err := s.sortOut(ctx, c, told, &asked); err != nil {
				return nil, err
			}
			if told.empty() {
				continue
			}
		}
		lines = append(lines, fmt.Sprintf("group %q: %s", r.groups[group].dn, told))
	}
	return lines, nil
}

// sortOut looks for members below the users' bases by their DNs: whoever is there was
// left out by the users' filter, and is nothing to tell of. asked counts the looks of a
// read.
func (s *Source) sortOut(ctx context.Context, c *conn, told *remarks, asked *int) error {
	var left []string
	for _, dn := range told.unread {
		if *asked >= maxMemberLookups {
			left = append(left, dn)
			continue
		}
		*asked++
		result, err := c.at(ctx, dn, anyEntry, false, objectClass)
		switch code, answered := resultCode(err); {
		case err != nil && !answered:
			return s.explainSearch(err, query{base: dn}, 0)
		case answered && code == ldap.LDAPResultNoSuchObject, err == nil && len(result.Entries) == 0 && len(result.Referrals) == 0:
			told.gone = append(told.gone, dn)
		}
	}
	told.unread, told.unreadCount = left, len(left)
	return nil
}

func (r *remarks) empty() bool { return len(r.gone)+len(r.elsewhere)+r.unreadCount == 0 }

// unreadMembers reads a group's members again for the DNs of those who are nobody:
// of people's names, only digests were kept.
func (s *Source) unreadMembers(ctx context.Context, c *conn, r *roster, group int32) ([]string, error) {
	var dns []string
	_, err := s.readMembers(ctx, c, r.groups[group], func(value string, l dn.Label, _ string) error {
		from, to := r.bearing(l.Folded)
		for _, m := range r.members[from:to] {
			if m.exact == l.Exact && m.group == group && m.inner && r.members[from].seen == 0 {
				dns = append(dns, value)
			}
		}
		return nil
	})
	if _, answered := resultCode(err); answered {
		return nil, nil // it was changed since
	}
	return dns, err
}

// String words the remarks.
func (r *remarks) String() string {
	var parts []string
	say := func(n int, dns []string, one, many string) {
		if n == 0 {
			return
		}
		text := "1 member " + one
		if n > 1 {
			text = fmt.Sprintf("%d members %s", n, many)
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
