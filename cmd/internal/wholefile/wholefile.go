// Package wholefile writes files that appear whole or not at all, also where the
// machine loses its power meanwhile.
package wholefile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	dirsync "duosync/sync"
)

// Create opens the file at path, which errors call name. It takes its place when it is
// closed, unless nothing was written, or not all of it: then what was there stays.
//
// It is for its owner only, unless one is there that is open to others, and private
// does not forbid it. A link stays a link, and what is no plain file, such as a pipe, is
// written to. Errors that the administrator can mend carry advice.
func Create(name, path string, private bool) (io.WriteCloser, error) {
	mode := os.FileMode(0o600)
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	switch info, err := os.Stat(path); {
	case err == nil && info.IsDir():
		return nil, dirsync.WithHint(fmt.Errorf("%s: %s is a folder", name, path), "Name a file in it.")
	case err == nil && !info.Mode().IsRegular():
		return os.OpenFile(path, os.O_WRONLY, 0)
	case err == nil && !private:
		mode = info.Mode().Perm()
	}
	pending, err := begin(path, mode)
	if err != nil {
		return nil, dirsync.WithHint(fmt.Errorf("%s: %w", name, err), "Name a file in a folder that can be written.")
	}
	return &file{pending: pending}, nil
}

// Replace puts a file of this mode, whatever the umask says, in the place of what is at
// path, once write has written all of it.
func Replace(path string, mode os.FileMode, write func(io.Writer) error) error {
	pending, err := begin(path, mode)
	if err != nil {
		return err
	}
	if err = write(pending); err == nil {
		err = pending.CloseAtomicallyReplace()
	}
	return errors.Join(err, pending.Cleanup())
}

// begin makes the file under another name in the same folder.
func begin(path string, mode os.FileMode) (*renameio.PendingFile, error) {
	return renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithStaticPermissions(mode))
}

// file is one that is written. It has no other way to write than its own.
type file struct {
	pending *renameio.PendingFile
	size    int64
	err     error // of a write
}

func (f *file) Write(data []byte) (int, error) {
	n, err := f.pending.Write(data)
	f.size += int64(n)
	f.err = errors.Join(f.err, err)
	return n, err
}

// Close gives the file its name, unless nothing was written, or not all.
func (f *file) Close() error {
	if f.err != nil || f.size == 0 {
		return f.pending.Cleanup()
	}
	return errors.Join(f.pending.CloseAtomicallyReplace(), f.pending.Cleanup())
}
