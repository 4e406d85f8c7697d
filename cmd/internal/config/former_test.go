package config_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"duosync/cmd/internal/config"
)

// TestFormer: what a file said to earlier versions, with lines that say it to this one.
func TestFormer(t *testing.T) {
	const (
		filter   = `ldap: {users: {filter: '(&(objectCategory=person)(objectClass=user))'}}`
		username = `sync: {mapping: {username: 'uid'}}`
	)
	for _, tt := range []struct {
		text string
		keep []string
	}{
		{"ldap: {preset: activedirectory, users: {base_dns: ['dc=a']}}\n", []string{filter, username}},
		{"ldap: {preset: activedirectory, users: {base_dns: ['dc=a'], filter: '(a=b)'}}\n", []string{username}},
		{"ldap: {preset: activedirectory, users: {base_dns: ['dc=a']}}\nsync: {mapping: {username: mail}}\n", []string{filter}},
		{"ldap: {preset: activedirectory, users: {base_dns: ['dc=a'], filter: '(a=b)'}}\nsync: {mapping: {username: mail}}\n", nil},
		{"ldap: {preset: openldap, users: {base_dns: ['dc=a']}}\n", nil},
		{"", nil},
	} {
		loaded := parsed(t, tt.text)
		var keep []string
		for _, former := range loaded.Former() {
			keep = former.Keep
			kept := tt.text
			for _, line := range former.Keep {
				kept = merged(t, kept, line)
			}
			again := parsed(t, kept)
			if diff := cmp.Diff(former.Config, again.Config); diff != "" || len(again.Former()) > 0 {
				t.Errorf("%s\nthe lines give something else (-former +lines):\n%s", kept, diff)
			}
		}
		if diff := cmp.Diff(tt.keep, keep); diff != "" {
			t.Errorf("%s(-want +got):\n%s", tt.text, diff)
		}
	}
}

// TestUsernameOfPreset: the preset fills it in, unless it is written.
func TestUsernameOfPreset(t *testing.T) {
	for text, want := range map[string]string{
		"": "uid",
		"ldap: {preset: activedirectory, users: {base_dns: ['dc=a']}}\n":                                    "sAMAccountName",
		"ldap: {preset: activedirectory, users: {base_dns: ['dc=a']}}\nsync: {mapping: {username: uid}}\n":  "uid",
		"ldap: {preset: activedirectory, users: {base_dns: ['dc=a']}}\nsync: {mapping: {realname: sn}}\n":   "sAMAccountName",
		"ldap: {preset: custom, users: {base_dns: ['dc=a']}}\nsync: {mapping: {username: 'mail ?? uid'}}\n": "mail ?? uid",
	} {
		loaded := parsed(t, text)
		if got := loaded.Config.Sync.Mapping.Username; got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func parsed(t *testing.T, text string) *config.Loaded {
	t.Helper()
	const duo = "duo: {host: api-1.example.com, integration_key: DIWJ8X6AEYOR5OMC6TQ1, secret_key: abc}\n"
	loaded, err := config.Parse("config.yaml", []byte(duo+text), func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return loaded
}

// merged puts one line of YAML into a text, as an administrator would.
func merged(t *testing.T, text, line string) string {
	t.Helper()
	var all, one map[string]any
	for from, to := range map[string]*map[string]any{text: &all, line: &one} {
		if err := yaml.Unmarshal([]byte(from), to); err != nil {
			t.Fatalf("%s: %v", from, err)
		}
	}
	if all == nil {
		all = map[string]any{}
	}
	into(all, one)
	out, err := yaml.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func into(all, one map[string]any) {
	for key, value := range one {
		section, ok := value.(map[string]any)
		there, is := all[key].(map[string]any)
		if ok && is {
			into(there, section)
			continue
		}
		all[key] = value
	}
}
