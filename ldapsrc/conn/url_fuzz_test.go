package conn

import (
	"net/url"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/schema"
)

// FuzzParseURL holds that a URL is refused, or stands for a search that can be sent.
func FuzzParseURL(f *testing.F) {
	for _, text := range []string{
		"ldap:///ou=people,dc=b??sub?(a=b)", "ldap:///ou=x,dc=b?cn?one?%28a=b%29", "ldap://h:389/dc=b", "LDAP:///dc=b??SUB", "ldap:///dc=b????!x", "ldap:///dc=b????x,!y=1",
		"ldap:///dc=b??sub?(a=b", "ldap:///%00??base", "ldap:///dc=b#x", "ldap:dc=b", "ldap://u@h/dc=b", "http:///dc=b", "://", "ldap:///dc=b??sub?(a=%",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, q, err := ParseURL(text)
		if err != nil {
			return
		}
		if err := schema.CheckFilter(q.Filter); err != nil || q.Scope < ldap.ScopeBaseObject || q.Scope > ldap.ScopeWholeSubtree || q.hops != 0 {
			t.Fatalf("%q: %+v, %v", text, q, err)
		}
		if _, again, err := ParseURL("ldap:///x??one?" + url.PathEscape(q.Filter)); err != nil || again.Filter != q.Filter || again.Scope != ldap.ScopeSingleLevel {
			t.Fatalf("%q: its filter %q reads back as %q (%v)", text, q.Filter, again.Filter, err)
		}
	})
}
