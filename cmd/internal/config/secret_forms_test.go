package config_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"duosync/cmd/internal/config"
)

// utf16le is ASCII text as PowerShell's > writes it.
func utf16le(text string) string {
	var b strings.Builder
	for _, r := range "\ufeff" + text {
		b.WriteByte(byte(r))
		b.WriteByte(byte(r >> 8))
	}
	return b.String()
}

// utf16be is the other order of bytes.
func utf16be(text string) string {
	little := []byte(utf16le(text))
	for i := 0; i < len(little); i += 2 {
		little[i], little[i+1] = little[i+1], little[i]
	}
	return string(little)
}

// A secret comes as files and variables have it: what is surely no part of it is taken off,
// what surely can't be typed is told at its line, and nothing of it is shown.
func TestFormsOfSecrets(t *testing.T) {
	const secret = "pass wörd ✓"
	const ascii = "planted-secret-9"
	for name, test := range map[string]struct {
		text string
		want string // the secret, or
		err  string // what is told
	}{
		"as it is":                 {secret, secret, ""},
		"a newline":                {secret + "\n", secret, ""},
		"CRLF":                     {secret + "\r\n", secret, ""},
		"several newlines":         {secret + "\n\r\n\n", secret, ""},
		"a byte order mark":        {"\ufeff" + secret + "\r\n", secret, ""},
		"blanks are its own":       {" " + secret + "  \n", " " + secret + "  ", ""},
		"a tab":                    {"planted\tsecret", "", "control character (U+0009)"},
		"an escape":                {"planted\x1bsecret", "", "control character (U+001B)"},
		"delete":                   {"planted\x7fsecret", "", "control character (U+007F)"},
		"a line too many":          {"planted\nsecret", "", "more than one line"},
		"a carriage return":        {"planted\rsecret\n", "", "more than one line"},
		"a blank that nobody sees": {"planted\u200bsecret", "", "nobody sees (U+200B)"},
		"a letter that is blank":   {"planted\u3164secret", "", "nobody sees (U+3164)"},
		"a joiner":                 {"planted\u200dsecret", "", "nobody sees (U+200D)"},
		"another blank is its own": {"planted\u00a0secret", "planted\u00a0secret", ""},
		"an emoji is its own":      {"planted\u2764\ufe0fsecret", "planted\u2764\ufe0fsecret", ""},
		"a byte order mark within": {"planted\ufeffsecret", "", "nobody sees (U+FEFF)"},
		"UTF-16, little":           {utf16le(ascii + "\r\n"), ascii, ""},
		"UTF-16, big":              {utf16be(ascii + "\r\n"), ascii, ""},
		"UTF-16 without its mark":  {strings.TrimPrefix(utf16le(ascii), "\xff\xfe"), "", "UTF-16"},
		"half a character":         {utf16le(ascii) + "x", "", "UTF-16"},
	} {
		t.Run(name, func(t *testing.T) {
			const config1 = "ldap:\n  bind_dn: cn=x\n  bind_password_file: secret\n" + keys
			dir := write(t, map[string]string{"config.yaml": config1, "secret": test.text}, 0o600)
			loaded, err := config.Load(filepath.Join(dir, "config.yaml"), environment)
			tellsSecret(t, loaded, err, "config.yaml:3:23: ldap.bind_password_file: the file ", test.want, test.err)
			if strings.ContainsRune(test.text, 0) {
				return // no variable holds it
			}
			loaded, err = config.Parse("config.yaml", []byte("ldap:\n  bind_dn: cn=x\n  bind_password: ${X}\n"+keys), func(variable string) (string, bool) {
				if variable == "X" {
					return test.text, true
				}
				return environment(variable)
			})
			tellsSecret(t, loaded, err, "config.yaml:3:18: ldap.bind_password: ", test.want, test.err)
		})
	}
}

func tellsSecret(t *testing.T, loaded *config.Loaded, err error, place, want, told string) {
	t.Helper()
	if told == "" {
		if err != nil {
			t.Errorf("refused: %v", err)
		} else if got := loaded.Config.LDAP.BindPassword.Reveal(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		return
	}
	problems, ok := errors.AsType[config.Errors](err)
	if !ok || len(problems) != 1 || !strings.Contains(problems[0].Error(), place) || !strings.Contains(problems[0].Msg, told) || problems[0].Hint == "" {
		t.Errorf("got %v, want %q, %q and what to do", err, place, told)
	}
	if err != nil && strings.Contains(err.Error(), "planted") {
		t.Errorf("the secret is told: %v", err)
	}
}

// The remedy for a file in UTF-16 is one.
func TestUTF16Remedy(t *testing.T) {
	dir := write(t, map[string]string{"config.yaml": "ldap: {bind_dn: cn=x, bind_password_file: secret}\n" + keys, "secret": strings.TrimPrefix(utf16le("planted-9"), "\xff\xfe")}, 0o600)
	path := filepath.Join(dir, "config.yaml")
	_, err := config.Load(path, environment)
	if err == nil || !strings.Contains(err.Error(), "iconv -f UTF-16LE -t UTF-8") {
		t.Fatalf("told %v", err)
	}
	out, err := exec.Command("iconv", "-f", "UTF-16LE", "-t", "UTF-8", filepath.Join(dir, "secret")).Output()
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "secret"), out, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := config.Load(path, environment)
	if err != nil || loaded.Config.LDAP.BindPassword.Reveal() != "planted-9" {
		t.Errorf("after the remedy: %v", err)
	}
}

// What may be a secret and is none is shown.
func TestShownThoughItMayBeSecret(t *testing.T) {
	for text, want := range map[string]string{
		"state: {dsn: /var/lib/duosync/duosync.db}":  "  dsn: /var/lib/duosync/duosync.db ",
		"state: {dsn: '${WORD}.db'}":                 "  dsn: /etc/duosync/word.db ",
		"state: {dsn: 'postgres://me:pw@db/x'}":      "  dsn: <secret> ",
		"state: {dsn: 'postgres://me@db/x'}":         "  dsn: <secret> ",
		"  proxy_url: http://proxy.example:3128":     "  proxy_url: http://proxy.example:3128 ",
		"  proxy_url: http://me:pass@proxy.example":  "  proxy_url: <secret> ",
		"  proxy_url: http://token@proxy.example":    "  proxy_url: <secret> ",
		"notify: {webhook_url: 'https://hook.test'}": "  webhook_url: <secret> ",
	} {
		loaded, err := config.Parse("/etc/duosync/config.yaml", []byte(keys+text), environment)
		if err != nil {
			t.Fatal(err)
		}
		if shown := string(config.Show(loaded)); !strings.Contains(shown, want) || strings.Contains(shown, "hook.test") {
			t.Errorf("%s is shown as\n%s", text, shown)
		}
	}
}
