package check

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"duosync/ldapsrc/conn"
	"duosync/ldapsrc/schema"
)

// isActiveDirectory reports whether a server is one, or is to be read as one.
func (c *ldapCheck) isActiveDirectory(s *conn.Server) bool {
	return c.config.LDAP.Preset == schema.ActiveDirectory || s.Product == conn.ProductActiveDirectory
}

// catalog tells what a global catalog lacks (MS-ADTS, 3.1.1.1.2: it holds the partial
// attribute set of other domains' entries, and so does whatever is asked of its ports).
func (c *ldapCheck) catalog(s *conn.Server) {
	u, err := url.Parse(s.URL)
	if err != nil || !c.isActiveDirectory(s) || !slices.Contains([]string{"3268", "3269"}, u.Port()) {
		return
	}
	c.note(LDAPCatalog, "read each domain as a directory of its own, at the ports 389 or 636 of its controllers",
		"%s is a global catalog: accountExpires and lockoutTime are not in it, so nobody is seen as expired or locked out, "+
			"and of other domains' groups only the universal ones have members", s.URL)
}

// domains tells of other domains and partitions of the forest, which are not read.
func (c *ldapCheck) domains(ctx context.Context) {
	elsewhere, err := c.source.Elsewhere(ctx)
	if err != nil || len(elsewhere) == 0 {
		return // whatever is wrong with searches is told by the search for people
	}
	c.note(LDAPDomains, "nothing to do for partitions; a domain whose people belong in Duo is read as a directory of its own",
		"the forest goes on elsewhere, and nobody there is read: %s", strings.Join(elsewhere, ", "))
}
