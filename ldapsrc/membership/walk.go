package membership

import (
	"context"
	"fmt"

	"duosync/ldapsrc/conn"
	"duosync/ldapsrc/dn"
)

// Read reads the groups that are wanted, and those inside them where they
// may be nested, each on its own: memory is that of one group's members at a
// time, and other groups cost no more than their names. The table is nil where groups
// are not asked about.
func (r *Reader) Read(ctx context.Context, c *conn.Conn, contexts []conn.NamingContext) (*Table, error) {
	if r.Want == nil {
		return nil, nil
	}
	w := newWalker(r, c, contexts)
	if err := w.listGroups(ctx); err != nil {
		return nil, err
	}
	if err := w.walk(ctx); err != nil {
		return nil, err
	}
	w.table.index()
	w.table.walker = w
	c.Debugf("ldap: %d groups, %d names of wanted ones, %d memberships", len(w.table.groups), len(w.table.names), len(w.table.members))
	return w.table, nil
}

// listGroups finds the groups below the groups' bases: all of them where they may be
// nested, else the wanted ones. Two of one name are two groups; who is in either is
// in a group of that name.
func (w *walker) listGroups(ctx context.Context) error {
	var (
		groups   []group
		warnings []string
	)
	for _, base := range w.Bases {
		err := w.list(ctx, base, "ldap.groups.base_dns", func(g group) {
			if w.placeOf(g, groups) >= 0 { // it lies below two of the bases
				return
			}
			g.wanted = !isBlank(g.name) && w.Want(g.name)
			if g.name != "" && isBlank(g.name) {
				warnings = append(warnings, fmt.Sprintf("group %q has a blank for a name (%s): it is passed over", g.dn, w.NameAttribute))
			}
			if g.wanted || w.Nested {
				w.byName[g.label.Folded] = append(w.byName[g.label.Folded], place(len(groups)))
				groups = append(groups, g)
			}
		})
		if err != nil {
			return fmt.Errorf("reading the groups: %w", err)
		}
	}
	w.table = newTable(groups)
	w.table.unresolved.warnings = warnings
	for i := range groups {
		w.takeClaims(place(i))
		if groups[i].wanted {
			w.queue = append(w.queue, place(i))
		}
	}
	return nil
}

// walk reads the members of the groups that count, and of those inside them.
func (w *walker) walk(ctx context.Context) error {
	for len(w.queue) > 0 || len(w.open) > 0 || len(w.claims) > 0 {
		for len(w.queue) > 0 {
			at := w.queue[0]
			w.queue = w.queue[1:]
			is, err := w.readMembers(ctx, w.table.groups[at], func(m member) error {
				return w.visit(ctx, m, at)
			})
			if err != nil {
				return fmt.Errorf("group %q: %w", w.table.groups[at].dn, err)
			}
			w.table.tallies[at].hidden, w.table.groups[at].searched, w.table.groups[at].gid = is.hidden, is.searched, is.gid
		}
		if err := w.identify(ctx); err != nil {
			return err
		}
		if err := w.settleClaims(ctx); err != nil {
			return err
		}
	}
	return nil
}

// visit enters a member of a group, or notes that it is to be looked for.
func (w *walker) visit(ctx context.Context, m member, at int32) error {
	w.table.tallies[at].members++
	if !w.Nested || m.byUID {
		w.table.addMember(m.Label, at, false)
		return nil
	}
	inner := dn.BelowAny(m.folded, w.people)
	if inner && !w.listed {
		if err := w.listAmongPeople(ctx); err != nil {
			return err
		}
	}
	candidates := w.byName[m.Folded]
	for _, group := range candidates {
		if w.table.groups[group].label.Exact == m.Exact {
			w.nest(group, at)
			return nil
		}
	}
	switch is, looked := w.found[m.Label]; {
	case looked:
		w.resolve(m.Label, is, at, m.dn, inner)
	case len(candidates) == 1 && !w.decoder.Kind.ExactNames:
		w.nest(candidates[0], at)
	case len(candidates) == 0 && (inner || m.folded == ""):
		w.table.addMember(m.Label, at, inner)
	case len(candidates) == 0 && !dn.BelowAny(m.folded, w.tree):
		w.resolve(m.Label, isElsewhere, at, m.dn, false)
	default:
		w.note(m, at, inner)
	}
	return nil
}

// listAmongPeople lists the groups below the users' bases, unless they were listed
// with the groups' own.
func (w *walker) listAmongPeople(ctx context.Context) error {
	w.listed = true
	for _, base := range w.users {
		if dn.BelowAny(base.Folded, w.bases) {
			continue
		}
		if err := w.list(ctx, base.Text, "ldap.users.base_dns", func(g group) { w.enter(g) }); err != nil {
			return fmt.Errorf("looking for groups among the people: %w", err)
		}
	}
	return nil
}
