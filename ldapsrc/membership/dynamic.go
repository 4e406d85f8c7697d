package membership

import (
	"context"
	"fmt"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/conn"
	"duosync/ldapsrc/dn"
	dirsync "duosync/sync"
)

// groupOfURLs is the class of dynamic groups, in lower case. Their members are whomever
// the searches in memberURL find (draft-haripriya-dynamicgroup; OpenLDAP's dynlist, 389,
// OpenDJ). Some servers show them as members of their own accord, others do not.
const groupOfURLs = "groupofurls"

// visitFound gives whom the searches of a dynamic group find. One that leads out of the
// directory's tree is told, and not searched.
func (w *walker) visitFound(ctx context.Context, g group, urls []string, visit func(member) error) error {
	for _, text := range urls {
		host, q, err := conn.ParseURL(text)
		if err != nil {
			return dirsync.WithHint(fmt.Errorf("%s holds %q: %w", memberURL, text, err), "mend that value, or take "+memberURL+" out of ldap.groups.member_attribute")
		}
		_, folded, err := dn.LabelOf(q.Base)
		if err != nil {
			return dirsync.WithHint(fmt.Errorf("%s holds %q, whose base is no DN: %w", memberURL, text, err), "mend that value")
		}
		if host != "" || !dn.BelowAny(folded, w.tree) {
			w.warn("group %q: %s %q leads out of this directory's tree and was not searched", g.dn, memberURL, text)
			continue
		}
		var found []member                                                   // all of them first: to visit one may need a search, and there may be one at a time
		q.Attrs, q.Check = []string{objectClass}, memberURL+" of that group" // ApacheDS ends a search for no attributes early
		err = w.c.Search(ctx, q, func(entry *ldap.Entry) error {
			l, folded, err := dn.LabelOf(entry.DN)
			if err != nil {
				return fmt.Errorf("entry %q: the DN can't be read: %w", entry.DN, err)
			}
			found = append(found, member{Label: l, value: entry.DN, dn: entry.DN, folded: folded})
			return nil
		})
		if err != nil {
			return fmt.Errorf("searching for its members by %q: %w", text, err)
		}
		for _, m := range found {
			if err := visit(m); err != nil {
				return err
			}
		}
	}
	return nil
}
