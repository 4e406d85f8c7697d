package config_test

import (
	"testing"

	"duosync/cmd/internal/config"
)

func TestDrift(t *testing.T) {
	d := config.Drift{Otherwise: "enforce", Fields: map[string]string{"email": "report"}}
	if d.Of("email") != "report" || d.Of("username") != "enforce" {
		t.Errorf("email %s, username %s", d.Of("email"), d.Of("username"))
	}
}

func TestUserRules(t *testing.T) {
	tests := []struct {
		text, name, dn string
		matches, not   []string // of a pattern
	}{
		{text: "svc-backup", name: "svc-backup"},
		{text: "jane@example.org", name: "jane@example.org"},
		{text: "uid=svc,ou=Users,dc=example,dc=org", dn: "uid=svc,ou=Users,dc=example,dc=org"},
		{text: "/svc-.*/", matches: []string{"svc-a", "SVC-B"}, not: []string{"my-svc-a", "svc"}},
		{text: "/a|b/", matches: []string{"a", "B"}, not: []string{"ab", "a\n"}},
		{text: "/x=y/", matches: []string{"x=y"}, not: []string{"x"}},
	}
	for _, test := range tests {
		rule, err := config.ParseUserRule(test.text)
		if err != nil {
			t.Errorf("%s: %v", test.text, err)
			continue
		}
		dn := ""
		if rule.DN != nil {
			dn = rule.DN.String()
		}
		if rule.Name != test.name || dn != test.dn || (rule.Pattern != nil) != (test.matches != nil) {
			t.Errorf("%s: got %+v", test.text, rule)
			continue
		}
		for _, name := range test.matches {
			if !rule.Pattern.MatchString(name) {
				t.Errorf("%s does not match %s", test.text, name)
			}
		}
		for _, name := range test.not {
			if rule.Pattern.MatchString(name) {
				t.Errorf("%s matches %q", test.text, name)
			}
		}
	}
}
