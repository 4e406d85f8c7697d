package config_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"duosync/cmd/internal/config"
)

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

// TestNothingTellsSecrets plants a secret in every key that can hold one, and
// looks for it in all that can be printed.
func TestNothingTellsSecrets(t *testing.T) {
	dir := write(t, map[string]string{"secret": planted}, 0o644)
	texts := []string{
		"ldap: {bind_dn: cn=x, bind_password: planted-secret}\nduo: {host: a, integration_key: b, secret_key: planted-secret, proxy_url: 'http://planted-secret@a', auth: {integration_key: c, secret_key: planted-secret}}\nstate: {dsn: 'postgres://me:planted-secret@db/x'}",
		"ldap: {bind_dn: cn=x, bind_password: '${PLANTED}'}\nduo: {host: a, integration_key: b, secret_key: '${PLANTED}', proxy_url: 'http://${PLANTED}@a', auth: {integration_key: c, secret_key: '${PLANTED}'}}\nstate: {dsn: 'postgres://me:${PLANTED}@db/x'}",
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
