package ldapsrc

import (
	"context"
	"fmt"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/conn"
	"duosync/ldapsrc/dn"
	dirsync "duosync/sync"
)

// Stamps gives when entries were changed last, in the server's own words: those of
// ids anywhere under the suffix, and those of DNs. What is not found, can't be one,
// is on another server or shows no stamp is left out. After a Read it asks the server
// that answered that.
func (s *Source) Stamps(ctx context.Context, ids []dirsync.SourceID, dns []string) (byID map[dirsync.SourceID]string, byDN map[string]string, err error) {
	byID, byDN = make(map[dirsync.SourceID]string), make(map[string]string)
	if len(ids) == 0 && len(dns) == 0 {
		return byID, byDN, nil
	}
	err = s.session.Ask(ctx, func(ctx context.Context, c *conn.Conn, state conn.State) error {
		err := s.searchIDs(ctx, c, state.Contexts, ids, s.decoder.StampAttributes(), func(id dirsync.SourceID, entry *ldap.Entry) error {
			if stamp := s.decoder.Stamp(entry); stamp != "" {
				byID[id] = stamp
			}
			return nil
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
func (s *Source) stampAt(ctx context.Context, c *conn.Conn, text string) (string, error) {
	if _, err := dn.Parse(text); err != nil {
		return "", nil //nolint:nilerr // no entry has such a DN
	}
	answer, err := c.At(ctx, conn.Query{Base: text, Filter: conn.AnyEntry, Attrs: s.decoder.StampAttributes(), Narrow: true})
	if err != nil {
		return "", err
	}
	switch answer.Code {
	case ldap.LDAPResultSuccess:
		if entry := answer.Entry(); entry != nil {
			return s.decoder.Stamp(entry), nil
		}
		return "", nil
	case ldap.LDAPResultNoSuchObject, ldap.LDAPResultInvalidDNSyntax, ldap.LDAPResultReferral, ldap.LDAPResultInsufficientAccessRights:
		return "", nil
	}
	return "", answer.Refusal
}

// IDAt gives the id of the entry that has a DN; "" where none has, or it has no id. It asks over a connection
// of its own, which ends with the answer.
func (s *Source) IDAt(ctx context.Context, text string) (id dirsync.SourceID, err error) {
	if _, err := dn.Parse(text); err != nil {
		return "", nil //nolint:nilerr // no entry has such a DN
	}
	err = s.session.Once(ctx, func(ctx context.Context, c *conn.Conn) error {
		answer, err := c.At(ctx, conn.Query{Base: text, Filter: conn.AnyEntry, Attrs: []string{s.users.IDAttribute}, Narrow: true})
		if err != nil {
			return err
		}
		switch answer.Code {
		case ldap.LDAPResultSuccess:
			if entry := answer.Entry(); entry != nil {
				id, err = s.decoder.IDOf(entry)
			}
			return err
		case ldap.LDAPResultNoSuchObject, ldap.LDAPResultInvalidDNSyntax, ldap.LDAPResultReferral:
			return nil
		}
		return answer.Refusal
	})
	return id, err
}
