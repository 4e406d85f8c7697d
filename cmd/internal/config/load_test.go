package config_test

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"duosync/cmd/internal/config"
	"duosync/duo/callrate"
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
		{"one member attribute", "ldap: {groups: {member_attribute: memberUid}}", func(c *config.Config) {
			c.LDAP.Groups.MemberAttribute = []string{"memberUid"}
		}},
		{"several member attributes", "ldap: {groups: {member_attribute: [member, uniqueMember]}}", func(c *config.Config) {
			c.LDAP.Groups.MemberAttribute = []string{"member", "uniqueMember"}
		}},
		{"membership at the person", "ldap: {groups: {member_of: isMemberOf}}", func(c *config.Config) { c.LDAP.Groups.MemberOf = "isMemberOf" }},
		{"a member attribute of the environment", "ldap: {groups: {member_attribute: '${WORD}'}}", func(c *config.Config) {
			c.LDAP.Groups.MemberAttribute = []string{"word"}
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
				c.LDAP.Groups.Bases, c.LDAP.ExpiresAttribute = nil, "pwdEndTime"
			}},
		{"another end of accounts", `ldap: {preset: openldap, users: {base_dns: ["ou=people,dc=example,dc=org"], filter: (uid=*)}, expires_attribute: none}`,
			func(c *config.Config) {
				c.LDAP.Preset, c.LDAP.ExpiresAttribute = "openldap", "none"
				c.LDAP.URLs = []string{"ldap://localhost:389"}
				c.LDAP.Users.Bases, c.LDAP.Users.Filter = []string{"ou=people,dc=example,dc=org"}, "(uid=*)"
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
		{"everything about a person", `
sync:
  mapping:
    username: 'strip_domain(userPrincipalName)'
    aliases: [mail, "lower(uid)"]
    email: "mail ?? otherMailbox"
    phones: [mobile, {number: telephoneNumber, type: landline}, {number: "first(pager)", type: ""}]
    status: 'in_group("VPN users") ? preset : "disabled"'
  allow_bypass: true
  normalize: {phone_region: DE}
  phones: {on: always, taken: share}
  groups: {mirror: [staff, "/vpn-.*/"], rename: {staff: Personnel, vpn-a: VPN, VPN-B: VPN}, existing: adopt, when_unmirrored: delete}
  limits: {max_group_loss: 20}
  drift: {aliases: report, phones: report, groups: enforce}
enroll: {email: true, max_per_run: 1}`,
			func(c *config.Config) {
				m := &c.Sync.Mapping
				m.Username, m.Aliases, m.Email = "strip_domain(userPrincipalName)", []string{"mail", "lower(uid)"}, "mail ?? otherMailbox"
				m.Phones = []config.PhoneMapping{{Number: "mobile"}, {Number: "telephoneNumber", Type: "landline"}, {Number: "first(pager)"}}
				m.Status = `in_group("VPN users") ? preset : "disabled"`
				c.Sync.AllowBypass, c.Sync.Normalize.PhoneRegion = true, "DE"
				c.Sync.Phones = config.PhoneRules{On: "always", Taken: "share"}
				c.Sync.Groups = config.GroupRules{Mirror: []string{"staff", "/vpn-.*/"}, Existing: "adopt", WhenUnmirrored: "delete",
					Rename: map[string]string{"staff": "Personnel", "vpn-a": "VPN", "VPN-B": "VPN"}}
				c.Sync.Limits.MaxGroupLoss = dirsync.Limit{Count: 20}
				c.Sync.Drift.Fields = map[string]string{"aliases": "report", "phones": "report", "groups": "enforce"}
				c.Enroll = config.Enroll{Email: true, MaxPerRun: 1}
			}},
		{"mails that are switched off", "enroll: {max_per_run: 0}", func(c *config.Config) { c.Enroll.MaxPerRun = 0 }},
		{"database", "state: {dsn: 'postgres://duosync:p%40ss@db.example.org:5432/duosync?sslmode=verify-full'}",
			func(c *config.Config) {
				c.State.DSN = config.NewSecret("postgres://duosync:p%40ss@db.example.org:5432/duosync?sslmode=verify-full")
			}},
		{"database over a socket", "state: {dsn: 'postgresql:///duosync?host=/var/run/postgresql'}",
			func(c *config.Config) {
				c.State.DSN = config.NewSecret("postgresql:///duosync?host=/var/run/postgresql")
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
  max_in_flight: 2
  auth: {integration_key: DIXXXXXXXXXXXXXXXXXX, secret_key: abc}
`)
	want := config.Duo{
		Host: "[::1]:8443", IntegrationKey: "DIWJ8X6AEYOR5OMC6TQ1",
		SecretKey: config.NewSecret("Zh5eGmUq9zpfQnyUIu5OL9iWoMMv5ZNmk3zLJ4Ep"),
		Signature: 2, CAFile: "/etc/duosync/ca.pem", ProxyURL: config.NewSecret("http://user:pw@proxy:3128"),
		Timeout: 5 * time.Second, Rate: callrate.Rate{Calls: 50, Per: time.Minute}, Bulk: "off", MaxInFlight: 2,
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
		{"database without a password", fromEnv + "state: {dsn: 'postgres://me@localhost/duosync'}", 0o644, nil},
		{"database with a password", fromEnv + "state: {dsn: 'postgres://me:word@[::1]/duosync'}", 0o644, []string{"config.yaml holds a secret"}},
		{"database with a password further on", fromEnv + "state: {dsn: 'postgres:///duosync?host=/run&password=word'}", 0o644, []string{"config.yaml holds a secret"}},
		{"database over the network", fromEnv + "state: {dsn: 'postgres://a,b/duosync?sslmode=prefer'}", 0o640, []string{"sslmode=verify-full"}},
		{"database over the network, by its parameters", fromEnv + "state: {dsn: 'postgres:///?dbname=duosync&host=db.example.org'}", 0o640, []string{"sslmode=verify-full"}},
		{"new name for a group that is not mirrored", fromEnv + "sync: {groups: {mirror: [staff, /vpn.*/], rename: {STAFF: a, vpn-x: b, Robots: c}}}", 0o640, []string{`"Robots"`}},
		{"proxy with a password", fromEnv + "  proxy_url: http://me:word@proxy:3128\n", 0o644, []string{"config.yaml holds a secret"}},
		{"passwords that are too short to be hidden", strings.Replace(fromFile, "file: secret", "file: short", 1) + "  proxy_url: http://me:pw@proxy:3128\nstate: {dsn: 'postgres:///duosync?host=/run&password=pw'}\n" +
			"ldap: {bind_dn: cn=x, bind_password: 'a b'}\nhttp: {token: tok}\nnotify: {heartbeat_url: 'http://me@a/b'}\n", 0o600,
			[]string{"ldap.bind_password: a password of fewer than four", "duo.secret_key: a password", "duo.proxy_url: ", "state.dsn: ", "http.token: ", "notify.heartbeat_url: "}},
		{"short values that are no passwords", fromEnv + "  proxy_url: http://a:1\nstate: {dsn: a}\nnotify: {heartbeat_url: 'http://a/b'}\n", 0o600, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := write(t, map[string]string{"config.yaml": test.text, "secret": "abcd", "short": "abc"}, test.mode)
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
	loaded, err := config.Parse("/etc/duosync/config.yaml", []byte("ldap: {preset: openldap, users: {base_dns: ['dc=x,dc=y']}}\nsync: {drift: {email: report}}\n"+keys), environment)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/show.golden", string(config.Show(loaded)))
}

// A configuration that lies there and can't be read is not told to be missing.
func TestLoadWhatCantBeRead(t *testing.T) {
	dir := t.TempDir()
	loop := filepath.Join(dir, "loop.yaml")
	if err := os.Symlink(loop, loop); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "none.yaml"): "config init",
		dir:                             "name the file in it",
		loop:                            "--config",
	} {
		_, err := config.Load(path, environment)
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(dirsync.Hint(err), want) {
			t.Errorf("%s: %v (%s), want %q", path, err, dirsync.Hint(err), want)
		}
	}
}

// Editors of Windows save UTF-16. What is wrong in such a file is told at its line, and the
// state is found in it.
func TestUTF16(t *testing.T) {
	text := "\ufeff# Müller\r\nldap:\r\n  uzers: x\r\nstate: {dsn: here.db}\r\n" + keys
	for name, order := range map[string]binary.AppendByteOrder{"little": binary.LittleEndian, "big": binary.BigEndian} {
		var data []byte
		for _, unit := range utf16.Encode([]rune(text)) {
			data = order.AppendUint16(data, unit)
		}
		path := filepath.Join(t.TempDir(), "config.yaml")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := config.Load(path, environment); err == nil || !strings.Contains(err.Error(), "config.yaml:3:3: ldap.uzers: unknown key; did you mean") {
			t.Errorf("%s: %v", name, err)
		}
		for _, broken := range []string{"", "sync: {\r\n"} {
			for _, unit := range utf16.Encode([]rune(broken)) {
				data = order.AppendUint16(data, unit)
			}
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			place, err := config.LoadPlace(path, environment)
			if err != nil || filepath.Base(place.DSN.Reveal()) != "here.db" {
				t.Errorf("%s, with %q: the state is not found: %v", name, broken, err)
			}
		}
	}
	// Without a mark, every other byte is no character.
	_, err := config.Parse("config.yaml", []byte("l\x00d\x00a\x00p\x00:\x00\n\x00"), environment)
	if err == nil || !strings.Contains(err.Error(), "UTF-16") || !strings.Contains(err.Error(), "iconv") {
		t.Errorf("no mark: %v", err)
	}
}

// What is evidently beside a secret is told before a login is spent on it, without the secret.
func TestSecretsWithSomethingBeside(t *testing.T) {
	const base = "ldap: {preset: openldap, bind_dn: cn=reader, users: {base_dns: [dc=x]}, urls: [ldap://localhost], "
	for secret, want := range map[string]string{
		`"planted-secret"`:             "begins and ends with a quote",
		`'planted-secret'`:             "begins and ends with a quote",
		"LDAP_PASSWORD=planted-secret": "the name of a variable and =",
		"$LDAP_PASSWORD":               "write ${NAME}",
		"%LDAP_PASSWORD%":              "write ${NAME}",
		"planted-secret":               "", "p=planted-secret": "", "it's me": "", "$ecret": "", "Abcd=": "", "\"abcdef": "",
	} {
		file := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		env := func(name string) (string, bool) {
			if name == "IT" {
				return secret, true
			}
			return environment(name)
		}
		for way, text := range map[string]string{
			"a file":     base + "bind_password_file: " + file + "}",
			"a variable": base + "bind_password: \"${IT}\"}",
			"the value":  base + "bind_password: '" + strings.ReplaceAll(secret, "'", "''") + "'}",
		} {
			loaded, err := config.Parse("config.yaml", []byte(text+keys), env)
			if err != nil {
				t.Errorf("%s of %s: %v", way, secret, err)
				continue
			}
			said := strings.Join(loaded.Warnings, "\n")
			if told := strings.Contains(said, "ldap.bind_password"); told != (want != "") || !strings.Contains(said, want) || strings.Contains(said, "planted") {
				t.Errorf("%s of %s: %q, want %q", way, secret, said, want)
			}
		}
	}
}
