package config

import (
	"cmp"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"duosync/cmd/internal/config/strict"
	"duosync/state/dsn"
	"duosync/sync/secrets"
)

// Secret is text that is never printed; see [strict.Secret].
type Secret = strict.Secret

// NewSecret hides a text.
func NewSecret(text string) Secret { return strict.NewSecret(text) }

// isSecret tells a secret from the harmless values that the same key can
// have: no value, a file's name, a proxy without a password.
func isSecret(path, text string) bool {
	switch path {
	case "state.dsn":
		u, err := url.Parse(text)
		return err != nil || holdsPassword(u)
	case "duo.proxy_url":
		u, err := url.Parse(text)
		return err != nil || u.User != nil
	}
	return text != ""
}

// mayBeShown reports whether the value of a key that may hold a secret is surely none: the
// name of a file, or the address of a proxy.
func mayBeShown(path, text string) bool {
	switch path {
	case "state.dsn":
		return !isPostgres(text) && !isSecret(path, text)
	case "duo.proxy_url":
		return !isSecret(path, text)
	}
	return false
}

// passwords gives what of a secret's text is sent to prove who we are.
func passwords(path, text string) []string {
	switch path {
	case "state.dsn":
		if where, err := dsn.Parse(text); err == nil && where.Server != nil {
			return where.Server.Passwords()
		}
		return nil
	case "duo.proxy_url", "notify.heartbeat_url", "notify.webhook_url", "notify.email.smtp_url":
		u, err := url.Parse(text)
		if err != nil || u.User == nil {
			return nil
		}
		password, _ := u.User.Password()
		return []string{cmp.Or(password, u.User.Username())}
	}
	return []string{text}
}

// Passwords gives all that is sent to prove who we are, and of URLs that are secrets the
// parts that nobody can guess: what must be in nothing that is told.
func (c *Config) Passwords() []string {
	var all []string
	values := reflect.ValueOf(c).Elem()
	for _, path := range c.leaves() {
		secret, ok := strict.Lookup(values, path).Interface().(Secret)
		if !ok || secret.IsEmpty() {
			continue
		}
		all = append(all, passwords(path, secret.Reveal())...)
		switch path {
		case "notify.heartbeat_url", "notify.webhook_url":
			all = append(all, tokens(secret.Reveal())...)
		}
	}
	return slices.DeleteFunc(all, func(text string) bool { return text == "" })
}

// tokens are the parts of a URL's path and query that are no ordinary words.
func tokens(text string) []string {
	u, err := url.Parse(text)
	if err != nil {
		return nil
	}
	parts := strings.Split(u.Path, "/")
	for _, values := range u.Query() {
		parts = append(parts, values...)
	}
	const least = 8 // characters
	return slices.DeleteFunc(parts, func(part string) bool { return len(part) < least || !strings.ContainsAny(part, "0123456789") })
}

// validateSecrets warns of passwords that are too short to be kept out of the text of a
// server that repeats what it was sent.
func (v *validator) validateSecrets(c *Config) {
	values := reflect.ValueOf(c).Elem()
	for _, path := range c.leaves() {
		secret, ok := strict.Lookup(values, path).Interface().(Secret)
		if !ok || v.Broken(path) {
			continue
		}
		if slices.ContainsFunc(passwords(path, secret.Reveal()), func(p string) bool { return p != "" && secrets.TooShort(p) }) {
			v.Warn("%s: a password of fewer than four characters can't be hidden where a server repeats it; choose a longer one", path)
		}
	}
}
