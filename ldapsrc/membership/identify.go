package membership

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/conn"
	"duosync/ldapsrc/dn"
	dirsync "duosync/sync"
)

const (
	// maxMemberLookups bounds the members of groups that a read looks for by their
	// DNs.
	maxMemberLookups = 1000
	// maxUnidentified bounds the members whose DNs are kept to be looked for.
	maxUnidentified = 20_000
)

// note keeps a member of a group to be looked for by its DN.
func (w *walker) note(m member, at int32, inner bool) {
	u := w.open[m.Label]
	if u == nil {
		if len(w.open) >= maxUnidentified {
			w.table.unresolved.unasked++
			w.table.addMember(m.Label, at, inner)
			return
		}
		u = &unidentified{member: m, inner: inner}
		w.open[m.Label] = u
	}
	u.holders = append(u.holders, at)
}

// identify looks for the members that are open.
func (w *walker) identify(ctx context.Context) error {
	for _, u := range w.inOrder() {
		is := isOther
		switch {
		case len(w.found) < maxMemberLookups:
			var err error
			if is, err = w.lookAt(ctx, u.dn); err != nil {
				return fmt.Errorf("group %q: looking for its member %q: %w", w.table.groups[u.holders[0]].dn, u.dn, err)
			}
			w.found[u.Label] = is
		case len(w.byName[u.Folded]) > 0:
			return dirsync.WithHint(
				fmt.Errorf("group %q: its member %q may be another entry than the group %q, and more than %d such members were looked for already",
					w.table.groups[u.holders[0]].dn, u.dn, w.table.groups[w.byName[u.Folded][0]].dn, maxMemberLookups),
				"put the groups inside of groups there anew, as the server names them")
		default:
			w.table.unresolved.unasked++
		}
		for _, holder := range u.holders {
			w.resolve(u.Label, is, holder, u.dn, u.inner)
		}
	}
	clear(w.open)
	return nil
}

// inOrder gives the open members: first those that may be a group that is known,
// then those that are few in their place.
func (w *walker) inOrder() []*unidentified {
	beside := make(map[string]int)
	for _, u := range w.open {
		beside[dn.Parent(u.folded)]++
	}
	rank := func(u *unidentified) int {
		if len(w.byName[u.Folded]) > 0 {
			return 0
		}
		return beside[dn.Parent(u.folded)]
	}
	return slices.SortedFunc(maps.Values(w.open), func(a, b *unidentified) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.folded, b.folded), cmp.Compare(a.dn, b.dn))
	})
}

// resolve enters a member as what it was found to be.
func (w *walker) resolve(l dn.Label, is finding, at int32, text string, inner bool) {
	if is >= 0 {
		w.nest(int32(is), at)
		return
	}
	// Also one that answers nothing: a referral may lead to a person of that DN.
	w.table.addMember(l, at, inner)
	switch is {
	case isNothing:
		w.table.unresolved.gone = append(w.table.unresolved.gone, stray{at, l, text})
	case isElsewhere:
		w.table.unresolved.elsewhere = append(w.table.unresolved.elsewhere, stray{at, l, text})
	}
}

// lookAt reads a member's entry by its DN, with the groups' filter.
func (w *walker) lookAt(ctx context.Context, text string) (finding, error) {
	entry, is, err := w.entryAt(ctx, text, w.Filter, w.attributes()...)
	if err != nil || entry == nil && is != isOther {
		return is, err
	}
	if entry == nil { // no group; is it there at all?
		entry, is, err = w.entryAt(ctx, text, conn.AnyEntry, objectClass)
		if err != nil || entry != nil || is != isOther {
			return is, err
		}
		return isNothing, nil
	}
	g, err := w.group(entry)
	if err != nil {
		return isOther, err
	}
	return finding(w.enter(g)), nil
}

// entryAt reads the entry of a DN if a filter matches it. Without one, it tells as
// far as it goes what is there. Referrals are not followed: a group's members would
// have to be read over there, too.
func (w *walker) entryAt(ctx context.Context, text, filter string, attrs ...string) (*ldap.Entry, finding, error) {
	answer, err := w.c.At(ctx, conn.Query{Base: text, Filter: filter, Attrs: attrs})
	if err != nil {
		return nil, isOther, err
	}
	switch entry := answer.Entry(); {
	case entry != nil:
		return entry, isOther, nil
	case answer.Elsewhere:
		return nil, isElsewhere, nil
	case answer.Code == ldap.LDAPResultNoSuchObject, answer.Code == ldap.LDAPResultInvalidDNSyntax:
		return nil, isNothing, nil
	}
	return nil, isOther, answer.Refusal
}
