package schema

import (
	"testing"

	"github.com/go-ldap/ldap/v3"
)

// A filter that passes is one that go-ldap compiles, and can stand in an AND.
func FuzzFilter(f *testing.F) {
	for _, filter := range []string{"(objectClass=person)", "(&(a=b)(!(c=*)))", "(a=\\28)", "(", "(a=b))", "(|)"} {
		f.Add(filter)
	}
	f.Fuzz(func(t *testing.T, filter string) {
		if CheckFilter(filter) != nil {
			return
		}
		p, err := ldap.CompileFilter("(&" + filter + "(x=y))")
		if err != nil || len(p.Children) != 2 {
			t.Errorf("%q passes, but not within another: %v", filter, err)
		}
	})
}
