package membership

import (
	"context"
	"fmt"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/conn"
	"duosync/ldapsrc/dn"
)

// walker reads the members of the groups that count, and finds the groups among
// them, wherever in the directory's tree these are:
//
//   - those below the groups' bases are listed at the beginning;
//   - those below a users' base, where people are, are listed by one search for
//     groups, once a group has a member there. What is left there is a person or
//     nobody, which is known once the people were read;
//   - any other member is looked for by its DN, those first that are few in their
//     place: a nested group is often alone where it is, people are many.
type walker struct {
	*Reader
	c      *conn.Conn
	table  *Table
	tree   []string              // naming contexts that hold the users' bases, folded
	people []string              // the users' bases, folded
	byName map[dn.Digest][]int32 // groups by folded DN
	queue  []int32               // groups whose members are to be read
	listed bool                  // groups below the users' bases were listed
	open   map[dn.Label]*unidentified
	found  map[dn.Label]finding // by members' DNs, and by those that MemberOf names

	claims  []claim           // not looked at yet
	claimed map[int32][]int32 // by a group that does not count, those that claim to be in it
	unasked map[dn.Label]struct{}
}

// unidentified is a member of which it is not known whether it is a group.
type unidentified struct {
	member
	holders []int32
	inner   bool // below a users' base
}

// finding is what a member's DN was found to be.
type finding int32

// A group is told by its place, which is not negative.
const (
	isOther     finding = -1 - iota // an entry, but no group
	isNothing                       // no entry
	isElsewhere                     // another server's to answer
)

func newWalker(r *Reader, c *conn.Conn, contexts []conn.NamingContext) *walker {
	w := &walker{
		Reader: r, c: c, byName: make(map[dn.Digest][]int32),
		open: make(map[dn.Label]*unidentified), found: make(map[dn.Label]finding),
		claimed: make(map[int32][]int32), unasked: make(map[dn.Label]struct{}),
	}
	for _, nc := range contexts {
		w.tree = append(w.tree, nc.Folded)
	}
	for _, base := range r.users {
		w.people = append(w.people, base.Folded)
	}
	return w
}

// list gives the groups below a base. check is what to check where it is not there.
func (w *walker) list(ctx context.Context, base, check string, visit func(group)) error {
	q := conn.Query{
		Base: base, Scope: ldap.ScopeWholeSubtree, Filter: w.Filter, Attrs: w.attributes(), Check: check,
		Split: []string{w.decoder.ID.Name, w.NameAttribute},
	}
	return w.c.Search(ctx, q, func(entry *ldap.Entry) error {
		g, err := w.group(entry)
		if err == nil {
			visit(g)
		}
		return err
	})
}

// placeOf gives the place of the very group in groups, or -1. Where the server shows
// ids, they decide; else the exact DN.
func (w *walker) placeOf(g group, groups []group) int32 {
	for _, at := range w.byName[g.label.Folded] {
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
func (w *walker) enter(g group) int32 {
	if at := w.placeOf(g, w.table.groups); at >= 0 {
		return at
	}
	at := w.table.addGroup(g)
	w.byName[g.label.Folded] = append(w.byName[g.label.Folded], at)
	w.takeClaims(at)
	return at
}

// nest enters a group inside another.
func (w *walker) nest(inner, outer int32) {
	w.table.nest(inner, outer)
	if !w.table.reached[inner] {
		w.table.reached[inner] = true
		w.queue = append(w.queue, inner)
		for _, further := range w.claimed[inner] {
			w.nest(further, inner)
		}
		delete(w.claimed, inner)
	}
}

// warn tells of what was found on the way.
func (w *walker) warn(format string, args ...any) {
	w.table.unresolved.warnings = append(w.table.unresolved.warnings, fmt.Sprintf(format, args...))
}

// takeClaims takes up what a group says of itself.
func (w *walker) takeClaims(at int32) {
	for _, outer := range w.table.groups[at].claims {
		w.claims = append(w.claims, claim{at, outer})
	}
	w.table.groups[at].claims = nil
}
