package config_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"duosync/cmd/internal/config"
	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
)

// TestStart: live are only the keys that are to be edited, which the start names, the preset,
// the secrets from the environment and where the state is. Each remark is the very line that is in force: with
// the marks of remarks taken off, it says the same, from the file.
func TestStart(t *testing.T) {
	always := []string{"ldap.preset", "ldap.bind_password", "duo.integration_key", "duo.secret_key", "state.dsn"}
	env := func(name string) (string, bool) { return name, true }
	for _, preset := range schema.Presets() {
		t.Run(string(preset), func(t *testing.T) {
			text, edit, err := config.Start(string(preset))
			if err != nil {
				t.Fatal(err)
			}
			start, err := config.Parse("/etc/duosync/config.yaml", text, env)
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			few := "duo: {host: api-xxxxxxxx.duosecurity.com, integration_key: DUO_INTEGRATION_KEY, secret_key: DUO_SECRET_KEY}\n"
			l := start.Config.LDAP
			few += fmt.Sprintf("ldap: {preset: %s, urls: [%q], bind_dn: %q, bind_password: LDAP_PASSWORD, users: {base_dns: [%q]}}\n",
				preset, l.URLs[0], l.BindDN, l.Users.Bases[0])
			minimal, err := config.Parse("/etc/duosync/config.yaml", []byte(few), env)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(minimal.Config, start.Config); diff != "" {
				t.Errorf("the start says something else (-few keys +start):\n%s", diff)
			}
			plain := regexp.MustCompile(`(?m)^( *)# ([a-z_]+: )`).ReplaceAll(text, []byte("$1$2"))
			if bytes.Equal(plain, text) {
				t.Error("nothing stands as a remark")
			}
			whole, err := config.Parse("/etc/duosync/config.yaml", plain, env)
			if err != nil {
				t.Fatalf("%v\n%s", err, plain)
			}
			whole.Config.LDAP.Groups.Bases = start.Config.LDAP.Groups.Bases // a sample, but for WSO2's
			if diff := cmp.Diff(start.Config, whole.Config); diff != "" {
				t.Errorf("the remarks say something else (-start +without marks):\n%s", diff)
			}
			for _, path := range config.Leaves() {
				live := slices.Contains(edit, path) || slices.Contains(always, path)
				if from := start.Source(path); live == (from == "default" || strings.HasPrefix(from, "preset")) {
					t.Errorf("%s comes from %s", path, from)
				}
				if from := whole.Source(path); from == "default" || strings.HasPrefix(from, "preset") {
					t.Errorf("the start lacks %s", path)
				}
			}
			if len(edit) > 5 {
				t.Errorf("%d edits: %v", len(edit), edit)
			}
			for _, key := range edit {
				if head, _, _ := strings.Cut(string(text), "\nldap:"); !strings.Contains(head, key) {
					t.Errorf("it does not say that %s is to be edited", key)
				}
				name := key[strings.LastIndex(key, ".")+1:]
				if !regexp.MustCompile(`(?m)^ +` + name + `: .*# \(1\)`).Match(text) {
					t.Errorf("%s is not marked", key)
				}
			}
			if marked := strings.Count(string(text), "# (1)"); marked != len(edit) {
				t.Errorf("%d lines are marked, %d keys are to be edited", marked, len(edit))
			}
		})
	}
	if _, _, err := config.Start("freeipe"); err == nil || !strings.Contains(dirsync.Hint(err), "Did you mean freeipa?") {
		t.Errorf("%v (%s)", err, dirsync.Hint(err))
	}
	if _, _, err := config.Start(""); err == nil {
		t.Error("no name is taken for a preset")
	}
}

// TestStartForUnits: a start for the units of systemd says what the other one says, but for where
// the secrets and the state are.
func TestStartForUnits(t *testing.T) {
	credentials := t.TempDir()
	for name, secret := range map[string]string{"ldap-password": "LDAP_PASSWORD", "duo-secret-key": "DUO_SECRET_KEY"} {
		if err := os.WriteFile(filepath.Join(credentials, name), []byte(secret), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := func(name string) (string, bool) {
		if name == "CREDENTIALS_DIRECTORY" {
			return credentials, true
		}
		return name, true
	}
	for _, preset := range config.Presets() {
		text, edit, err := config.Start(preset)
		if err != nil {
			t.Fatal(err)
		}
		want, err := config.Parse("/etc/duosync/config.yaml", text, env)
		if err != nil {
			t.Fatal(err)
		}
		want.Config.Duo.IntegrationKey, want.Config.State.DSN = "DIXXXXXXXXXXXXXXXXXX", config.NewSecret("/var/lib/duosync/duosync.db")
		text, also, err := config.StartForUnits(preset)
		if err != nil {
			t.Fatal(err)
		}
		got, err := config.Parse("/etc/duosync/config.yaml", text, env)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if diff := cmp.Diff(want.Config, got.Config); diff != "" {
			t.Errorf("%s (-start +for units):\n%s", preset, diff)
		}
		if diff := cmp.Diff(append(edit, "duo.integration_key"), also); diff != "" {
			t.Errorf("%s: to be edited (-start +for units):\n%s", preset, diff)
		}
		if marked := strings.Count(string(text), "# (1)"); marked != len(also) {
			t.Errorf("%s: %d lines are marked, %d keys are to be edited", preset, marked, len(also))
		}
	}
}
