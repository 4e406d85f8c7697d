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
func (s *Source) Lookup(ctx context.Context, ids []dirsync.SourceID) (map[dirsync.SourceID]dirsync.Whereabouts, error) {
	found := make(map[dirsync.SourceID]dirsync.Whereabouts, len(ids))
	if len(ids) == 0 {
		return found, nil
	}
	ctx, untie := s.tie(ctx)
	defer untie()
	c, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer c.close()
	suffixes, err := s.suffixes(ctx, c)
	if err != nil {
		return nil, err
	}
	ids = slices.Clone(ids)
	slices.Sort(ids)
	for batch := range slices.Chunk(slices.Compact(ids), lookupBatch) {
		if err := s.lookupBatch(ctx, c, suffixes, batch, found); err != nil {
			return nil, fmt.Errorf("looking for %d persons by %s: %w", len(batch), s.decoder.idName, err)
		}
	}
	if err := s.lookupGroups(ctx, c, found); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return found, nil
}

// lookupGroups reads the groups afresh, if any of the people is in scope.
func (s *Source) lookupGroups(ctx context.Context, c *conn, found map[dirsync.SourceID]dirsync.Whereabouts) error {
	people := make(map[*dirsync.Person]struct{}) // one may be found under two ids
	for _, where := range found {
		if where.Person != nil {
			people[where.Person] = struct{}{}
		}
	}
	if len(people) == 0 {
		return nil
	}
	groups, err := s.readGroups(ctx, c)
	if err != nil {
		return err
	}
	for person := range people {
		if err := s.addGroups(groups, person); err != nil {
			return err
		}
	}
	return nil
}

func (s *Source) lookupBatch(ctx context.Context, c *conn, suffixes []suffix, ids []dirsync.SourceID,
	found map[dirsync.SourceID]dirsync.Whereabouts,
) error {
	for _, id := range ids {
		found[id] = dirsync.Whereabouts{}
	}
	for _, suffix := range suffixes {
		if err := s.lookupBelow(ctx, c, suffix, ids, found); err != nil {
			return err
		}
	}
	terms, err := s.anyOf(ids)
	if err != nil {
		return err
	}
	for _, b := range s.bases {
		q := query{
			base: b.text, scope: s.scope, filter: "(&" + s.opts.Users.Filter + terms + ")",
			attrs: s.attributes, key: "ldap.users.base_dns",
		}
		err := s.search(ctx, c, q, func(entry *ldap.Entry) error {
			person, err := s.decoder.person(entry)
			if err != nil {
				return err
			}
			return assign(ids, person.ID, func(id dirsync.SourceID) {
				if p := found[id].Person; p == nil || p.ID != id {
					found[id] = dirsync.Whereabouts{Present: true, DN: person.DN, Person: &person}
				}
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// lookupBelow searches a whole suffix.
func (s *Source) lookupBelow(ctx context.Context, c *conn, in suffix, ids []dirsync.SourceID,
	found map[dirsync.SourceID]dirsync.Whereabouts,
) error {
	terms, err := s.anyOf(append(slices.Clone(ids), in.probes...))
	if err != nil {
		return err
	}
	works := len(in.probes) == 0
	q := query{
		base: in.dn, scope: ldap.ScopeWholeSubtree, filter: terms,
		attrs: []string{s.decoder.idName}, key: "that the account may read the whole suffix",
	}
	err = s.search(ctx, c, q, func(entry *ldap.Entry) error {
		person, err := s.decoder.person(entry) // of the id alone
		if err != nil {
			return err
		}
		id := person.ID
		if slices.Contains(in.probes, id) {
			works = true
			if !slices.Contains(ids, id) {
				return nil
			}
		}
		return assign(ids, id, func(id dirsync.SourceID) {
			found[id] = dirsync.Whereabouts{Present: true, DN: entry.DN}
		})
	})
	if err == nil && !works {
		err = dirsync.WithHint(
			fmt.Errorf("search below %q: %s of persons that were just read are not found by searching for them", in.dn, s.decoder.idName),
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

// anyOf is a filter for any of the ids.
func (s *Source) anyOf(ids []dirsync.SourceID) (string, error) {
	var out strings.Builder
	out.WriteString("(|")
	for _, id := range ids {
		value, err := s.decoder.id.assertion(id)
		if err != nil {
			return "", err
		}
		out.WriteString("(" + s.decoder.idName + "=" + value + ")")
	}
	out.WriteString(")")
	return out.String(), nil
}

// suffix is the top of a tree that is searched whole.
type suffix struct {
	dn     string
	probes []dirsync.SourceID // ids that must be there, for all we know
}

// suffixes returns the naming contexts that hold the bases. For a base that the
// server names no context for, it is the base's root.
func (s *Source) suffixes(ctx context.Context, c *conn) ([]suffix, error) {
	contexts, err := s.namingContexts(ctx, c)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	probes := s.probes
	s.mu.Unlock()

	var all []suffix
	add := func(dn string, base int) {
		at := slices.IndexFunc(all, func(other suffix) bool { return other.dn == dn })
		if at < 0 {
			at, all = len(all), append(all, suffix{dn: dn})
		}
		if probes != nil {
			all[at].probes = append(all[at].probes, probes[base]...)
		}
	}
	for i, b := range s.bases {
		known := false
		for _, text := range contexts {
			// The empty context stands for the whole server; it is no base
			// that every server searches.
			if dn, err := parseBase(text); err == nil && holds(dn, b.dn) {
				add(text, i)
				known = true
			}
		}
		if !known {
			add(rootOf(b.dn).String(), i)
		}
	}
	return all, nil
}
