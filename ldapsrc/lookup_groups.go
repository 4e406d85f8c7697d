package ldapsrc

import (
	"cmp"
	"context"
	"fmt"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/conn"
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
	err := s.session.Ask(ctx, func(ctx context.Context, c *conn.Conn, state conn.State) error {
		err := s.searchIDs(ctx, c, state.Contexts, ids, s.nameAndStamp(), func(id dirsync.SourceID, entry *ldap.Entry) error {
			g := s.groupFound(entry)
			g.ID = id
			found[g.Key()] = g
			return nil
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
	attrs := s.decoder.StampAttributes()
	if name := s.groups.NameAttribute; name != "" {
		attrs = append(attrs, name)
	}
	return attrs
}

func (s *Source) groupFound(entry *ldap.Entry) dirsync.GroupEntry {
	return dirsync.GroupEntry{Name: s.groups.NameOf(entry), DN: entry.DN, Stamp: s.decoder.Stamp(entry)}
}

// lookupGroupAt finds a group by its DN.
func (s *Source) lookupGroupAt(ctx context.Context, c *conn.Conn, g dirsync.GroupEntry, found map[string]dirsync.GroupEntry) error {
	if _, err := dn.Parse(g.DN); err != nil {
		return err
	}
	answer, err := c.At(ctx, conn.Query{Base: g.DN, Filter: conn.AnyEntry, Attrs: append(s.nameAndStamp(), s.decoder.ID.Name), Narrow: true})
	switch {
	case err != nil:
		return err
	case answer.Code == ldap.LDAPResultNoSuchObject:
		return nil
	case answer.Refusal != nil:
		return answer.Refusal
	case answer.Entry() == nil:
		return dirsync.WithHint(fmt.Errorf("the server does not say that %q is gone, and does not show it", g.DN), conn.HintRights)
	}
	now := s.groupFound(answer.Entry())
	now.ID = s.decoder.ID.OfGroup(answer.Entry())
	found[g.Key()] = now
	return nil
}

// StillMembers reports whether any of these people says to be in a group by an
// attribute of their own (memberOf), though the group does not show them. Where there
// is no such attribute, or it can't be read, nobody does.
func (s *Source) StillMembers(ctx context.Context, group dirsync.GroupEntry, ids []dirsync.SourceID) (still bool, err error) {
	memberOf := cmp.Or(s.groups.MemberOf, "memberOf") // Active Directory; OpenLDAP and 389 with an overlay or plugin
	err = s.session.Ask(ctx, func(ctx context.Context, c *conn.Conn, state conn.State) error {
		for _, batch := range s.batches(ids) {
			for _, nc := range state.Contexts {
				err := c.Search(ctx, conn.Query{
					Base: nc.Text, Scope: ldap.ScopeWholeSubtree, Filter: "(&" + batch.terms + "(" + memberOf + "=" + ldap.EscapeFilter(group.DN) + "))",
					Attrs: []string{s.decoder.ID.Name}, Narrow: true,
				}, func(*ldap.Entry) error {
					still = true
					return nil
				})
				if err != nil && !conn.IsAnswer(err) {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("asking whether people say to be in the group %q: %w", group.DN, err)
	}
	return still, nil
}
