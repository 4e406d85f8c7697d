package ldapsrc

import (
	"context"
	"fmt"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/conn"
	dirsync "duosync/sync"
)

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
	err := s.session.Ask(ctx, func(ctx context.Context, c *conn.Conn, state conn.State) error {
		if err := s.lookupAnywhere(ctx, c, state.Contexts, ids, found); err != nil {
			return err
		}
		if err := s.lookupInScope(ctx, c, ids, found); err != nil {
			return err
		}
		return s.lookupGroups(ctx, c, state.Contexts, found)
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// lookupAnywhere searches the whole suffix.
func (s *Source) lookupAnywhere(ctx context.Context, c *conn.Conn, contexts []conn.NamingContext, ids []dirsync.SourceID, found map[dirsync.SourceID]dirsync.Whereabouts) error {
	standings := s.newStandings(ctx, c)
	return s.searchIDs(ctx, c, contexts, ids, s.decoder.Requested.Names, func(id dirsync.SourceID, entry *ldap.Entry) error {
		person, err := standings.person(ctx, entry)
		if err != nil {
			return err
		}
		found[id] = dirsync.Whereabouts{Present: true, DN: entry.DN, Outside: &person}
		return nil
	})
}

// lookupGroups reads the groups afresh, if any of the people is in scope.
func (s *Source) lookupGroups(ctx context.Context, c *conn.Conn, contexts []conn.NamingContext, found map[dirsync.SourceID]dirsync.Whereabouts) error {
	people := make(map[*dirsync.Person]struct{}) // one may be found under two ids
	for _, where := range found {
		if where.Person != nil {
			people[where.Person] = struct{}{}
		}
	}
	if len(people) == 0 {
		return nil
	}
	groups, err := s.groups.Read(ctx, c, contexts)
	if err != nil {
		return err
	}
	matcher := s.groups.NewMatcher(c, groups, s.remembered().namesakes)
	for person := range people {
		err := matcher.Add(ctx, *person, s.withoutHidden(func(p dirsync.Person) error {
			*person = p
			return nil
		}))
		if err != nil {
			return err
		}
	}
	return matcher.End(ctx)
}

// lookupInScope searches the bases with the users' filter.
func (s *Source) lookupInScope(ctx context.Context, c *conn.Conn, ids []dirsync.SourceID, found map[dirsync.SourceID]dirsync.Whereabouts) error {
	standings := s.newStandings(ctx, c)
	for _, batch := range s.batches(ids) {
		for i, base := range s.bases {
			q := conn.Query{
				Base: base.Text, Scope: s.scope, Filter: "(&" + s.users.Filter + batch.terms + ")",
				Attrs: s.decoder.Requested.Names, Check: "ldap.users.base_dns", Narrow: true,
			}
			err := c.Search(ctx, q, func(entry *ldap.Entry) error {
				person, err := standings.person(ctx, entry)
				if err != nil {
					return err
				}
				person.Base = s.baseName(i)
				return assign(batch.ids, person.ID, func(id dirsync.SourceID) error {
					if p := found[id].Person; p == nil || p.ID != id && person.ID == id {
						found[id] = dirsync.Whereabouts{Present: true, DN: person.DN, Person: &person}
					}
					return nil
				})
			})
			if err != nil {
				return fmt.Errorf("looking for %d people by %s: %w", len(batch.ids), s.decoder.ID.Name, err)
			}
		}
	}
	return nil
}
