package ldapsrc

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
)

// FuzzEntry holds that any entry gives a person with an id, or an error that
// says that it can't be told apart.
func FuzzEntry(f *testing.F) {
	f.Add("entryUUID", "0db5a0d8-1f2a-4a3b-8c9d-0123456789ab", "mail", "a@b", "uid=a,dc=b")
	f.Add("objectGUID", "\x33\x22\x11\x00\x55\x44\x77\x66\x88\x99\xaa\xbb\xcc\xdd\xee\xff", "userAccountControl", "514", "CN=a\\,b,DC=c")
	f.Add("ENTRYUUID;x-y", "a", "EntryUuid", "0db5a0d8-1f2a-4a3b-8c9d-0123456789ab", "\xff")
	f.Add("scimId", "a(b)*c\\", "accountLock", "TRUE", "")
	f.Fuzz(func(t *testing.T, name, value, name2, value2, dn string) {
		entry := &ldap.Entry{DN: dn, Attributes: []*ldap.EntryAttribute{
			{Name: name, Values: []string{value}}, {Name: name2, Values: []string{value2}}, {Name: "member"},
		}}
		for _, id := range []string{"entryUUID", "objectGUID", "nsUniqueId", "scimId"} {
			for _, preset := range schema.Presets() {
				kind, _ := schema.Of(preset)
				d := decoder{id: idForm(strings.ToLower(id)), idName: id, kind: &kind, now: time.Now, wanted: make(wishes)}
				for _, wish := range append([]string{id, "mail", "member"}, kind.Status...) {
					d.wanted.add(wish)
				}
				person, err := d.person(entry)
				if err != nil {
					if !errors.Is(err, ErrID) || strings.ContainsAny(err.Error(), "\n\x1b") {
						t.Fatalf("%q", err)
					}
					continue
				}
				if person.ID == "" || !utf8.ValidString(string(person.ID)) || person.DN != dn {
					t.Fatalf("%+v", person)
				}
				if (person.Standing == dirsync.Unreadable) != (person.Unsure != nil) ||
					!slices.Contains([]dirsync.Standing{dirsync.Enabled, dirsync.Disabled, dirsync.LockedOut, dirsync.Unreadable}, person.Standing) {
					t.Fatalf("%s: standing %q", preset, person.Standing)
				}
				for key, values := range person.Attrs {
					if key != strings.ToLower(key) || len(values) == 0 {
						t.Fatalf("attribute %q: %q", key, values)
					}
				}
			}
		}
	})
}

// FuzzReferral holds that a referral is refused, or leads to the host in its URL
// and asks there for no more than was asked here.
func FuzzReferral(f *testing.F) {
	for _, text := range []string{
		"ldap://other.example/dc=b", "ldaps://[::1]:1636/ou=x,dc=b?cn?one?(a=b)", "ldap://h/%00?*?sub?(a=b)(c=d)", "ldap://h/??base?)(x=*", "ldap://h/???%28a%3db%29",
		"ldap://u:p@h/", "ldap:///dc=b", "ldapi://%2ftmp", "http://h/", "ldap://h:99999/", "ldap://h/???(!(a=b)", "ldap://h/???(a=b)?x", "://", "ldap://h\x00/",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Count(text, "(")+strings.Count(text, "%28") > 200 {
			return // for the compiler of filters, below
		}
		q := query{base: "dc=a", scope: ldap.ScopeWholeSubtree, filter: "(objectClass=person)", hops: 1}
		kind, _ := schema.Of(schema.ActiveDirectory)
		s := &Source{opts: Options{ReferralHosts: []string{"other.example"}}, kind: kind}
		if left := s.relevant([]string{text}, q); len(left) > 1 {
			t.Fatalf("%q became %q", text, left)
		}
		e, next, err := parseReferral(text, q)
		if err != nil {
			if strings.ContainsFunc(err.Error()+dirsync.Hint(err), func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Fatalf("%q", err)
			}
			return
		}
		u, err := url.Parse(text)
		if err != nil || e.host != u.Hostname() || e.host == "" || !strings.HasPrefix(e.addr, "[") && !strings.HasPrefix(e.addr, e.host+":") {
			t.Fatalf("%q leads to %+v", text, e)
		}
		if s.mayFollow(e) != strings.EqualFold(e.host, "other.example") {
			t.Fatalf("%q: %+v may be followed: %v", text, e, s.mayFollow(e))
		}
		if next.hops != q.hops+1 || next.base == "" {
			t.Fatalf("%q: %+v", text, next)
		}
		if next.filter == q.filter {
			return
		}
		compiled, err := ldap.CompileFilter(next.filter)
		if err != nil {
			return // the search fails
		}
		if compiled.Tag != ldap.FilterAnd || len(compiled.Children) < 1 {
			t.Fatalf("%q asks for %q", text, next.filter)
		}
		if first, err := ldap.DecompileFilter(compiled.Children[0]); err != nil || first != q.filter {
			t.Fatalf("%q asks for %q: %q, %v", text, next.filter, first, err)
		}
	})
}
