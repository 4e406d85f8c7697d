package ldapsrc

import (
	"context"
	"fmt"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/dn"
	dirsync "duosync/sync"
)

// LookupGroups finds groups by id anywhere under the suffix (the naming contexts that
// hold the users' bases), and those without one by DN; neither the groups' bases nor
// their filter matter. The answer is by [dirsync.GroupEntry.Key] and tells id, name,
// DN and stamp; what is not in it is gone. Doubts are errors, and the server is that
// of the last Read, as with Lookup.
func (s *Source) LookupGroups(ctx context.Context, groups []dirsync.GroupEntry) (map[string]dirsync.GroupEntry, error) {
	found := make(map[string]dirsync.GroupEntry, len(groups))
	var (
		ids []dirsync.SourceID
		dns []dirsync.GroupEntry
	)
	for _, g := range groups {
		if g.ID != "" {
			ids = append(ids, g.ID)
		} else {
			dns = append(dns, g)
		}
	}
	if len(groups) == 0 {
		return found, nil
	}
	err := s.look(ctx, func(ctx context.Context, c *conn, v view) error {
		err := s.searchIDs(ctx, c, s.tops(v.contexts), ids, s.nameAndStamp(), func(id dirsync.SourceID, entry *ldap.Entry) {
			g := s.groupFound(entry)
			g.ID = id
			found[g.Key()] = g
		})
		if err != nil {
			return fmt.Errorf("looking for groups: %w", err)
		}
		for _, g := range dns {
			if err := s.lookupGroupAt(ctx, c, g, found); err != nil {
				return fmt.Errorf("looking for the group %q: %w", g.DN, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// nameAndStamp are the attributes that LookupGroups tells. Without groups configured
// there is no name.
func (s *Source) nameAndStamp() []string {
	attrs := s.stampAttributes()
	if name := s.opts.Groups.NameAttribute; name != "" {
		attrs = append(attrs, name)
	}
	return attrs
}

func (s *Source) groupFound(entry *ldap.Entry) dirsync.GroupEntry {
	return dirsync.GroupEntry{Name: groupName(entry, s.opts.Groups.NameAttribute), DN: entry.DN, Stamp: s.stampOf(entry)}
}

// lookupGroupAt finds a group by its DN.
func (s *Source) lookupGroupAt(ctx context.Context, c *conn, g dirsync.GroupEntry, found map[string]dirsync.GroupEntry) error {
	if _, err := dn.Parse(g.DN); err != nil {
		return err
	}
	result, err := c.at(ctx, g.DN, anyEntry, true, append(s.nameAndStamp(), s.decoder.idName)...)
	if code, answered := resultCode(err); answered && code == ldap.LDAPResultNoSuchObject {
		return nil
	}
	if err != nil {
		return s.explainSearch(err, query{base: g.DN}, 0)
	}
	if len(result.Entries) != 1 {
		return dirsync.WithHint(fmt.Errorf("the server does not say that %q is gone, and does not show it", g.DN), hintRights)
	}
	now := s.groupFound(result.Entries[0])
	now.ID = s.groupID(result.Entries[0])
	found[g.Key()] = now
	return nil
}
