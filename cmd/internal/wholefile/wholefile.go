// Package wholefile writes files that appear whole or not at all, also where the
// machine loses its power meanwhile. Nothing is left of one that did not.
package wholefile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/google/renameio/v2"

	dirsync "duosync/sync"
)

// Create opens the file at path, which errors call name. It takes its place when it is
// closed, unless nothing was written, or not all of it: then what was there stays.
//
// It is for its owner only, unless one is there that is open to others, and private
// does not forbid it; the superuser leaves it to the owner of the one that is there. A link
// stays a link. What is no plain file, such as a pipe, is written to, and so is what the
// process has open already, as /dev/stdout is. What somebody else has put into a folder that others
// can write is refused. Errors carry advice.
func Create(name, path string, private bool) (io.WriteCloser, error) {
	f := &file{name: name, path: path}
	err := f.open(private)
	if err != nil {
		return nil, f.explain(err)
	}
	return f, nil
}

// Replace puts a file of this mode, whatever the umask says, in the place of what is at
// path, once write has written all of it.
func Replace(path string, mode os.FileMode, write func(io.Writer) error) error {
	pending, err := begin(path, func(file *os.File) error { return file.Chmod(mode) })
	if err != nil {
		return withoutTemporary(path, err)
	}
	if err = write(pending); err == nil {
		err = pending.CloseAtomicallyReplace()
	}
	return withoutTemporary(path, errors.Join(err, pending.Cleanup()))
}

// begin makes the file under another name in the same folder, for its owner only, and
// lets prepare give it its mode and owner. The name can't be guessed, and no file of that
// name is ever opened that is there already.
func begin(path string, prepare func(*os.File) error) (*renameio.PendingFile, error) {
	// Not the library's own ways to set a mode: where that fails, they leave the file behind.
	pending, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)))
	if err != nil {
		return nil, err
	}
	if err := prepare(pending.File); err != nil {
		return nil, errors.Join(err, pending.Cleanup())
	}
	return pending, nil
}

// file is one that is written. It has no other way to write than its own.
type file struct {
	name, path string // as they were given
	pending    *renameio.PendingFile
	direct     *os.File // instead of pending: what is no plain file
	size       int64
	err        error // of a write
}

func (f *file) open(private bool) (err error) {
	target, open, err := follow(f.path)
	if err != nil || open != nil {
		f.direct = open
		return err
	}
	mode, owner := os.FileMode(0o600), -1
	group := -1
	switch info, err := os.Lstat(target); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case info.IsDir():
		return dirsync.WithHint(fmt.Errorf("%s is a folder", f.path), "Name a file in it.")
	case !info.Mode().IsRegular():
		f.direct, err = os.OpenFile(target, os.O_WRONLY|syscall.O_NOFOLLOW, 0)
		return err
	default:
		if !private {
			mode = info.Mode().Perm()
		}
		if st, ok := info.Sys().(*syscall.Stat_t); ok && os.Geteuid() == 0 {
			owner, group = int(st.Uid), int(st.Gid)
		}
	}
	f.pending, err = begin(target, func(file *os.File) error {
		if owner >= 0 {
			if err := file.Chown(owner, group); err != nil {
				return err
			}
		}
		return file.Chmod(mode)
	})
	return err
}

func (f *file) Write(data []byte) (n int, err error) {
	if f.direct != nil {
		n, err = f.direct.Write(data)
	} else {
		n, err = f.pending.Write(data)
	}
	f.size += int64(n)
	f.err = errors.Join(f.err, err)
	return n, f.explain(err)
}

// Close gives the file its name, unless nothing was written, or not all.
func (f *file) Close() error {
	switch {
	case f.direct != nil:
		return f.explain(f.direct.Close())
	case f.err != nil || f.size == 0:
		return f.explain(f.pending.Cleanup())
	}
	return f.explain(errors.Join(f.pending.CloseAtomicallyReplace(), f.pending.Cleanup()))
}

// explain names the file in an error as the administrator did, and adds advice.
func (f *file) explain(err error) error {
	if err == nil {
		return nil
	}
	hint := dirsync.Hint(err)
	switch {
	case hint != "":
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		hint = "Free some space there, or name a file elsewhere. What was there before is as it was."
	case errors.Is(err, syscall.EPIPE):
		hint = "Whoever reads it has ended before."
	default:
		hint = "Name a file in a folder that can be written."
	}
	return dirsync.WithHint(fmt.Errorf("%s: %w", f.name, withoutTemporary(f.path, err)), hint)
}

// withoutTemporary names the file that was meant in an error, instead of the one under
// whose name it is written.
func withoutTemporary(path string, err error) error {
	var at *fs.PathError
	var moving *os.LinkError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &at) && at.Path != path:
		return fmt.Errorf("%s %s: %w", at.Op, path, at.Err)
	case errors.As(err, &moving):
		return fmt.Errorf("%s %s: %w", moving.Op, path, moving.Err)
	}
	return err
}
