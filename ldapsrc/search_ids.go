package ldapsrc

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/conn"
	dirsync "duosync/sync"
)

// lookupBatch is the number of ids in one filter. Servers bound the length of a
// filter, and some the number of its terms.
const lookupBatch = 50

// searchIDs finds ids below naming contexts, and gives each with its entry. Every
// doubt is an error; also when ids that the last read saw are asked for along with
// the others and none of them comes back.
func (s *Source) searchIDs(ctx context.Context, c *conn.Conn, contexts []conn.NamingContext, ids []dirsync.SourceID, attrs []string,
	visit func(dirsync.SourceID, *ldap.Entry) error,
) error {
	seen := s.remembered().samples
	for _, batch := range s.batches(ids) {
		for _, nc := range contexts {
			var samples []dirsync.SourceID
			for _, base := range nc.Bases {
				if seen != nil {
					samples = append(samples, seen[base]...)
				}
			}
			if err := s.searchBatch(ctx, c, nc.Text, batch, samples, attrs, visit); err != nil {
				return fmt.Errorf("looking for %d entries by %s: %w", len(batch.ids), s.decoder.ID.Name, err)
			}
		}
	}
	return nil
}

// searchBatch searches below one naming context for one batch.
func (s *Source) searchBatch(ctx context.Context, c *conn.Conn, base string, batch idBatch, samples []dirsync.SourceID, attrs []string,
	visit func(dirsync.SourceID, *ldap.Entry) error,
) error {
	works := len(samples) == 0
	q := conn.Query{
		Base: base, Scope: ldap.ScopeWholeSubtree, Filter: batch.terms,
		Attrs: slices.Concat([]string{s.decoder.ID.Name}, attrs), Check: "that the account may read the whole suffix", Narrow: true,
	}
	if !works {
		q.Filter = "(|" + batch.terms + s.decoder.ID.AnyOf(samples) + ")"
	}
	err := c.Search(ctx, q, func(entry *ldap.Entry) error {
		id, err := s.decoder.IDOf(entry)
		if err != nil {
			return err
		}
		if slices.Contains(samples, id) {
			works = true
			if !slices.Contains(batch.ids, id) {
				return nil
			}
		}
		return assign(batch.ids, id, func(id dirsync.SourceID) error { return visit(id, entry) })
	})
	if err == nil && !works {
		err = dirsync.WithHint(
			fmt.Errorf("search below %q: %s of people who were just read are not found by searching for them", base, s.decoder.ID.Name),
			"let the account search (not only read) "+s.decoder.ID.Name+", check that attribute's index, and run again")
	}
	return err
}

// assign hands every asked id that an entry's id may stand for to found: the
// very one, and those that differ from it in case only, as most attributes are
// compared without.
func assign(asked []dirsync.SourceID, id dirsync.SourceID, found func(dirsync.SourceID) error) error {
	matched := false
	for _, other := range asked {
		if strings.EqualFold(strings.TrimSpace(string(other)), strings.TrimSpace(string(id))) {
			matched = true
			if err := found(other); err != nil {
				return err
			}
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
	ids = slices.DeleteFunc(slices.Clone(ids), func(id dirsync.SourceID) bool { return !s.decoder.ID.CanHold(id) })
	slices.Sort(ids)
	var all []idBatch
	for batch := range slices.Chunk(slices.Compact(ids), lookupBatch) {
		all = append(all, idBatch{batch, s.decoder.ID.AnyOf(batch)})
	}
	return all
}
