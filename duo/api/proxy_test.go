package api

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// TestProxySecretsAreHidden has a proxy say in its answer what it was sent.
func TestProxySecretsAreHidden(t *testing.T) {
	t.Parallel()
	const password = "s3cr3t/p&ss %41\u00e4"
	for name, user := range map[string]*url.Userinfo{
		"user and password": url.UserPassword("me", password),
		"password alone":    url.UserPassword("", password),
		"user alone":        url.User(password),
	} {
		proxy := url.URL{Scheme: "http", User: user, Host: "proxy.example.com:3128"}
		c, err := New(Options{Host: "api-1a2b3c4d.duosecurity.com", IntegrationKey: "DIWJ8X6AEYOR5OMC6TQ1", SecretKey: "sk-1234", ProxyURL: proxy.String()})
		if err != nil {
			t.Fatal(err)
		}
		given, _ := user.Password()
		sent := base64.StdEncoding.EncodeToString([]byte(user.Username() + ":" + given))
		for _, told := range []string{
			password, url.QueryEscape(password), url.PathEscape(password), sent, "sk-1234",
			strings.Repeat("x", maxWords-4) + password, // would be cut within
			"s3cr3t/p\x00&ss %41\u00e4",                // would come together
		} {
			got := words(fmt.Errorf("you said %s, did you", told), c.hidden)
			if strings.Contains(got, "s3cr") || strings.Contains(got, sent[:8]) || strings.Contains(got, "sk-1") {
				t.Errorf("%s: told %q, shown %q", name, told, got)
			}
		}
		if got := words(errors.New("Proxy Authentication Required"), c.hidden); got != "Proxy Authentication Required" {
			t.Errorf("%s: %q", name, got)
		}
	}
}
