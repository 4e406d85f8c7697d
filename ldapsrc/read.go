package ldapsrc

import (
	"context"
	"fmt"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/conn"
	"duosync/ldapsrc/decode"
	"duosync/ldapsrc/membership"
	dirsync "duosync/sync"
)

// samplesPerBase is how many ids of each base a read keeps for Lookup to test
// its searches with.
const samplesPerBase = 3

// Read streams every person below the bases. It fails rather than leave one
// out; what it failed with carries advice (dirsync.Hint). On an error the
// ReadInfo tells how far it got.
//
// The groups are read first: one that can't be read fails the read before the
// first visit.
//
// A person under two nested bases comes once. Memory is that of two pages, some 30
// bytes for each person, by which one that comes twice is known, and 32 bytes for
// each member of the groups that count; beside, up to 1,000 people wait for the end
// of the read whom groups name in other letters than the directory.
//
// The connection of a complete read is kept for Lookup, LookupGroups and Stamps.
func (s *Source) Read(ctx context.Context, visit func(dirsync.Person) error) (dirsync.ReadInfo, error) {
	var (
		info dirsync.ReadInfo
		seen memory
	)
	err := s.session.Read(ctx, func(ctx context.Context, c *conn.Conn) (state conn.State, err error) {
		info.Server = c.URL()
		state, seen, err = s.readOver(ctx, c, &info, visit)
		return state, err
	})
	if err != nil {
		return info, err
	}
	s.remember(seen)
	return info, nil
}

// readOver reads the directory over a connection. It gives what the server says of
// itself at the end; what it said at the beginning is in info.
func (s *Source) readOver(ctx context.Context, c *conn.Conn, info *dirsync.ReadInfo, visit func(dirsync.Person) error) (conn.State, memory, error) {
	state, err := c.Describe(ctx, s.bases)
	if err != nil {
		return state, memory{}, err
	}
	// All that is read is at least as new as the marker.
	info.Identity, info.Marker, info.Certificate = state.Identity, state.Marker, state.Certificate
	for i := range s.bases {
		if name := s.baseName(i); name != "" {
			info.Bases = append(info.Bases, name)
		}
	}
	groups, err := s.groups.Read(ctx, c, state.Contexts)
	if err != nil {
		return state, memory{}, err
	}
	info.Groups, info.Nested = groups.Report()
	matcher := s.groups.NewMatcher(c, groups, nil)
	ends := s.named
	samples, err := s.readPeople(ctx, c, matcher, ends.watch(func(p dirsync.Person) error {
		info.Read++
		return visit(p)
	}))
	if err != nil {
		return state, memory{}, err
	}
	if err := ends.check(ctx, c, s.bases[0]); err != nil {
		return state, memory{}, err
	}
	info.Groups, info.Nested = groups.Report()
	if info.Warnings, err = s.groups.Warnings(ctx, c, groups); err != nil {
		return state, memory{}, err
	}
	info.CutAt, info.Searches = c.Limit()
	state, err = c.Describe(ctx, s.bases)
	return state, memory{samples, matcher.Namesakes()}, err
}

// readPeople reads everybody, base by base. It gives, by base, some of the ids.
func (s *Source) readPeople(ctx context.Context, c *conn.Conn, matcher *membership.Matcher, visit func(dirsync.Person) error) ([][]dirsync.SourceID, error) {
	visit = s.withoutHidden(visit)
	samples := make([][]dirsync.SourceID, len(s.bases))
	seen := newSightings(len(s.bases))
	standings := s.newStandings(ctx, c)
	for i, base := range s.bases {
		q := conn.Query{Base: base.Text, Scope: s.scope, Filter: s.users.Filter, Attrs: s.decoder.Requested.Names, Check: "ldap.users.base_dns", Split: []string{s.decoder.ID.Name}}
		err := c.Search(ctx, q, func(entry *ldap.Entry) error {
			person, err := standings.person(ctx, entry)
			if err != nil {
				return err
			}
			if before, again := seen.note(person.ID, i); again {
				if before != i && s.overlap(before, i) {
					return nil
				}
				return s.twice(&person)
			}
			if len(samples[i]) < samplesPerBase {
				samples[i] = append(samples[i], person.ID)
			}
			person.Base = s.baseName(i)
			return matcher.Add(ctx, person, visit)
		})
		if err != nil {
			return nil, err
		}
	}
	return samples, matcher.End(ctx)
}

func (s *Source) twice(p *dirsync.Person) error {
	return decode.AsErrID(dirsync.WithHint(
		fmt.Errorf("entry %q: id %q came twice in one read (%s)", p.DN, p.ID, s.decoder.ID.Name),
		"the entry was moved while it was read: run again. If it stays so, "+s.decoder.ID.Name+
			" is not unique: set ldap.users.id_attribute to one that is"))
}

// overlap reports whether a search below one of the bases can return an entry
// of the other.
func (s *Source) overlap(i, j int) bool {
	if i == j {
		return true
	}
	return s.scope == ldap.ScopeWholeSubtree && (s.bases[i].Holds(s.bases[j]) || s.bases[j].Holds(s.bases[i]))
}
