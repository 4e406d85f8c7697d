package ldapsrc_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc"
	"duosync/ldapsrc/conn"
	"duosync/ldapsrc/membership"
	"duosync/ldapsrc/sambatest"
	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
)

// The traps of Active Directory share a server: it takes seconds to start.
func TestActiveDirectory(t *testing.T) {
	t.Parallel()
	const people = 30
	s := sambatest.Start(t)
	dn := func(i int) string { return fmt.Sprintf("CN=person%02d,%s", i, sambatest.UsersDN) }
	s.Do(func(c *ldap.Conn) error {
		for i := range people {
			if err := sambatest.AddPerson(c, fmt.Sprintf("person%02d", i), nil); err != nil {
				return err
			}
		}
		return nil
	})
	s.Modify(dn(1), "userAccountControl", "546") // UF_ACCOUNTDISABLE (MS-ADTS, 2.2.16)
	source := func(change func(*ldapsrc.Options)) *ldapsrc.Source {
		opts := ldapsrc.Options{
			Servers:    conn.Servers{URLs: []string{s.URL}, BindDN: sambatest.ReaderDN, BindPassword: sambatest.ReaderPassword, PageSize: 7},
			Users:      ldapsrc.Users{Bases: []string{sambatest.UsersDN}},
			Attributes: []string{"sAMAccountName"}, Preset: schema.ActiveDirectory,
		}
		if change != nil {
			change(&opts)
		}
		return newSource(t, opts)
	}
	standing := func(src *ldapsrc.Source) map[dirsync.Standing]int {
		counts := map[dirsync.Standing]int{}
		for _, p := range mustRead(t, src) {
			counts[p.Standing]++
		}
		return counts
	}

	t.Run("everybody, and a second look from the domain's root", func(t *testing.T) {
		src := source(nil)
		read := mustRead(t, src)
		if len(read) != people {
			t.Fatalf("%d people", len(read))
		}
		s.Rename(dn(2), "CN=person02", sambatest.LeftDN)
		s.Delete(dn(3))
		for _, p := range read {
			where := lookup(t, src, p.ID)[p.ID]
			switch p.DN {
			case dn(2):
				if !where.Present || where.Person != nil {
					t.Errorf("the moved: %+v", where)
				}
			case dn(3):
				if where.Present {
					t.Errorf("the deleted: %+v", where)
				}
			default:
				if where.Person == nil {
					t.Errorf("%s: %+v", p.DN, where)
				}
			}
		}
	})
	t.Run("the primary group inside of one elsewhere", func(t *testing.T) {
		s.Add("CN=everyone,"+sambatest.GroupsDN, map[string][]string{"objectClass": {"group"}, "member": {"CN=Domain Users," + sambatest.BuiltinDN}})
		src := source(func(o *ldapsrc.Options) {
			o.Groups = membership.Groups{Bases: []string{sambatest.GroupsDN}, Nested: true, Want: only("everyone")}
		})
		for _, p := range mustRead(t, src) {
			if !slices.Equal(p.Groups, []string{"everyone"}) {
				t.Errorf("%s is in %q", p.DN, p.Groups)
			}
		}
	})
	t.Run("the global catalog", func(t *testing.T) {
		src := source(func(o *ldapsrc.Options) { o.URLs = []string{"ldap://127.0.0.1:3268"} })
		if got := standing(src); got[dirsync.Disabled] != 1 {
			t.Errorf("%v", got)
		}
	})
	t.Run("a status that may not be read", func(t *testing.T) {
		if got := standing(source(nil)); got[dirsync.Disabled] != 1 || got[dirsync.Enabled] != people-3 {
			t.Errorf("as it comes: %v", got)
		}
		request := ldap.NewModifyRequest(sambatest.OpenGroupDN, nil)
		request.Delete("member", []string{sambatest.AuthenticatedUsers})
		s.Do(func(c *ldap.Conn) error { return c.Modify(request) })
		if got := standing(source(nil)); got[dirsync.Unreadable] != people-2 {
			t.Errorf("userAccountControl is denied, and nobody's status is known: %v", got)
		}
	})
}
