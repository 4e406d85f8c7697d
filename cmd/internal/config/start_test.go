package config_test

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"duosync/cmd/internal/config"
	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
)

// TestStart: a start says by itself what a file with its few open keys says, and each
// remark is the very line that the preset stands for: with the marks of remarks taken off,
// it says the same, from the file.
func TestStart(t *testing.T) {
	env := func(name string) (string, bool) { return name, true }
	for _, preset := range schema.Presets() {
		t.Run(string(preset), func(t *testing.T) {
			text, err := config.Start(string(preset))
			if err != nil {
				t.Fatal(err)
			}
			start, err := config.Parse("/etc/duosync/config.yaml", text, env)
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			few := "duo: {host: api-xxxxxxxx.duosecurity.com, integration_key: DUO_INTEGRATION_KEY, secret_key: DUO_SECRET_KEY}\n"
			l := start.Config.LDAP
			few += fmt.Sprintf("ldap: {preset: %s, urls: [%q], bind_dn: %q, bind_password: LDAP_PASSWORD, users: {base_dns: [%q]}, groups: {base_dns: [%q]}}\n",
				preset, l.URLs[0], l.BindDN, l.Users.Bases[0], l.Groups.Bases[0])
			minimal, err := config.Parse("/etc/duosync/config.yaml", []byte(few), env)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(minimal.Config, start.Config); diff != "" {
				t.Errorf("the start says something else (-few keys +start):\n%s", diff)
			}
			plain := regexp.MustCompile(`(?m)^( +)# ([a-z_]+:)`).ReplaceAll(text, []byte("$1$2"))
			if bytes.Equal(plain, text) {
				t.Error("nothing stands as a remark")
			}
			whole, err := config.Parse("/etc/duosync/config.yaml", plain, env)
			if err != nil {
				t.Fatalf("%v\n%s", err, plain)
			}
			if diff := cmp.Diff(start.Config, whole.Config); diff != "" {
				t.Errorf("the remarks say something else (-start +without marks):\n%s", diff)
			}
			for _, path := range config.Leaves() {
				given := slices.Contains([]string{"ldap.urls", "ldap.users.base_dns", "ldap.groups.base_dns"}, path)
				if from := start.Source(path); strings.HasPrefix(minimal.Source(path), "preset") && !strings.HasPrefix(from, "preset") && !given {
					t.Errorf("%s comes from %s, not from the preset", path, from)
				}
				if from := whole.Source(path); from == "default" || strings.HasPrefix(from, "preset") {
					t.Errorf("the start lacks %s", path)
				}
			}
		})
	}
	if _, err := config.Start("freeipe"); err == nil || !strings.Contains(dirsync.Hint(err), "Did you mean freeipa?") {
		t.Errorf("%v (%s)", err, dirsync.Hint(err))
	}
	if _, err := config.Start(""); err == nil {
		t.Error("no name is taken for a preset")
	}
}
