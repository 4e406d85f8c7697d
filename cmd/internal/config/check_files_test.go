package config_test

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"duosync/cmd/internal/config"
)

// What is wrong with a file of certificates is told at the line that names it, each by itself.
func TestCertificateFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, line := range []string{
		"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout a.key -subj /CN=a -out a.pem",
		"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout b.key -subj /CN=b -out b.pem",
		"openssl x509 -in a.pem -outform der -out a.der",
		"openssl crl2pkcs7 -nocrl -certfile a.pem -out a.p7b",
		`{ printf '\357\273\277'; cat a.pem; } > bom.pem`,
	} {
		cmd := exec.CommandContext(t.Context(), "sh", "-c", line)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
	}
	for text, want := range map[string][]string{
		"ldap:\n  ca_file: a.pem\n":       nil,
		"ldap:\n  ca_file: a.der\n":       {"config.yaml:2:12: ldap.ca_file: ", "DER"},
		"ldap:\n  ca_file: a.p7b\n":       {"config.yaml:2:12: ldap.ca_file: ", "PKCS#7"},
		"ldap:\n  ca_file: bom.pem\n":     {"config.yaml:2:12: ldap.ca_file: ", "byte order mark"},
		"ldap:\n  ca_file: nowhere.pem\n": {"config.yaml:2:12: ldap.ca_file: ", "no such file"},
		"ldap: {urls: ['ldaps://x'], client_cert_file: a.pem,\n  client_key_file: a.key}\n":                 nil,
		"ldap: {urls: ['ldaps://x'], client_cert_file: a.pem,\n  client_key_file: b.key}\n":                 {"config.yaml:2:20: ldap.client_key_file: ", "does not belong"},
		"ldap: {urls: ['ldaps://x'], client_cert_file: a.key,\n  client_key_file: a.key}\n":                 {"config.yaml:1:47: ldap.client_cert_file: ", "a private key"},
		"ldap: {urls: ['ldaps://x'], client_cert_file: a.pem,\n  client_key_file: a.pem}\n":                 {"config.yaml:2:20: ldap.client_key_file: ", "no private key"},
		"directories:\n- {name: a, users: {base_dns: ['dc=x']},\n   ca_file: a.der}\n":                      {"config.yaml:3:13: directories[0].ca_file: ", "DER"},
		"duo:\n  ca_file: a.der\n" + strings.TrimPrefix(keys, "\nduo:\n") + "ldap: {users: {scope: sub}}\n": {"config.yaml:2:12: duo.ca_file: ", "DER"},
	} {
		if !strings.Contains(text, "duo:") {
			text += keys
		}
		files := write(t, map[string]string{"config.yaml": text}, 0o600)
		for _, name := range []string{"a.pem", "a.der", "a.p7b", "bom.pem", "a.key", "b.key"} {
			if out, err := exec.CommandContext(t.Context(), "cp", filepath.Join(dir, name), files).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
		}
		_, err := config.Load(filepath.Join(files, "config.yaml"), environment)
		problems, _ := errors.AsType[config.Errors](err)
		switch {
		case want == nil && err != nil:
			t.Errorf("%s: %v", text, err)
		case want == nil:
		case len(problems) != 1 || problems[0].Hint == "" || !strings.Contains(err.Error(), want[0]) || !strings.Contains(err.Error(), want[1]):
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
