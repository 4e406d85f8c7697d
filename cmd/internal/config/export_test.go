package config

import (
	"slices"
)

// ShowRevealed is Show with the secrets in plain, to read it back.
func ShowRevealed(l *Loaded) []byte {
	return show(l, func(_ string, s Secret) string { return s.Reveal() })
}

// Leaves gives every key path.
func Leaves() []string { return allLeaves() }

// Source says where the value of a key path such as ldap.bind_password comes
// from: "default", "preset wso2is", "config.yaml:12", "env NAME" or "secret file
// /etc/duosync/bind_password". A path that is no key gives "".
func (l *Loaded) Source(path string) string {
	if !slices.Contains(allLeaves(), path) {
		return ""
	}
	return l.doc.Source(path)
}
