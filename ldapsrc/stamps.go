package ldapsrc

import (
	"context"
	"fmt"
	"slices"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/dn"
	dirsync "duosync/sync"
)

// stampAttributes are those to ask for.
func (s *Source) stampAttributes() []string {
	var names []string
	for _, stamp := range s.kind.Stamps {
		names = append(names, stamp.Attributes...)
	}
	return names
}

// stampOf gives an entry's stamp, or "". It begins with its kind.
func (s *Source) stampOf(entry *ldap.Entry) string {
	for _, stamp := range s.kind.Stamps {
		for _, name := range stamp.Attributes {
			if values := dn.Values(entry, name); len(values) > 0 {
				return stamp.Kind + " " + values[0]
			}
		}
	}
	return ""
}

// StillMembers reports whether any of these people says to be in a group by an
// attribute of their own (memberOf), though the group does not show them. Where there
// is no such attribute, or it can't be read, nobody does.
func (s *Source) StillMembers(ctx context.Context, group dirsync.GroupEntry, ids []dirsync.SourceID) (still bool, err error) {
	const memberOf = "memberOf" // Active Directory; OpenLDAP and 389 with an overlay or plugin
	err = s.look(ctx, func(ctx context.Context, c *conn, v view) error {
		for _, batch := range s.batches(ids) {
			for _, t := range s.tops(v.contexts) {
				err := s.search(ctx, c, query{
					base: t.Text, scope: ldap.ScopeWholeSubtree, filter: "(&" + batch.terms + "(" + memberOf + "=" + ldap.EscapeFilter(group.DN) + "))",
					attrs: []string{s.decoder.idName}, look: true,
				}, func(*ldap.Entry) error {
					still = true
					return nil
				})
				if _, answered := resultCode(err); err != nil && !answered {
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

// Stamps gives when entries were changed last, in the server's own words: those of
// ids anywhere under the suffix, and those of DNs. What is not found, can't be one,
// is on another server or shows no stamp is left out. After a Read it asks the server
// that answered that.
func (s *Source) Stamps(ctx context.Context, ids []dirsync.SourceID, dns []string) (byID map[dirsync.SourceID]string, byDN map[string]string, err error) {
	byID, byDN = make(map[dirsync.SourceID]string), make(map[string]string)
	if len(ids) == 0 && len(dns) == 0 {
		return byID, byDN, nil
	}
	err = s.look(ctx, func(ctx context.Context, c *conn, v view) error {
		err := s.searchIDs(ctx, c, s.tops(v.contexts), ids, s.stampAttributes(), func(id dirsync.SourceID, entry *ldap.Entry) {
			if stamp := s.stampOf(entry); stamp != "" {
				byID[id] = stamp
			}
		})
		if err != nil {
			return err
		}
		for _, text := range dns {
			stamp, err := s.stampAt(ctx, c, text)
			if err != nil {
				return err
			}
			if stamp != "" {
				byDN[text] = stamp
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("looking when entries were changed: %w", err)
	}
	return byID, byDN, nil
}

// stampAt gives the stamp of the entry of a DN, or "".
func (s *Source) stampAt(ctx context.Context, c *conn, text string) (string, error) {
	if _, err := dn.Parse(text); err != nil {
		return "", nil //nolint:nilerr // no entry has such a DN
	}
	result, err := c.at(ctx, text, anyEntry, true, s.stampAttributes()...)
	code, answered := resultCode(err)
	switch {
	case err == nil && len(result.Entries) == 1:
		return s.stampOf(result.Entries[0]), nil
	case err == nil, answered && slices.Contains([]uint16{
		ldap.LDAPResultNoSuchObject, ldap.LDAPResultInvalidDNSyntax, ldap.LDAPResultReferral, ldap.LDAPResultInsufficientAccessRights,
	}, code):
		return "", nil
	}
	return "", s.explainSearch(err, query{base: text}, 0)
}
