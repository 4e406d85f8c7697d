package config_test

import (
	"strings"
	"testing"

	"duosync/cmd/internal/config"
)

// FuzzUserRule holds that what leaves people alone is one thing: a name, a DN, or
// a pattern that takes whole names and no parts of them. The same goes for
// groups.
func FuzzUserRule(f *testing.F) {
	for _, text := range []string{"svc", "/svc-.*/", "/a|b/", "/a)|(b/", "/(?-i)a$|^b/", `/\Qx/`, "/x\\/", "/(?#/", "//", "/", "uid=a,dc=b", "=", " ", "/a(?m)$/", "/(?s).(?i:/"} {
		f.Add(text, "svc-7")
	}
	f.Fuzz(func(t *testing.T, text, name string) {
		if strings.Contains(name, "\n") {
			return // no name has more than one line, though (?m) takes each for one
		}
		if rule, err := config.ParseUserRule(text); err == nil {
			kinds := 0
			for _, set := range []bool{rule.Name != "", rule.DN != nil, rule.Pattern != nil} {
				if set {
					kinds++
				}
			}
			if kinds != 1 {
				t.Fatalf("%q is of %d kinds: %+v", text, kinds, rule)
			}
			if rule.Pattern != nil {
				at := rule.Pattern.FindStringIndex(name)
				if at != nil && (at[0] != 0 || at[1] != len(name)) {
					t.Fatalf("%q takes the part %q of %q", text, name[at[0]:at[1]], name)
				}
			}
		}
		if rule, err := config.ParseGroupRule(text); err == nil && (rule.Name == "") == (rule.Pattern == nil) {
			t.Fatalf("%q is neither or both of a name and a pattern: %+v", text, rule)
		}
	})
}
