package ldapsrc

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/dn"
	dirsync "duosync/sync"
)

const (
	// maxMemberLookups bounds the members of groups that a read looks for by their
	// DNs.
	maxMemberLookups = 1000
	// maxUnknown bounds the members whose DNs are kept to be looked for.
	maxUnknown = 20_000
)

// tracer reads the members of the groups that count, and finds the groups among
// them, wherever in the directory's tree these are:
//
//   - those below the groups' bases are listed at the beginning;
//   - those below a users' base, where people are, are listed by one search for
//     groups, once a group has a member there. What is left there is a person or
//     nobody, which is known once the people were read;
//   - any other member is looked for by its DN, those first that are few in their
//     place: a nested group is often alone where it is, people are many.
type tracer struct {
	s      *Source
	c      *conn
	r      *roster
	tops   []string // folded, as the next two
	users  []string
	byName map[dn.Digest][]int32 // groups by folded DN
	queue  []int32               // groups whose members are to be read

	listed  bool // groups below the users' bases were listed
	unknown map[dn.Label]*unknown
	asked   map[dn.Label]answer
}

// unknown is a member of which it is not known whether it is a group.
type unknown struct {
	dn.Label
	dn      string
	key     string // folded
	holders []int32
	inner   bool // below a users' base
}

// answer is what a look for a member's DN has found.
type answer int32

// A group is answered by its place, which is not negative.
const (
	isOther     answer = -1 - iota // an entry, but no group
	isNothing                      // no entry
	isElsewhere                    // another server's to answer
)

func newTracer(s *Source, c *conn, v view) *tracer {
	t := &tracer{
		s: s, c: c, byName: make(map[dn.Digest][]int32),
		unknown: make(map[dn.Label]*unknown), asked: make(map[dn.Label]answer),
	}
	for _, top := range s.tops(v.contexts) {
		t.tops = append(t.tops, top.Folded)
	}
	for _, b := range s.bases {
		t.users = append(t.users, b.Folded)
	}
	return t
}

// listGroups finds the groups below the groups' bases: all of them where they may be
// nested, else the wanted ones. Two of one name are two groups; who is in either is
// in a group of that name.
func (t *tracer) listGroups(ctx context.Context) error {
	var (
		groups   []group
		warnings []string
	)
	for _, base := range t.s.opts.Groups.Bases {
		err := t.list(ctx, base, "ldap.groups.base_dns", func(g group) {
			if t.find(groups, g) >= 0 { // it lies below two of the bases
				return
			}
			g.wanted = !isBlank(g.name) && t.s.opts.Groups.Want(g.name)
			if g.name != "" && isBlank(g.name) {
				warnings = append(warnings, fmt.Sprintf("group %q has a blank for a name (%s): it is passed over", g.dn, t.s.opts.Groups.NameAttribute))
			}
			if g.wanted || t.s.opts.Groups.Nested {
				t.byName[g.label.Folded] = append(t.byName[g.label.Folded], place(len(groups)))
				groups = append(groups, g)
			}
		})
		if err != nil {
			return fmt.Errorf("reading the groups: %w", err)
		}
	}
	t.r = newRoster(groups)
	t.r.loose.warnings = warnings
	for i := range groups {
		if groups[i].wanted {
			t.queue = append(t.queue, place(i))
		}
	}
	return nil
}

// list gives the groups below a base.
func (t *tracer) list(ctx context.Context, base, key string, visit func(group)) error {
	q := query{base: base, scope: ldap.ScopeWholeSubtree, filter: t.s.opts.Groups.Filter, attrs: t.s.groupAttributes(), key: key}
	return t.s.search(ctx, t.c, q, func(entry *ldap.Entry) error {
		g, err := t.s.group(entry)
		if err == nil {
			visit(g)
		}
		return err
	})
}

// find gives the place of the very group in groups, or -1. Where the server shows
// ids, they decide; else the exact DN.
func (t *tracer) find(groups []group, g group) int32 {
	for _, at := range t.byName[g.label.Folded] {
		other := groups[at]
		if other.id != "" && g.id != "" {
			if other.id == g.id {
				return at
			}
		} else if other.label.Exact == g.label.Exact {
			return at
		}
	}
	return -1
}

// enter enters a group that lies outside the groups' bases. It is not wanted.
func (t *tracer) enter(g group) int32 {
	if at := t.find(t.r.groups, g); at >= 0 {
		return at
	}
	at := t.r.enter(g)
	t.byName[g.label.Folded] = append(t.byName[g.label.Folded], at)
	return at
}

// trace reads the members of the groups that count, and of those inside them.
func (t *tracer) trace(ctx context.Context) error {
	for len(t.queue) > 0 || len(t.unknown) > 0 {
		for len(t.queue) > 0 {
			at := t.queue[0]
			t.queue = t.queue[1:]
			hidden, err := t.s.readMembers(ctx, t.c, t.r.groups[at], func(value string, l dn.Label, key string) error {
				return t.member(ctx, at, value, l, key)
			})
			if err != nil {
				return fmt.Errorf("group %q: %w", t.r.groups[at].dn, err)
			}
			t.r.tallies[at].hidden = hidden
		}
		if err := t.identify(ctx); err != nil {
			return err
		}
	}
	return nil
}

// nest enters a group inside another.
func (t *tracer) nest(inner, outer int32) {
	t.r.nest(inner, outer)
	if !t.r.reached[inner] {
		t.r.reached[inner] = true
		t.queue = append(t.queue, inner)
	}
}

// member enters a member of a group, or notes that it is to be looked for.
func (t *tracer) member(ctx context.Context, at int32, value string, l dn.Label, key string) error {
	t.r.tallies[at].members++
	if !t.s.opts.Groups.Nested || t.s.membersAreUIDs() {
		t.r.add(l, at, false)
		return nil
	}
	inner := dn.BelowAny(key, t.users)
	if inner && !t.listed {
		if err := t.listAmongPeople(ctx); err != nil {
			return err
		}
	}
	candidates := t.byName[l.Folded]
	for _, group := range candidates {
		if t.r.groups[group].label.Exact == l.Exact {
			t.nest(group, at)
			return nil
		}
	}
	switch before, asked := t.asked[l]; {
	case asked:
		t.settle(before, l, at, t.s.memberDN(value), inner)
	case len(candidates) == 1 && !t.s.kind.ExactNames:
		t.nest(candidates[0], at)
	case len(candidates) == 0 && (inner || key == ""):
		t.r.add(l, at, inner)
	case len(candidates) == 0 && !dn.BelowAny(key, t.tops):
		t.settle(isElsewhere, l, at, t.s.memberDN(value), false)
	default:
		t.note(l, at, t.s.memberDN(value), key, inner)
	}
	return nil
}

// listAmongPeople lists the groups below the users' bases, unless they were listed
// with the groups' own.
func (t *tracer) listAmongPeople(ctx context.Context) error {
	t.listed = true
	for _, b := range t.s.bases {
		if dn.BelowAny(b.Folded, t.s.groupBases) {
			continue
		}
		if err := t.list(ctx, b.Text, "ldap.users.base_dns", func(g group) { t.enter(g) }); err != nil {
			return fmt.Errorf("looking for groups among the people: %w", err)
		}
	}
	return nil
}

// note keeps a member to be looked for by its DN.
func (t *tracer) note(l dn.Label, at int32, dn, key string, inner bool) {
	u := t.unknown[l]
	if u == nil {
		if len(t.unknown) >= maxUnknown {
			t.r.loose.unasked++
			t.r.add(l, at, inner)
			return
		}
		u = &unknown{Label: l, dn: dn, key: key, inner: inner}
		t.unknown[l] = u
	}
	u.holders = append(u.holders, at)
}

// identify looks for the members that are unknown.
func (t *tracer) identify(ctx context.Context) error {
	for _, u := range t.inOrder() {
		found := isOther
		switch {
		case len(t.asked) < maxMemberLookups:
			var err error
			if found, err = t.lookFor(ctx, u); err != nil {
				return fmt.Errorf("group %q: looking for its member %q: %w", t.r.groups[u.holders[0]].dn, u.dn, err)
			}
			t.asked[u.Label] = found
		case len(t.byName[u.Folded]) > 0:
			return dirsync.WithHint(
				fmt.Errorf("group %q: its member %q may be another entry than the group %q, and more than %d such members were looked for already",
					t.r.groups[u.holders[0]].dn, u.dn, t.r.groups[t.byName[u.Folded][0]].dn, maxMemberLookups),
				"put the groups inside of groups there anew, as the server names them")
		default:
			t.r.loose.unasked++
		}
		for _, holder := range u.holders {
			t.settle(found, u.Label, holder, u.dn, u.inner)
		}
	}
	clear(t.unknown)
	return nil
}

// inOrder gives the unknown members: first those that may be a group that is known,
// then those that are few in their place.
func (t *tracer) inOrder() []*unknown {
	beside := make(map[string]int)
	for _, u := range t.unknown {
		beside[dn.Parent(u.key)]++
	}
	rank := func(u *unknown) int {
		if len(t.byName[u.Folded]) > 0 {
			return 0
		}
		return beside[dn.Parent(u.key)]
	}
	return slices.SortedFunc(maps.Values(t.unknown), func(a, b *unknown) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.key, b.key), cmp.Compare(a.dn, b.dn))
	})
}

// settle enters a member as what it was found to be.
func (t *tracer) settle(found answer, l dn.Label, at int32, dn string, inner bool) {
	if found >= 0 {
		t.nest(int32(found), at)
		return
	}
	// Also one that answers nothing: a referral may lead to a person of that DN.
	t.r.add(l, at, inner)
	switch found {
	case isNothing:
		t.r.loose.gone = append(t.r.loose.gone, looseEnd{at, l, dn})
	case isElsewhere:
		t.r.loose.elsewhere = append(t.r.loose.elsewhere, looseEnd{at, l, dn})
	}
}

// lookFor reads a member's entry by its DN, with the groups' filter.
func (t *tracer) lookFor(ctx context.Context, u *unknown) (answer, error) {
	entry, found, err := t.entryAt(ctx, u.dn, t.s.opts.Groups.Filter, t.s.groupAttributes()...)
	if err != nil || entry == nil && found != isOther {
		return found, err
	}
	if entry == nil { // no group; is it there at all?
		entry, found, err = t.entryAt(ctx, u.dn, anyEntry, objectClass)
		if err != nil || entry != nil || found != isOther {
			return found, err
		}
		return isNothing, nil
	}
	g, err := t.s.group(entry)
	if err != nil {
		return isOther, err
	}
	return answer(t.enter(g)), nil
}

// entryAt reads the entry of a DN if a filter matches it. Without one, it tells as
// far as it goes what is there. Referrals are not followed: a group's members would
// have to be read over there, too.
func (t *tracer) entryAt(ctx context.Context, dn, filter string, attrs ...string) (*ldap.Entry, answer, error) {
	result, err := t.c.at(ctx, dn, filter, false, attrs...)
	switch code, answered := resultCode(err); {
	case err == nil && len(result.Entries) == 1:
		return result.Entries[0], isOther, nil
	case err == nil && len(result.Referrals) > 0, answered && code == ldap.LDAPResultReferral:
		return nil, isElsewhere, nil
	case err == nil:
		return nil, isOther, nil
	case answered && (code == ldap.LDAPResultNoSuchObject || code == ldap.LDAPResultInvalidDNSyntax):
		return nil, isNothing, nil
	}
	return nil, isOther, t.s.explainSearch(err, query{base: dn}, 0)
}
