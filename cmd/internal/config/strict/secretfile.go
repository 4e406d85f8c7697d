package strict

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"

	"go.yaml.in/yaml/v3"

	dirsync "duosync/sync"
)

// maxSecretFile is the size in bytes above which a file is taken to be no
// secret.
const maxSecretFile = 64 << 10

// secretFile reads the …_file twin of a secret, whose own key has been read.
func (r *reader) secretFile(path string, n *yaml.Node, v reflect.Value) {
	at := Twin(path)
	var name string
	r.value(at, n, reflect.ValueOf(&name).Elem(), Key{Type: reflect.TypeFor[string](), Is: isPath})
	if r.bad[at] || r.bad[path] {
		r.bad[path] = true
		return
	}
	if name == "" {
		return
	}
	secret := v.Interface().(Secret)
	if r.Written(path) && !secret.IsEmpty() {
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
		r.Warn("%s (%s) holds a secret and can be read by every account of this machine; run chmod o-r on it", name, at)
	}
	r.doubtSecret(at, secret.Reveal())
	v.Set(reflect.ValueOf(secret))
	r.marks[path] = mark{line: n.Line, column: n.Column, foreign: true}
	r.origins[path] = "secret file " + name
}

// doubtSecret warns of a secret that seems to have something beside itself.
func (r *reader) doubtSecret(path, text string) {
	if slip := slipOfSecret(text); slip != "" {
		r.Warn("%s %s", path, slip)
	}
}

// readSecret reads a secret's file, see [decoded]. The errors do not name the path: who
// writes the secret itself in place of a path must not find it in a log.
func readSecret(path string) (s Secret, openToAll bool, err error) {
	data, info, err := readHead(path, maxSecretFile+1)
	if err != nil {
		return Secret{}, false, Unreadable("the file", err)
	}
	text, err := decoded(data)
	switch {
	case len(data) > maxSecretFile:
		err = dirsync.WithHint(errors.New("the file is too large for a secret"), "give a file that holds the secret and nothing else")
	case err != nil:
	case text == "":
		err = dirsync.WithHint(errors.New("the file is empty"), "write the secret into it")
	default:
		if err = checkSecret(text); err != nil {
			err = dirsync.WithHint(fmt.Errorf("the file %w", err), dirsync.Hint(err))
		}
	}
	if err != nil {
		return Secret{}, false, err
	}
	return NewSecret(text), OpenToAll(info), nil
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

// OpenToAll reports whether users outside the file's group can read it.
func OpenToAll(info fs.FileInfo) bool {
	return info.Mode().IsRegular() && info.Mode().Perm()&0o004 != 0
}

// Unreadable words why a file can't be read, by what it is called, and by its path only if it
// is called so.
func Unreadable(file string, err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathErr.Err
	}
	return dirsync.WithHint(fmt.Errorf("%s can't be read: %w", file, err),
		"give a file that the account of duosync can read; a relative path starts at the folder of the configuration file")
}
