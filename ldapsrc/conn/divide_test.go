package conn

import (
	"encoding/hex"
	"regexp"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"
	"pgregory.net/rapid"
)

// A filter that divides matches some of the entries and not all, whatever they are
// called; without one, all of them are called the same as far as it goes.
func TestDivide(t *testing.T) {
	t.Parallel()
	value := rapid.StringMatching(`[ab ]{0,4}|[äö水]{1,2}|[0-9a-f]{8}-[0-9a-f]{4}`)
	rapid.Check(t, func(t *rapid.T) {
		entries := rapid.SliceOfN(rapid.SliceOfN(value, 0, 2), 1, 30).Draw(t, "entries")
		d := divider{attribute: "cn", ordered: rapid.Bool().Draw(t, "ordered")}
		filter, ok := d.divide(entries)
		matched := 0
		for _, values := range entries {
			if matches(d, filter, values) {
				matched++
			}
		}
		if ok && (matched == 0 || matched == len(entries)) {
			t.Fatalf("%s matches %d of %d entries", filter, matched, len(entries))
		}
		if _, err := ldap.CompileFilter(filter); ok && err != nil {
			t.Fatal(err)
		}
		if ok {
			return
		}
		for _, values := range entries { // each single value is a way to divide
			for _, v := range values {
				if v = strings.TrimSpace(v); v == "" {
					continue
				}
				n := 0
				for _, others := range entries {
					if one := (divider{attribute: "cn"}); !d.ordered && matches(one, "(cn="+ldap.EscapeFilter(v)+"*)", others) {
						n++
					}
				}
				if n > 0 && n < len(entries) {
					t.Fatalf("%q would have told %d of %d apart", v, n, len(entries))
				}
			}
		}
	})
}

// matches does what a server does with the filter.
func matches(d divider, filter string, values []string) bool {
	for _, v := range values {
		escaped := ldap.EscapeFilter(v)
		if d.ordered {
			if bound, ok := strings.CutPrefix(filter, "(cn>="); ok && v >= unescaped(strings.TrimSuffix(bound, ")")) {
				return true
			}
		} else if beginning, ok := strings.CutPrefix(filter, "(cn="); ok && strings.HasPrefix(escaped, strings.TrimSuffix(beginning, "*)")) {
			return true
		}
	}
	return false
}

// unescaped is a value without the escapes of a filter (RFC 4515, 3).
func unescaped(text string) string {
	return regexp.MustCompile(`\\[0-9a-f]{2}`).ReplaceAllStringFunc(text, func(escape string) string {
		octet, _ := hex.DecodeString(escape[1:])
		return string(octet)
	})
}

func TestDividers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		q    Query
		dn   string
		want string
	}{
		{"the id, then the name", Query{Split: []string{"entryUUID"}}, "uid=a,dc=x", "entryUUID uid"},
		{"the name is the id", Query{Split: []string{"uid"}, Attrs: []string{"uid", "CN"}}, "userid=a,dc=x", "uid cn"},
		{"bytes", Query{Split: []string{"objectGUID"}}, "CN=a,dc=x", "CN"},
		{"no name", Query{Split: []string{"nsUniqueId"}, Attrs: []string{"mail", "jpegPhoto"}}, "", "nsUniqueId mail"},
	} {
		var names []string
		for _, d := range dividers(tt.q, []*ldap.Entry{{DN: tt.dn}}) {
			names = append(names, d.attribute)
			if d.ordered != (d.attribute == "entryUUID") {
				t.Errorf("%s: %s is ordered: %v", tt.name, d.attribute, d.ordered)
			}
		}
		if got := strings.Join(names, " "); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
