package ldapsrc

import (
	"context"
	"fmt"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/dn"
	dirsync "duosync/sync"
)

// probesPerBase is how many ids of each base a read keeps for Lookup to test
// its searches with.
const probesPerBase = 3

// Read streams every person below the bases. It fails rather than leave one
// out; what it failed with carries advice (dirsync.Hint). On an error the
// ReadInfo tells how far it got.
//
// The groups are read first: one that can't be read fails the read before the
// first visit.
//
// A person under two nested bases comes once. Memory is that of one page, some 30
// bytes for each person, by which one that comes twice is known, and 32 bytes for
// each member of the groups that count; beside, up to 1,000 people wait for the end
// of the read whom groups name in other letters than the directory.
//
// The connection of a complete read is kept for Lookup, LookupGroups and Stamps.
func (s *Source) Read(ctx context.Context, visit func(dirsync.Person) error) (dirsync.ReadInfo, error) {
	ctx, untie := s.tie(ctx)
	defer untie()
	var info dirsync.ReadInfo
	c, err := s.connect(ctx)
	if err != nil {
		return info, err
	}
	info.Server = c.url
	next, enrol, err := s.readOver(ctx, c, &info, visit)
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		c.close()
		return info, err
	}
	if err := s.keep(ctx, next); err != nil {
		return info, err
	}
	s.mu.Lock()
	s.probes, s.twins = enrol.probes, enrol.twins()
	s.mu.Unlock()
	return info, nil
}

// readOver reads the directory over a connection. It gives what the server says of
// itself at the end; what it said at the beginning is in info.
func (s *Source) readOver(ctx context.Context, c *conn, info *dirsync.ReadInfo, visit func(dirsync.Person) error) (*session, *enrolment, error) {
	v, err := s.describe(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	// All that is read is at least as new as the marker.
	info.Identity, info.Marker = v.identity, v.marker
	for i := range s.bases {
		if name := s.baseName(i); name != "" {
			info.Bases = append(info.Bases, name)
		}
	}
	groups, err := s.readGroups(ctx, c, v)
	if err != nil {
		return nil, nil, err
	}
	if groups != nil {
		info.Groups, info.Nested = groups.report()
	}
	enrol := &enrolment{s: s, c: c, r: groups, probes: make([][]dirsync.SourceID, len(s.bases))}
	err = s.readPeople(ctx, c, enrol, func(p dirsync.Person) error {
		info.Read++
		return visit(p)
	})
	if err != nil {
		return nil, nil, err
	}
	if groups != nil {
		info.Groups, info.Nested = groups.report()
		if info.Warnings, err = s.looseWarnings(ctx, c, groups); err != nil {
			return nil, nil, err
		}
	}
	if v, err = s.describe(ctx, c); err != nil {
		return nil, nil, err
	}
	return &session{c: c, view: v}, enrol, nil
}

// readPeople reads everybody, base by base.
func (s *Source) readPeople(ctx context.Context, c *conn, enrol *enrolment, visit func(dirsync.Person) error) error {
	seen := make(sightings)
	for i, b := range s.bases {
		q := query{base: b.Text, scope: s.scope, filter: s.opts.Users.Filter, attrs: s.attributes, key: "ldap.users.base_dns"}
		err := s.search(ctx, c, q, func(entry *ldap.Entry) error {
			person, err := s.decoder.person(entry)
			if err != nil {
				return err
			}
			if before, again := seen.note(person.ID, i); again {
				if before != i && s.overlap(before, i) {
					return nil
				}
				return &idError{dirsync.WithHint(
					fmt.Errorf("entry %q: id %q came twice in one read (%s)", person.DN, person.ID, s.decoder.idName),
					"the entry was moved while it was read: run again. If it stays so, "+s.decoder.idName+
						" is not unique: set ldap.users.id_attribute to one that is")}
			}
			if len(enrol.probes[i]) < probesPerBase {
				enrol.probes[i] = append(enrol.probes[i], person.ID)
			}
			person.Base = s.baseName(i)
			return enrol.add(ctx, person, visit)
		})
		if err != nil {
			return err
		}
	}
	return enrol.end(ctx)
}

// baseName is how a person's base is told: where there is one only, it is not.
func (s *Source) baseName(at int) string {
	if len(s.bases) < 2 {
		return ""
	}
	return s.bases[at].Folded
}

// sightings are the ids that a read has met, and below which base.
type sightings map[dn.Digest]int32

// note remembers id. Where it was met before, it tells below which base.
func (s sightings) note(id dirsync.SourceID, base int) (before int, again bool) {
	key := dn.DigestOf(string(id))
	if at, ok := s[key]; ok {
		return int(at), true
	}
	s[key] = int32(base) //nolint:gosec // there are not that many bases
	return 0, false
}
