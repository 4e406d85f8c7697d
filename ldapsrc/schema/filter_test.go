package schema

import (
	"strings"
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

func TestOneLine(t *testing.T) {
	for text, want := range map[string]string{
		"(a=b)":          "(a=b)",
		"( a=b )":        "( a=b )", // it can be sent
		" (a=b) ":        "(a=b)",
		"(&(a=b) (c=d))": "(&(a=b)(c=d))",
		"(&\n  (objectClass=person)\n  (!(uid=x y))\n)\n": "(&(objectClass=person)(!(uid=x y)))",
		"( & ( | (a=b)\t(c= d ) ) ( ! ( e=f ) ) )":        "(&(|(a=b)(c= d ))(!(e=f )))",
		"(&\r\n(a=b)\r\n(c=d))":                           "(&(a=b)(c=d))",
		"(& (a=\\28x\\29) (b=*))":                         "(&(a=\\28x\\29)(b=*))",
	} {
		if got := OneLine(text); got != want || CompileFilter(got) != nil {
			t.Errorf("%q: %q (%v), want %q", text, got, CompileFilter(got), want)
		}
	}
	for _, text := range []string{"", "()", "(&(a=b)", "a=b", "(a=b))", "(a)", "( ( a=b )"} {
		if got := OneLine(text); CompileFilter(got) == nil && CompileFilter(text) != nil && strings.ReplaceAll(text, " ", "") != got {
			t.Errorf("%q became %q", text, got)
		}
	}
}

// Blanks alone are left out, and those of a filter that can be sent stay.
func FuzzOneLine(f *testing.F) {
	for _, text := range []string{"(&(a=b) (c=d))", " ( ! ( a = b ) ) ", "(a=b", "(((", ") ("} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := OneLine(text)
		bare := func(s string) string {
			return strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "").Replace(s)
		}
		if bare(got) != bare(text) || CompileFilter(text) == nil && got != text || OneLine(got) != got {
			t.Errorf("%q became %q", text, got)
		}
	})
}
