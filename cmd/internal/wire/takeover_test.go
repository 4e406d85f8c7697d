package wire

import (
	"context"
	"strings"
	"testing"

	dirsync "duosync/sync"
)

// bound is a store that knows whose it is, and what it accepted, and nothing else.
type bound struct {
	dirsync.Store
	meta dirsync.Meta
}

func (b *bound) Meta(context.Context) (dirsync.Meta, error) { return b.meta, nil }

// TestNaming: a state of one directory without a name gets that of the one that it can be. Where
// several can, it is the one by whose scope it was read; else somebody has to say.
func TestNaming(t *testing.T) {
	const (
		hr       = "{name: hr}"
		same     = "{name: students, urls: ['ldap://b'], users: {base_dns: ['ou=Students,dc=WSO2,dc=ORG']}}"
		other    = "{name: other, urls: ['ldap://c'], users: {base_dns: ['ou=U,dc=x']}}"
		narrowed = "{name: hr, users: {filter: '(uid=a*)'}}"
	)
	cfg, rules := rulesOf(t, "")
	plain := BindingOf(cfg)
	accepted := &dirsync.Baseline{Scope: rules.Directories[0].Scope}
	elsewhere := plain
	elsewhere.Directory = "dc=nowhere"
	key := plain
	key.Key = "another"
	for _, test := range []struct {
		what, directories string
		binding           *dirsync.Binding
		baseline          *dirsync.Baseline
		want, problem     string
	}{
		{"one", hr, &plain, accepted, "hr", ""},
		{"one, narrowed", narrowed, &plain, accepted, "hr", ""},
		{"one of two", other + ", " + hr, &plain, accepted, "hr", ""},
		{"by its scope", same + ", " + hr, &plain, accepted, "hr", ""},
		{"either", same + ", " + narrowed, &plain, accepted, "", "any of these: students, hr"},
		{"either, of a state that has accepted nothing", same + ", " + hr, &plain, nil, "", "any of these: students, hr"},
		{"none", other, &plain, accepted, "", "none of the directories"},
		{"another account", hr, &key, accepted, "", ""}, // which is refused as it is
		{"nobody's", hr, nil, nil, "", ""},
		{"another directory", hr, &elsewhere, accepted, "", "none of the directories"},
	} {
		cfg, rules := rulesOf(t, "directories: ["+test.directories+"]\n")
		got, err := nameNow(t.Context(), rules.Directories, BindingOf(cfg), &bound{meta: dirsync.Meta{Binding: test.binding, Baseline: test.baseline}})
		if string(got) != test.want || (err != nil) != (test.problem != "") || err != nil && (!strings.Contains(err.Error(), test.problem) || dirsync.Hint(err) == "") {
			t.Errorf("%s: %q, %v; want %q, %q", test.what, got, err, test.want, test.problem)
		}
		named := BindingOf(cfg)
		if again, err := nameNow(t.Context(), rules.Directories, BindingOf(cfg), &bound{meta: dirsync.Meta{Binding: &named}}); again != "" || err != nil {
			t.Errorf("%s: a state with names is named again: %q, %v", test.what, again, err)
		}
	}
}
