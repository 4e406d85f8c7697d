package config_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"duosync/cmd/internal/config"
)

func TestRateText(t *testing.T) {
	tests := map[string]config.Rate{
		"auto":     {Auto: true},
		"50/1m":    {Calls: 50, Per: time.Minute},
		"1/1h30m":  {Calls: 1, Per: 90 * time.Minute},
		"7/10s":    {Calls: 7, Per: 10 * time.Second},
		"3/1h0m5s": {Calls: 3, Per: time.Hour + 5*time.Second},
		"9/24h":    {Calls: 9, Per: 24 * time.Hour},
	}
	for text, want := range tests {
		var got config.Rate
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%s: got %+v, %v", text, got, err)
		}
		if want.String() != text {
			t.Errorf("%+v comes back as %s", want, want)
		}
	}
	for _, text := range []string{"", "Auto", "50", "50/", "/1m", "0/1m", "-1/1m", "5/0s", "5/-1s", "1.5/1m", "5/1m/1m", "5 / 1m"} {
		var r config.Rate
		if err := r.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken for %v", text, r)
		}
	}
}

func TestDrift(t *testing.T) {
	d := config.Drift{Otherwise: "enforce", Fields: map[string]string{"email": "report"}}
	if d.Of("email") != "report" || d.Of("username") != "enforce" {
		t.Errorf("email %s, username %s", d.Of("email"), d.Of("username"))
	}
}

func TestSecret(t *testing.T) {
	full, same, none := config.NewSecret("a"), config.NewSecret("a"), config.NewSecret("")
	if full.Reveal() != "a" || none.Reveal() != "" {
		t.Errorf("revealed %q and %q", full.Reveal(), none.Reveal())
	}
	if full.String() != "<secret>" || none.String() != "" || full.IsEmpty() || !none.IsEmpty() {
		t.Errorf("printed %q and %q", full, none)
	}
	if !full.Equal(same) || full.Equal(none) || !none.Equal(config.Secret{}) {
		t.Error("Equal looks at something else than the text")
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
		if rule.Name != test.name || rule.DN != test.dn || (rule.Pattern != nil) != (test.matches != nil) {
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

func TestExpand(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.RuneFrom([]rune("${}Aa_ ")), 0, 20, -1).Draw(t, "text")
		got, names, errs := config.Expand(config.Unexpand(text), func(string) (string, bool) { return "x", true })
		if got != text || len(names) > 0 || len(errs) > 0 {
			t.Fatalf("%q comes back as %q, %v, %v", text, got, names, errs)
		}
	})
}
