package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"

	dirsync "duosync/sync"
)

// hidden stands for a secret wherever one would be printed.
const hidden = "<secret>"

// maxSecretFile is the size in bytes above which a file is taken to be no
// secret.
const maxSecretFile = 64 << 10

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

// secretFile reads the …_file twin of a secret, whose own key has been read.
func (r *reader) secretFile(path string, n *yaml.Node, v reflect.Value) {
	at := twin(path)
	var name string
	r.value(at, n, reflect.ValueOf(&name).Elem(), field{typ: reflect.TypeFor[string](), is: "path"})
	if r.bad[at] || r.bad[path] {
		r.bad[path] = true
		return
	}
	if name == "" {
		return
	}
	_, written := r.marks[path]
	secret := v.Interface().(Secret)
	if written && !secret.IsEmpty() {
		r.reportAt(at, n.Line, n.Column, "is given beside "+path, "keep one of the two")
		r.bad[path] = true
		return
	}
	secret, open, err := readSecret(name)
	if err != nil {
		r.reportAt(at, n.Line, n.Column, err.Error(), dirsync.Hint(err))
		r.bad[path] = true
		return
	}
	if open {
		r.warnings = append(r.warnings,
			fmt.Sprintf("%s (%s) holds a secret and can be read by every account of this machine; run chmod o-r on it", name, at))
	}
	v.Set(reflect.ValueOf(secret))
	r.marks[path] = mark{n.Line, n.Column, true}
	r.origins[path] = "secret file " + name
}

// holdsSecret tells a secret from the harmless values that the same key can
// have: no value, a file's name, a proxy without a password.
func holdsSecret(path, text string) bool {
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

// readSecret reads a secret's file. Newlines at the end are not part of it. The
// errors do not name the path: who writes the secret itself in place of a path
// must not find it in a log.
func readSecret(path string) (s Secret, openToAll bool, err error) {
	const advice = "give a file that the account of duosync can read; a relative path starts at the folder of the configuration file"
	data, info, err := readHead(path, maxSecretFile+1)
	if err != nil {
		return Secret{}, false, dirsync.WithHint(fmt.Errorf("the file can't be read: %w", withoutPath(err)), advice)
	}
	text := strings.TrimRight(string(data), "\r\n")
	switch {
	case len(data) > maxSecretFile:
		err = dirsync.WithHint(errors.New("the file is too large for a secret"), "give a file that holds the secret and nothing else")
	case text == "":
		err = dirsync.WithHint(errors.New("the file is empty"), "write the secret into it")
	case strings.ContainsAny(text, "\r\n\x00"):
		err = dirsync.WithHint(errors.New("the file holds more than one line"), "give a file that holds the secret and nothing else")
	}
	if err != nil {
		return Secret{}, false, err
	}
	return NewSecret(text), readableByAll(info), nil
}

// readHead reads a file up to a number of bytes.
func readHead(path string, limit int64) ([]byte, fs.FileInfo, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, limit))
	return data, info, err
}

// readableByAll reports whether users outside the file's group can read it.
func readableByAll(info fs.FileInfo) bool {
	return info.Mode().IsRegular() && info.Mode().Perm()&0o004 != 0
}

func withoutPath(err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return pathErr.Err
	}
	return err
}
