package membership

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"duosync/ldapsrc/dn"
	dirsync "duosync/sync"
)

// Some directories have membership at the member alone: in an attribute of the person,
// or of the group that is inside another, which names groups by their DNs (memberOf,
// isMemberOf). A group that is named there, and was not read, is looked for by its DN.

// claim is what a group says by that attribute: that it is inside another one.
type claim struct {
	inner int32
	outer string // DN
}

// hintNamed is advice for a value of that attribute that is no DN.
const hintNamed = "set ldap.groups.member_of to an attribute that names groups by their DNs, or leave it empty"

// groupNamed finds the group that a DN names: its place, or what else the DN was found to
// be.
func (w *walker) groupNamed(ctx context.Context, text string) (finding, error) {
	l, folded, err := dn.LabelOf(text)
	if err != nil {
		return isOther, dirsync.WithHint(fmt.Errorf("%s holds %q, which is no DN: %w", w.MemberOf, text, err), hintNamed)
	}
	candidates := w.byName[l.Folded]
	for _, at := range candidates {
		if w.table.groups[at].label.Exact == l.Exact {
			return finding(at), nil
		}
	}
	is, looked := w.found[l]
	switch {
	case looked:
		return is, nil
	case len(candidates) == 1 && !w.decoder.Kind.ExactNames:
		return finding(candidates[0]), nil
	case len(candidates) == 0 && !w.Nested, folded == "": // all that count by themselves are known
		return isOther, nil
	case len(candidates) == 0 && !dn.BelowAny(folded, w.tree):
		is = isElsewhere
	case len(w.found) < maxMemberLookups:
		if is, err = w.lookAt(ctx, text); err != nil {
			return is, fmt.Errorf("looking for the group %q, which %s names: %w", text, w.MemberOf, err)
		}
	case len(candidates) > 0:
		return isOther, dirsync.WithHint(fmt.Errorf("the group %q, which %s names, may be another entry than %q, and more than %d such groups were looked for already",
			text, w.MemberOf, w.table.groups[candidates[0]].dn, maxMemberLookups), "put people into the groups there anew, as the server names these")
	default:
		if _, told := w.unasked[l]; !told {
			w.unasked[l] = struct{}{}
			w.table.unresolved.unnamed++
		}
		return isOther, nil
	}
	w.found[l] = is
	switch is {
	case isNothing:
		w.table.unresolved.namedGone = append(w.table.unresolved.namedGone, text)
	case isElsewhere:
		w.table.unresolved.namedElsewhere = append(w.table.unresolved.namedElsewhere, text)
	}
	return is, nil
}

// settleClaims puts groups inside those that they claim to be in, and looks for the
// latter where they are not known.
func (w *walker) settleClaims(ctx context.Context) error {
	for len(w.claims) > 0 {
		next := w.claims[0]
		w.claims = w.claims[1:]
		outer, err := w.groupNamed(ctx, next.outer)
		switch {
		case err != nil:
			return fmt.Errorf("group %q: %w", w.table.groups[next.inner].dn, err)
		case outer < 0:
		case w.table.reached[outer]:
			w.nest(next.inner, int32(outer))
		default: // until it is found inside of one that counts
			w.claimed[int32(outer)] = append(w.claimed[int32(outer)], next.inner)
		}
	}
	return nil
}

// appendNamed appends the groups that a person names.
func (t *Table) appendNamed(ctx context.Context, in []int32, p *dirsync.Person) ([]int32, error) {
	w := t.walker
	for _, value := range p.Attrs[strings.ToLower(w.MemberOf)] {
		at, err := w.groupNamed(ctx, value)
		if err == nil {
			err = w.extend(ctx)
		}
		if err != nil {
			return nil, fmt.Errorf("entry %q: %w", p.DN, err)
		}
		if at >= 0 && !slices.Contains(in, int32(at)) {
			in = append(in, int32(at))
		}
	}
	return in, nil
}

// extend tells of groups that were found while people pass by what being in them gives.
// One that counts, and has members of its own, was found too late: who has passed
// already may be one of these.
func (w *walker) extend(ctx context.Context) error {
	first := len(w.table.gives)
	if first == len(w.table.groups) {
		return nil
	}
	if err := w.settleClaims(ctx); err != nil {
		return err
	}
	w.queue = nil
	for at := first; at < len(w.table.groups); at++ {
		w.table.gives = append(w.table.gives, w.table.givesOf(place(at)))
		if len(w.table.gives[at]) == 0 {
			continue
		}
		g := w.table.groups[at]
		members := 0
		is, err := w.readMembers(ctx, g, func(member) error {
			members++
			return nil
		})
		if err == nil && (members > 0 || is.hidden || is.searched || is.gid != "" || g.sid != "") {
			err = dirsync.WithHint(errors.New("it was found by "+w.MemberOf+" alone, inside a group that counts, and has members of its own"),
				"add a base that holds it to ldap.groups.base_dns")
		}
		if err != nil {
			return fmt.Errorf("group %q: %w", g.dn, err)
		}
	}
	return nil
}
