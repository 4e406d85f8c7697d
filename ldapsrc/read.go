package ldapsrc

import (
	"context"
	"fmt"

	"github.com/go-ldap/ldap/v3"

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
// bytes for each person, by which one that comes twice is known, and 20 bytes for
// each member of the groups that count.
func (s *Source) Read(ctx context.Context, visit func(dirsync.Person) error) (dirsync.ReadInfo, error) {
	ctx, untie := s.tie(ctx)
	defer untie()
	var info dirsync.ReadInfo
	c, err := s.connect(ctx)
	if err != nil {
		return info, err
	}
	defer c.close()
	info.Server = c.url

	groups, err := s.readGroups(ctx, c)
	if err != nil {
		return info, err
	}
	if groups != nil {
		info.Groups = groups.found
	}
	seen := make(sightings)
	probes := make([][]dirsync.SourceID, len(s.bases))
	for i, b := range s.bases {
		q := query{base: b.text, scope: s.scope, filter: s.opts.Users.Filter, attrs: s.attributes, key: "ldap.users.base_dns"}
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
			if len(probes[i]) < probesPerBase {
				probes[i] = append(probes[i], person.ID)
			}
			if err := s.addGroups(groups, &person); err != nil {
				return err
			}
			info.Read++
			return visit(person)
		})
		if err != nil {
			return info, err
		}
	}
	if ctx.Err() != nil {
		return info, context.Cause(ctx)
	}
	s.mu.Lock()
	s.probes = probes
	s.mu.Unlock()
	return info, nil
}

// sightings are the ids that a read has met, and below which base.
type sightings map[digest]int32

// note remembers id. Where it was met before, it tells below which base.
func (s sightings) note(id dirsync.SourceID, base int) (before int, again bool) {
	key := digestOf(string(id))
	if at, ok := s[key]; ok {
		return int(at), true
	}
	s[key] = int32(base) //nolint:gosec // there are not that many bases
	return 0, false
}
