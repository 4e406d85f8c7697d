package config

import (
	"net/url"

	"duosync/cmd/internal/config/strict"
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
