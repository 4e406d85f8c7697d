package config

import (
	"errors"
	"net/url"
	"regexp"

	dirsync "duosync/sync"
)

func (v *validator) validateDuo(d *Duo) {
	const where = "it stands in Duo's Admin Panel under Applications, on the page of your Admin API application"
	if d.Host == "" {
		v.Check("duo.host", dirsync.WithHint(errors.New("is missing"), where+", as API hostname"))
	} else {
		v.Check("duo.host", checkHost(d.Host))
	}
	if d.IntegrationKey == "" {
		v.Check("duo.integration_key", dirsync.WithHint(errors.New("is missing"), where))
	}
	if d.SecretKey.IsEmpty() {
		v.Check("duo.secret_key", dirsync.WithHint(errors.New("is missing"), where+"; give it here, or in secret_key_file"))
	}
	v.Check("duo.integration_key", checkIntegrationKey(d.IntegrationKey))
	v.Check("duo.secret_key", checkSecretKey(d.SecretKey))
	v.Check("duo.proxy_url", checkProxyURL(d.ProxyURL.Reveal()))

	switch {
	case d.Auth.IntegrationKey == "" && !d.Auth.SecretKey.IsEmpty():
		v.Missing("duo.auth.integration_key", "duo.auth.secret_key", "it stands on the page of your Auth API application")
	case d.Auth.IntegrationKey != "" && d.Auth.SecretKey.IsEmpty():
		v.Missing("duo.auth.secret_key", "duo.auth.integration_key", "give it here, or in secret_key_file")
	}
	v.Check("duo.auth.integration_key", checkIntegrationKey(d.Auth.IntegrationKey))
	v.Check("duo.auth.secret_key", checkSecretKey(d.Auth.SecretKey))
}

func checkProxyURL(text string) error {
	const hint = "such as http://proxy.example.org:3128"
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return dirsync.WithHint(errors.New("is not the URL of a proxy"), hint)
	}
	switch u.Scheme {
	case "http", "https", "socks5", "socks5h":
		return nil
	}
	return dirsync.WithHint(errors.New("must start with http://, https:// or socks5://"), hint)
}

var (
	duoKey       = regexp.MustCompile(`^[!-9;-~]+$`) // an HTTP Basic user or password: ASCII, no blank, no colon
	likeSecret   = regexp.MustCompile(`^[A-Za-z0-9]{40}$`)
	likeIntegKey = regexp.MustCompile(`^DI[A-Z0-9]{18}$`)
)

// checkIntegrationKey catches what is surely no integration key. Duo documents
// no form for it; its samples have 20 characters and start with DI.
func checkIntegrationKey(text string) error {
	switch {
	case likeSecret.MatchString(text):
		return dirsync.WithHint(errors.New("looks like a secret key, by its 40 characters"), "swap integration_key and secret_key; if this file was shown to anyone, reset the secret key")
	case text != "" && !duoKey.MatchString(text):
		return dirsync.WithHint(errors.New("holds a character that no key has"), "copy it anew from Duo's Admin Panel, without blanks")
	}
	return nil
}

func checkSecretKey(s Secret) error {
	switch text := s.Reveal(); {
	case likeIntegKey.MatchString(text):
		return dirsync.WithHint(errors.New("looks like an integration key, since it starts with DI"), "swap integration_key and secret_key")
	case text != "" && !duoKey.MatchString(text):
		return dirsync.WithHint(errors.New("holds a character that no key has"), "copy it anew from Duo's Admin Panel, without blanks")
	}
	return nil
}
