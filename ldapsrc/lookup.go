package ldapsrc

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	dirsync "duosync/sync"
)

// lookupBatch is the number of ids in one filter. Servers bound the length of a
// filter, and some the number of its terms.
const lookupBatch = 50

// Lookup finds people by id. It searches the whole suffix first (the naming
// contexts that hold the bases), then the bases with the users' filter. An id
// that neither returns is gone; anything that casts doubt on a search is an
// error: a part of the suffix that may not be read, a referral, a limit.
//
// After a Read, each search of the suffix also asks for ids which that read saw.
// If none of them comes back, searching by id does not work there (the account
// lacks the right to search the attribute, or an index is broken), and nothing
// is concluded from it.
//
// An id that the id attribute can't hold is nowhere. After a Read, the server is
// asked that answered that, and no other.
func (s *Source) Lookup(ctx context.Context, ids []dirsync.SourceID) (map[dirsync.SourceID]dirsync.Whereabouts, error) {
	found := make(map[dirsync.SourceID]dirsync.Whereabouts, len(ids))
	for _, id := range ids {
		found[id] = dirsync.Whereabouts{}
	}
	if len(ids) == 0 {
		return found, nil
	}
	err := s.look(ctx, func(ctx context.Context, c *conn, v view) error {
		err := s.searchIDs(ctx, c, s.tops(v.contexts), ids, nil, func(id dirsync.SourceID, entry *ldap.Entry) {
			found[id] = dirsync.Whereabouts{Present: true, DN: entry.DN}
		})
		if err != nil {
			return err
		}
		if err := s.lookupInScope(ctx, c, ids, found); err != nil {
			return err
		}
		return s.lookupGroups(ctx, c, v, found)
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// lookupGroups reads the groups afresh, if any of the people is in scope.
func (s *Source) lookupGroups(ctx context.Context, c *conn, v view, found map[dirsync.SourceID]dirsync.Whereabouts) error {
	people := make(map[*dirsync.Person]struct{}) // one may be found under two ids
	for _, where := range found {
		if where.Person != nil {
			people[where.Person] = struct{}{}
		}
	}
	if len(people) == 0 {
		return nil
	}
	groups, err := s.readGroups(ctx, c, v)
	if err != nil {
		return err
	}
	s.mu.Lock()
	enrol := enrolment{s: s, c: c, r: groups, known: s.twins}
	s.mu.Unlock()
	for person := range people {
		err := enrol.add(ctx, *person, func(p dirsync.Person) error {
			*person = p
			return nil
		})
		if err != nil {
			return err
		}
	}
	return enrol.end(ctx)
}

// lookupInScope searches the bases with the users' filter.
func (s *Source) lookupInScope(ctx context.Context, c *conn, ids []dirsync.SourceID, found map[dirsync.SourceID]dirsync.Whereabouts) error {
	for _, batch := range s.batches(ids) {
		for i, b := range s.bases {
			q := query{
				base: b.Text, scope: s.scope, filter: "(&" + s.opts.Users.Filter + batch.terms + ")",
				attrs: s.attributes, key: "ldap.users.base_dns", look: true,
			}
			err := s.search(ctx, c, q, func(entry *ldap.Entry) error {
				person, err := s.decoder.person(entry)
				if err != nil {
					return err
				}
				person.Base = s.baseName(i)
				return assign(batch.ids, person.ID, func(id dirsync.SourceID) {
					if p := found[id].Person; p == nil || p.ID != id && person.ID == id {
						found[id] = dirsync.Whereabouts{Present: true, DN: person.DN, Person: &person}
					}
				})
			})
			if err != nil {
				return fmt.Errorf("looking for %d persons by %s: %w", len(batch.ids), s.decoder.idName, err)
			}
		}
	}
	return nil
}

// searchIDs finds ids below naming contexts, and gives each with its entry. Every
// doubt is an error; also when ids that the last read saw are asked for along with
// the others and none of them comes back.
func (s *Source) searchIDs(ctx context.Context, c *conn, tops []top, ids []dirsync.SourceID, attrs []string,
	visit func(dirsync.SourceID, *ldap.Entry),
) error {
	s.mu.Lock()
	seen := s.probes
	s.mu.Unlock()
	for _, batch := range s.batches(ids) {
		for _, t := range tops {
			var probes []dirsync.SourceID
			for _, base := range t.bases {
				if seen != nil {
					probes = append(probes, seen[base]...)
				}
			}
			if err := s.searchBatch(ctx, c, t.Text, batch, probes, attrs, visit); err != nil {
				return fmt.Errorf("looking for %d entries by %s: %w", len(batch.ids), s.decoder.idName, err)
			}
		}
	}
	return nil
}

// searchBatch searches below one naming context for one batch.
func (s *Source) searchBatch(ctx context.Context, c *conn, dn string, batch idBatch, probes []dirsync.SourceID, attrs []string,
	visit func(dirsync.SourceID, *ldap.Entry),
) error {
	works := len(probes) == 0
	q := query{
		base: dn, scope: ldap.ScopeWholeSubtree, filter: "(|" + batch.terms + s.anyOf(probes) + ")",
		attrs: append([]string{s.decoder.idName}, attrs...), key: "that the account may read the whole suffix", look: true,
	}
	if len(probes) == 0 {
		q.filter = batch.terms
	}
	err := s.search(ctx, c, q, func(entry *ldap.Entry) error {
		id, err := s.decoder.idOf(entry)
		if err != nil {
			return &idError{err}
		}
		if slices.Contains(probes, id) {
			works = true
			if !slices.Contains(batch.ids, id) {
				return nil
			}
		}
		return assign(batch.ids, id, func(id dirsync.SourceID) { visit(id, entry) })
	})
	if err == nil && !works {
		err = dirsync.WithHint(
			fmt.Errorf("search below %q: %s of persons that were just read are not found by searching for them", dn, s.decoder.idName),
			"let the account search (not only read) "+s.decoder.idName+", check that attribute's index, and run again")
	}
	return err
}

// assign hands every asked id that an entry's id may stand for to found: the
// very one, and those that differ from it in case only, as most attributes are
// compared without.
func assign(asked []dirsync.SourceID, id dirsync.SourceID, found func(dirsync.SourceID)) error {
	matched := false
	for _, other := range asked {
		if strings.EqualFold(strings.TrimSpace(string(other)), strings.TrimSpace(string(id))) {
			found(other)
			matched = true
		}
	}
	if !matched {
		return fmt.Errorf("the server answered with id %q, which was not asked for", id)
	}
	return nil
}

// idBatch are ids that are asked for at once, and the filter for them.
type idBatch struct {
	ids   []dirsync.SourceID
	terms string
}

// batches makes batches of the ids that can be one, each once.
func (s *Source) batches(ids []dirsync.SourceID) []idBatch {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id dirsync.SourceID) bool {
		_, err := s.decoder.id.assertion(id)
		return err != nil
	})
	slices.Sort(ids)
	var all []idBatch
	for batch := range slices.Chunk(slices.Compact(ids), lookupBatch) {
		all = append(all, idBatch{batch, s.anyOf(batch)})
	}
	return all
}

// anyOf is a filter for any of the ids, which can be one.
func (s *Source) anyOf(ids []dirsync.SourceID) string {
	var out strings.Builder
	out.WriteString("(|")
	for _, id := range ids {
		if value, err := s.decoder.id.assertion(id); err == nil {
			out.WriteString("(" + s.decoder.idName + "=" + value + ")")
		}
	}
	out.WriteString(")")
	return out.String()
}
