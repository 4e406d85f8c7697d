package ldapsrc

import (
	"context"
	"fmt"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/conn"
	dirsync "duosync/sync"
)

// Probe asks each configured server by itself (see [conn.Dialer.Probe]).
func (s *Source) Probe(ctx context.Context) []conn.Server { return s.session.Probe(ctx) }

// Base is one base DN and whether it is there.
type Base struct {
	DN  string
	Err error // nil: its entry exists, and the account may see it
}

// Bases looks for the entry of each base DN. The error is for the connection.
func (s *Source) Bases(ctx context.Context) ([]Base, error) {
	found := make([]Base, len(s.bases))
	err := s.session.Once(ctx, func(ctx context.Context, c *conn.Conn) error {
		for i, base := range s.bases {
			found[i] = Base{DN: base.Text, Err: findBase(ctx, c, base.Text)}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// Elsewhere gives the referrals from the bases to other parts of a forest, whose people a
// read does not give; none where the directory is not one domain, or where referrals are
// followed.
func (s *Source) Elsewhere(ctx context.Context) (referrals []string, err error) {
	if !s.decoder.Kind.OneDomain || s.follows {
		return nil, nil
	}
	err = s.session.Once(ctx, func(ctx context.Context, c *conn.Conn) error {
		for _, base := range s.bases {
			urls, err := c.Elsewhere(ctx, base.Text)
			if err != nil {
				return err
			}
			referrals = append(referrals, urls...)
		}
		return nil
	})
	return referrals, err
}

// AttributeNames gives the attributes of the server's schema: to each name and number, in
// lower case, the first name; none where the server does not show its schema.
func (s *Source) AttributeNames(ctx context.Context) (map[string]string, error) {
	names := map[string]string{}
	err := s.session.Once(ctx, func(ctx context.Context, c *conn.Conn) error {
		types, err := attributeTypes(ctx, c, s.bases[0])
		for name, all := range types {
			names[name] = all[0]
		}
		return err
	})
	return names, err
}

// findBase looks for the entry of a base.
func findBase(ctx context.Context, c *conn.Conn, text string) error {
	shown := false
	err := c.Search(ctx, conn.Query{
		Base: text, Scope: ldap.ScopeBaseObject, Filter: conn.AnyEntry, Attrs: []string{"objectClass"}, Check: "ldap.users.base_dns",
	}, func(*ldap.Entry) error {
		shown = true
		return nil
	})
	if err == nil && !shown {
		err = dirsync.WithHint(fmt.Errorf("the server does not show the entry %q", text), conn.HintRights)
	}
	return err
}
