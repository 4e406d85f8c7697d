package strict

import (
	"fmt"
	"io"

	"duosync/sync/secrets"
)

// hidden stands for a secret wherever one would be printed.
const hidden = secrets.Mark

// Secret is text that is never printed, by no verb and no encoder: it shows as
// <secret>, or as nothing where it is empty. [Secret.Reveal] is the only way to
// the text. The zero Secret is empty.
type Secret struct {
	// A pointer, so that even a printer that ignores the methods below (fmt does
	// so for a Secret in another struct's unexported field) shows an address.
	text *string
}

// NewSecret hides a text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{&text}
}

// Reveal returns the text itself.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsEmpty reports whether there is no text.
func (s Secret) IsEmpty() bool { return s.text == nil }

// Equal reports whether both hide the same text.
func (s Secret) Equal(t Secret) bool { return s.Reveal() == t.Reveal() }

// String returns <secret>, or "" for an empty one.
func (s Secret) String() string {
	if s.IsEmpty() {
		return ""
	}
	return hidden
}

// GoString returns the same as [Secret.String].
func (s Secret) GoString() string { return s.String() }

// Format prints the same as [Secret.String] for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText gives the same as [Secret.String].
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON gives the same as [Secret.String], as a JSON string.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + s.String() + `"`), nil }

// MarshalYAML gives the same as [Secret.String].
func (s Secret) MarshalYAML() (any, error) { return s.String(), nil }
