package config_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"duosync/cmd/internal/config"
	dirsync "duosync/sync"
)

// keys is the least that a configuration needs.
const keys = `
duo:
  host: api-1a2b3c4d.duosecurity.com
  integration_key: DIWJ8X6AEYOR5OMC6TQ1
  secret_key: Zh5eGmUq9zpfQnyUIu5OL9iWoMMv5ZNmk3zLJ4Ep
`

func load(t *testing.T, text string) *config.Loaded {
	t.Helper()
	loaded, err := config.Parse("/etc/duosync/config.yaml", []byte(text), environment)
	if err != nil {
		t.Fatalf("refused: %v\n%s", err, text)
	}
	return loaded
}

// least returns the defaults with what keys adds to them.
func least() config.Config {
	want := config.Default()
	want.Duo.Host = "api-1a2b3c4d.duosecurity.com"
	want.Duo.IntegrationKey = "DIWJ8X6AEYOR5OMC6TQ1"
	want.Duo.SecretKey = config.NewSecret("Zh5eGmUq9zpfQnyUIu5OL9iWoMMv5ZNmk3zLJ4Ep")
	want.State.DSN = config.NewSecret("/etc/duosync/duosync.db")
	return want
}

func TestValues(t *testing.T) {
	tests := []struct {
		name, text string
		change     func(c *config.Config)
	}{
		{"defaults", "", func(*config.Config) {}},
		{"empty sections", "ldap:\nsync:\n  scope:\n  limits: {}\nhttp: {}", func(*config.Config) {}},
		{"servers", `ldap: {urls: ["ldaps://a.example.org", "ldaps://[2001:db8::1]:636/"], ca_file: ca.pem, server_name: ldap}`,
			func(c *config.Config) {
				c.LDAP.URLs = []string{"ldaps://a.example.org", "ldaps://[2001:db8::1]:636/"}
				c.LDAP.CAFile, c.LDAP.ServerName = "/etc/duosync/ca.pem", "ldap"
			}},
		{"start_tls", "ldap: {urls: [ldap://a.example.org], start_tls: true, bind_dn: cn=x, bind_password: y}",
			func(c *config.Config) {
				c.LDAP.URLs, c.LDAP.StartTLS = []string{"ldap://a.example.org"}, true
				c.LDAP.BindDN, c.LDAP.BindPassword = "cn=x", config.NewSecret("y")
			}},
		{"plain loopback", "ldap: {urls: ['ldap://127.0.0.1:389', 'ldap://[::1]', 'ldap://LOCALHOST'], bind_dn: cn=x, bind_password: y}",
			func(c *config.Config) {
				c.LDAP.URLs = []string{"ldap://127.0.0.1:389", "ldap://[::1]", "ldap://LOCALHOST"}
				c.LDAP.BindDN, c.LDAP.BindPassword = "cn=x", config.NewSecret("y")
			}},
		{"client certificate", "ldap: {urls: [ldaps://a], client_cert_file: /a.pem, client_key_file: ../a.key, referral_hosts: [b, 'c:389']}",
			func(c *config.Config) {
				c.LDAP.URLs = []string{"ldaps://a"}
				c.LDAP.ClientCertFile, c.LDAP.ClientKeyFile = "/a.pem", "/etc/a.key"
				c.LDAP.ReferralHosts = []string{"b", "c:389"}
			}},
		{"preset openldap", `ldap: {preset: openldap, users: {base_dns: ["ou=people,dc=example,dc=org"], id_attribute: uid}}`,
			func(c *config.Config) {
				c.LDAP.Preset = "openldap"
				c.LDAP.URLs = []string{"ldap://localhost:389"}
				c.LDAP.Users = config.LDAPUsers{Bases: []string{"ou=people,dc=example,dc=org"},
					Filter: "(objectClass=inetOrgPerson)", Scope: "sub", IDAttribute: "uid"}
				c.LDAP.Groups.Bases = nil
			}},
		{"environment in values", `
ldap:
  page_size: ${NUMBER}
  allow_plaintext: ${TRUE}
  timeout: ${NUMBER}m
  server_name: a-${WORD}-$${WORD}-$$${WORD}-${NESTED}-$
  referral_hosts: ["${WORD}.example.org"]
sync:
  limits: {max_remove: "${NUMBER}%"}
  mapping: {notes: "${EMPTY}"}`,
			func(c *config.Config) {
				c.LDAP.PageSize, c.LDAP.AllowPlaintext, c.LDAP.Timeout = 17, true, 17*time.Minute
				c.LDAP.ServerName = "a-word-${WORD}-$${WORD}-${WORD}-$"
				c.LDAP.ReferralHosts = []string{"word.example.org"}
				c.Sync.Limits.MaxRemove = dirsync.Limit{Percent: dirsync.Ratio{Num: 17, Den: 100}}
			}},
		{"limits", "sync: {limits: {max_remove: 0, max_update: 2.50%, max_create: 100%, min_source: 'off', max_enable: '7', floor: 0}}",
			func(c *config.Config) {
				c.Sync.Limits.MaxRemove = dirsync.Limit{}
				c.Sync.Limits.MaxUpdate = dirsync.Limit{Percent: dirsync.Ratio{Num: 250, Den: 10000}}
				c.Sync.Limits.MaxCreate = dirsync.Limit{Percent: dirsync.Ratio{Num: 100, Den: 100}}
				c.Sync.Limits.MinSource = dirsync.Limit{Off: true}
				c.Sync.Limits.MaxEnable = dirsync.Limit{Count: 7}
				c.Sync.Limits.Floor = 0
			}},
		{"removal", "sync: {on_missing: {action: trash, after: 48h, then: delete, grace: 0s}, on_out_of_scope: {action: delete}, existing: adopt_if_email_matches}",
			func(c *config.Config) {
				c.Sync.OnMissing = config.Removal{Action: "trash", After: 48 * time.Hour, Then: "delete"}
				c.Sync.OnOutOfScope.Action = "delete"
				c.Sync.Existing = "adopt_if_email_matches"
			}},
		{"scope", `sync: {scope: {exclude_users: [root, /svc-.*/, "uid=x,dc=example,dc=org"], protect: [admin]}}`,
			func(c *config.Config) {
				c.Sync.Scope.ExcludeUsers = []string{"root", "/svc-.*/", "uid=x,dc=example,dc=org"}
				c.Sync.Scope.Protect = []string{"admin"}
			}},
		{"mapping", "sync: {mapping: {username: mail, realname: '', notes: 2.5.4.13, firstname: cn;lang-de, status: ''}, normalize: {username: none}, status_lockouts: true}",
			func(c *config.Config) {
				m := &c.Sync.Mapping
				m.Username, m.Realname, m.Notes, m.Firstname, m.Status = "mail", "", "2.5.4.13", "cn;lang-de", ""
				c.Sync.Normalize.Username, c.Sync.StatusLockouts = "none", true
			}},
		{"drift for all", "sync: {drift: report, refresh_every: 0s, max_duration: 1h}",
			func(c *config.Config) {
				c.Sync.Drift.Otherwise, c.Sync.RefreshEvery, c.Sync.MaxDuration = "report", 0, time.Hour
			}},
		{"drift by field", "sync: {drift: {email: report, phones: enforce}}",
			func(c *config.Config) {
				c.Sync.Drift.Fields = map[string]string{"email": "report", "phones": "enforce"}
			}},
		{"schedule", "schedule: {cron: '@every 1s', timezone: Europe/Berlin, jitter: 0s, at_start: false}",
			func(c *config.Config) {
				c.Schedule = config.Schedule{Cron: "@every 1s", Timezone: "Europe/Berlin"}
			}},
		{"written defaults of what is not built", `
ldap: {groups: {base_dns: ["ou=Groups,dc=WSO2,dc=ORG"], nested: true}}
sync: {groups: {mirror: [], rename: {}}, phones: {on: create}, mapping: {phones: [], aliases: []}, allow_bypass: false}
notify: {on: [failure, held, conflict], email: {to: []}}`, func(*config.Config) {}},
		{"state elsewhere", "state: {dsn: ../lib/state.db, keep_history: 0s}",
			func(c *config.Config) {
				c.State = config.State{DSN: config.NewSecret("/etc/lib/state.db")}
			}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			want := least()
			test.change(&want)
			loaded := load(t, test.text+keys)
			if diff := cmp.Diff(want, loaded.Config); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			readsBack(t, loaded)
		})
	}
}

// readsBack checks that what Show prints is the same configuration.
func readsBack(t *testing.T, loaded *config.Loaded) {
	t.Helper()
	shown := config.ShowRevealed(loaded)
	again, err := config.Parse(loaded.File, shown, func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatalf("what was shown is refused: %v\n%s", err, shown)
	}
	if diff := cmp.Diff(loaded.Config, again.Config); diff != "" {
		t.Errorf("what was shown reads differently (-loaded +shown)\n%s\n%s", diff, shown)
	}
}

func TestDuoSettings(t *testing.T) {
	loaded := load(t, `
duo:
  host: "[::1]:8443"
  integration_key: DIWJ8X6AEYOR5OMC6TQ1
  secret_key: Zh5eGmUq9zpfQnyUIu5OL9iWoMMv5ZNmk3zLJ4Ep
  signature: 2
  ca_file: ca.pem
  proxy_url: http://user:pw@proxy:3128
  timeout: 5s
  rate: 50/1m
  bulk: off
  auth: {integration_key: DIXXXXXXXXXXXXXXXXXX, secret_key: abc}
`)
	want := config.Duo{
		Host: "[::1]:8443", IntegrationKey: "DIWJ8X6AEYOR5OMC6TQ1",
		SecretKey: config.NewSecret("Zh5eGmUq9zpfQnyUIu5OL9iWoMMv5ZNmk3zLJ4Ep"),
		Signature: 2, CAFile: "/etc/duosync/ca.pem", ProxyURL: config.NewSecret("http://user:pw@proxy:3128"),
		Timeout: 5 * time.Second, Rate: config.Rate{Calls: 50, Per: time.Minute}, Bulk: "off",
		Auth: config.DuoAuth{IntegrationKey: "DIXXXXXXXXXXXXXXXXXX", SecretKey: config.NewSecret("abc")},
	}
	if diff := cmp.Diff(want, loaded.Config.Duo); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	readsBack(t, loaded)
}

// write makes a folder of files with their modes.
func write(t *testing.T, files map[string]string, mode os.FileMode) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestSecretFiles(t *testing.T) {
	text := `
ldap: {bind_dn: "cn=x", bind_password: "", bind_password_file: "${CREDENTIALS_DIRECTORY}/ldap"}
duo:
  host: api-1a2b3c4d.duosecurity.com
  integration_key: DIWJ8X6AEYOR5OMC6TQ1
  secret_key_file: duo
  auth: {integration_key: DIXXXXXXXXXXXXXXXXXX, secret_key_file: ./auth}
  proxy_url_file: ""
state: {dsn_file: dsn}
`
	dir := write(t, map[string]string{
		"config.yaml": text, "ldap": "pass word \r\n", "duo": "duo-secret\n\n", "auth": "auth-secret", "dsn": "other.db\n",
	}, 0o600)
	env := func(name string) (string, bool) { return dir, name == "CREDENTIALS_DIRECTORY" }
	loaded, err := config.Load(filepath.Join(dir, "config.yaml"), env)
	if err != nil {
		t.Fatal(err)
	}
	c := loaded.Config
	for _, s := range []struct {
		key  string
		got  config.Secret
		want string
	}{
		{"ldap.bind_password", c.LDAP.BindPassword, "pass word "},
		{"duo.secret_key", c.Duo.SecretKey, "duo-secret"},
		{"duo.auth.secret_key", c.Duo.Auth.SecretKey, "auth-secret"},
		{"duo.proxy_url", c.Duo.ProxyURL, ""},
		{"state.dsn", c.State.DSN, filepath.Join(dir, "other.db")},
	} {
		if s.got.Reveal() != s.want {
			t.Errorf("%s: got %q, want %q", s.key, s.got.Reveal(), s.want)
		}
	}
	if got, want := loaded.Source("ldap.bind_password"), "secret file "+filepath.Join(dir, "ldap"); got != want {
		t.Errorf("source %q, want %q", got, want)
	}
	if len(loaded.Warnings) > 0 {
		t.Errorf("warnings: %q", loaded.Warnings)
	}
	readsBack(t, loaded)
}

func TestWarnings(t *testing.T) {
	fromFile := strings.Replace(keys, "secret_key: Zh5eGmUq9zpfQnyUIu5OL9iWoMMv5ZNmk3zLJ4Ep", "secret_key_file: secret", 1)
	fromEnv := strings.Replace(keys, "secret_key: Zh5eGmUq9zpfQnyUIu5OL9iWoMMv5ZNmk3zLJ4Ep", "secret_key: ${DUO_SECRET_KEY}", 1)
	tests := []struct {
		name, text string
		mode       os.FileMode
		want       []string // a part of each warning
	}{
		{"secret in the file", keys, 0o644, []string{"config.yaml holds a secret"}},
		{"secret in the file, for the group", keys, 0o640, nil},
		{"secret file", fromFile, 0o644, []string{"duo.secret_key_file"}},
		{"secret file, private", fromFile, 0o400, nil},
		{"secret in the environment", fromEnv, 0o644, nil},
		{"harmless values of secret keys", fromEnv + "  proxy_url: http://proxy:3128\nstate: {dsn: a.db}\nldap: {bind_password: ''}", 0o644, nil},
		{"proxy with a password", fromEnv + "  proxy_url: http://me:pw@proxy:3128\n", 0o644, []string{"config.yaml holds a secret"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := write(t, map[string]string{"config.yaml": test.text, "secret": "abc"}, test.mode)
			loaded, err := config.Load(filepath.Join(dir, "config.yaml"), environment)
			if err != nil {
				t.Fatal(err)
			}
			if len(loaded.Warnings) != len(test.want) {
				t.Fatalf("warnings %q, want %q", loaded.Warnings, test.want)
			}
			for i, part := range test.want {
				if !strings.Contains(loaded.Warnings[i], part) {
					t.Errorf("warning %q says nothing of %q", loaded.Warnings[i], part)
				}
			}
		})
	}
}

func TestLoadWithoutFile(t *testing.T) {
	_, err := config.Load(filepath.Join(t.TempDir(), "none.yaml"), environment)
	if !errors.Is(err, os.ErrNotExist) || dirsync.Hint(err) == "" {
		t.Errorf("got %v with hint %q", err, dirsync.Hint(err))
	}
}

func TestSource(t *testing.T) {
	loaded := load(t, `ldap:
  preset: openldap
  server_name: x
  timeout: ${NUMBER}s
  referral_hosts: ["${WORD}", a, "${FOLDER}.example.org"]
  users:
    base_dns:
      - dc=example,dc=org
sync:
  drift: {email: report}
`+keys)
	tests := map[string]string{
		"ldap.preset":          "/etc/duosync/config.yaml:2",
		"ldap.server_name":     "/etc/duosync/config.yaml:3",
		"ldap.timeout":         "env NUMBER",
		"ldap.referral_hosts":  "env WORD, FOLDER",
		"ldap.users.base_dns":  "/etc/duosync/config.yaml:8",
		"ldap.users.filter":    "preset openldap",
		"ldap.page_size":       "default",
		"sync.drift":           "/etc/duosync/config.yaml:10",
		"duo.rate":             "default",
		"duo.nonsense":         "",
		"duo":                  "",
		"ldap.referral_hosts[": "",
	}
	for path, want := range tests {
		if got := loaded.Source(path); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
	if got := load(t, keys).Source("ldap.users.filter"); got != "preset wso2is" {
		t.Errorf("filter without a preset: %q", got)
	}
}

func TestShow(t *testing.T) {
	loaded, err := config.Parse("testdata/show.yaml", []byte("ldap: {preset: openldap, users: {base_dns: ['dc=x,dc=y']}}\nsync: {drift: {email: report}}\n"+keys), environment)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/show.golden", string(config.Show(loaded)))
}

// TestNothingTellsSecrets plants a secret in every key that can hold one, and
// looks for it in all that can be printed.
func TestNothingTellsSecrets(t *testing.T) {
	dir := write(t, map[string]string{"secret": planted}, 0o644)
	texts := []string{
		"ldap: {bind_dn: cn=x, bind_password: planted-secret}\nduo: {host: a, integration_key: b, secret_key: planted-secret, proxy_url: 'http://planted-secret@a', auth: {integration_key: c, secret_key: planted-secret}}\nstate: {dsn: planted-secret}",
		"ldap: {bind_dn: cn=x, bind_password: '${PLANTED}'}\nduo: {host: a, integration_key: b, secret_key: '${PLANTED}', proxy_url: 'http://${PLANTED}@a', auth: {integration_key: c, secret_key: '${PLANTED}'}}\nstate: {dsn: '${PLANTED}'}",
		"ldap: {bind_dn: cn=x, bind_password_file: secret}\nduo: {host: a, integration_key: b, secret_key_file: secret, auth: {integration_key: c, secret_key_file: secret}}\nstate: {dsn_file: secret}",
	}
	for i, text := range texts {
		loaded, err := config.Parse(filepath.Join(dir, "c.yaml"), []byte(text), environment)
		if err != nil {
			t.Fatal(err)
		}
		if got := loaded.Config.LDAP.BindPassword.Reveal(); got != planted {
			t.Fatalf("text %d: the password is %q", i, got)
		}
		asJSON, err := json.Marshal(loaded)
		if err != nil {
			t.Fatal(err)
		}
		asYAML, err := yaml.Marshal(loaded.Config)
		if err != nil {
			t.Fatal(err)
		}
		type wrapped struct{ inner config.Config } // fmt can't call methods in here
		printed := map[string]string{
			"Show": string(config.Show(loaded)), "JSON": string(asJSON), "YAML": string(asYAML),
			"warnings": strings.Join(loaded.Warnings, "\n"),
		}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			printed[verb] = fmt.Sprintf(verb, loaded)
			printed[verb+" of the config"] = fmt.Sprintf(verb, loaded.Config)
			printed[verb+" of a secret"] = fmt.Sprintf(verb, loaded.Config.Duo.SecretKey)
			printed[verb+" in a hidden field"] = fmt.Sprintf(verb, wrapped{loaded.Config})
		}
		for _, path := range config.Leaves() {
			printed["source of "+path] = loaded.Source(path)
		}
		for what, text := range printed {
			if strings.Contains(text, planted) || strings.Contains(text, fmt.Sprintf("%x", planted)) {
				t.Errorf("%s of text %d tells the secret:\n%s", what, i, text)
			}
		}
		if !strings.Contains(printed["Show"], "secret_key: <secret>") {
			t.Errorf("Show hides that there is a secret:\n%s", printed["Show"])
		}
	}
}
