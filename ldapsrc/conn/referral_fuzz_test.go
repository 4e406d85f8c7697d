package conn

import (
	"net/url"
	"strings"
	"testing"
	"unicode"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
)

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
		q := Query{Base: "dc=a", Scope: ldap.ScopeWholeSubtree, Filter: "(objectClass=person)", hops: 1}
		kind, _ := schema.Of(schema.ActiveDirectory)
		d := &Dialer{Servers: Servers{ReferralHosts: []string{"other.example"}}, kind: &kind}
		if left := d.relevant([]string{text}, q); len(left) > 1 {
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
		if d.mayFollow(e) != strings.EqualFold(e.host, "other.example") {
			t.Fatalf("%q: %+v may be followed: %v", text, e, d.mayFollow(e))
		}
		if next.hops != q.hops+1 || next.Base == "" {
			t.Fatalf("%q: %+v", text, next)
		}
		if next.Filter == q.Filter {
			return
		}
		compiled, err := ldap.CompileFilter(next.Filter)
		if err != nil {
			return // the search fails
		}
		if compiled.Tag != ldap.FilterAnd || len(compiled.Children) < 1 {
			t.Fatalf("%q asks for %q", text, next.Filter)
		}
		if first, err := ldap.DecompileFilter(compiled.Children[0]); err != nil || first != q.Filter {
			t.Fatalf("%q asks for %q: %q, %v", text, next.Filter, first, err)
		}
	})
}
