package schema

import (
	"net/url"
	"strings"
	"testing"

	dirsync "duosync/sync"
)

func TestParseAddress(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Address{
		"ldap://a.example":       {Host: "a.example"},
		"LDAPS://a.example:1636": {TLS: true, Host: "a.example:1636"},
		"ldaps://[::1]:636/":     {TLS: true, Host: "[::1]:636"},
		"ldapi://%2Frun%2Fa%20b": {Socket: "/run/a b"},
		"ldapi://%2frun%2fx/":    {Socket: "/run/x"},
		"ldapi:///":              {Socket: usualSocket},
		"ldapi://":               {Socket: usualSocket},
		"srv+ldap://example.org": {Domain: "example.org"},
		"srv+ldaps://b.example.": {TLS: true, Domain: "b.example"},
	} {
		if got, err := ParseAddress(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for text, words := range map[string]string{
		"ldapi:///run/slapd/ldapi":     "path of a socket",
		"ldapi://run":                  "path of a socket",
		"ldapi://%2Frun%2Fx/dc=a":      "path of a socket",
		"ldapi://%2Frun%2Fx????x-mod":  "path of a socket",
		"ldapi://%zz":                  "path of a socket",
		"ldapi://%2Frun%00":            "path of a socket",
		"srv+ldap://example.org:389":   "without a port",
		"srv+ldap://":                  "name a host",
		"srv+ldap://.":                 "name a domain",
		"srv+ldap://example.org:":      "without a port",
		"srv+ldap://me:pw@example.org": "hold a user",
		"srv+ldapi://x":                "must start with",
		"srv+http://x":                 "must start with",
		"ldap:a.example":               "must start with",
		"ldap://a/dc=x":                "must end after",
	} {
		_, err := ParseAddress(text)
		if err == nil || !strings.Contains(err.Error(), words) || dirsync.Hint(err) == "" {
			t.Errorf("%s: %v (%s)", text, err, dirsync.Hint(err))
		}
	}
}

// An address names one place, and no error repeats what was written.
func FuzzAddress(f *testing.F) {
	for _, text := range []string{"ldap://a:389", "ldaps://[::1]", "ldapi://%2Fa%2Fb", "srv+ldap://a.b", "ldap://u:planted@h", "ldapi://planted", "x"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := ParseAddress(text)
		if err != nil {
			if strings.Contains(text, "planted") && strings.Contains(err.Error()+dirsync.Hint(err), "planted") {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		places := 0
		for _, place := range []string{a.Host, a.Socket, a.Domain} {
			if place != "" {
				places++
			}
		}
		if places != 1 || a.Socket != "" && a.TLS {
			t.Errorf("%q: %+v", text, a)
		}
		if a.Socket != "" {
			if again, err := ParseAddress("ldapi://" + url.PathEscape(a.Socket)); err != nil || again != a {
				t.Errorf("%q: %+v, and again %+v, %v", text, a, again, err)
			}
		}
	})
}
