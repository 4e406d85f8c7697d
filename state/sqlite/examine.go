package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"duosync/state/backend"
	dirsync "duosync/sync"
)

func (f *fileState) Examine(ctx context.Context) (backend.Condition, error) {
	err := f.follow()
	path := f.path
	if err != nil {
		return backend.Condition{Path: path}, err
	}
	c := backend.Condition{Path: path, Exists: exists(path)}
	if err := refuseNetwork(filepath.Dir(path), f.opts.Statfs); err != nil {
		return c, err
	}
	if err := writable(path); err != nil {
		return c, fmt.Errorf("checking that it can be written: %w", err)
	}
	if err := writableFor(path, os.Geteuid()); err != nil {
		return c, err
	}
	if folder := filepath.Dir(path); crowded(folder, f.opts.Statfs) {
		return c, fmt.Errorf("the file system of %s has less than 1 MiB left: %w", folder, syscall.ENOSPC)
	}
	if c.Stamp, err = stampOf(path); err != nil {
		return c, err
	}
	c.Holder, err = f.Holder(ctx)
	return c, err
}

// stampOf tells one moment of the database at path, and of its log, from another.
func stampOf(path string) (string, error) {
	stamp := ""
	for _, name := range []string{path, path + walSuffix} {
		info, err := os.Stat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			stamp += "-"
		case err != nil:
			return "", err
		default:
			stamp += fmt.Sprintf("%d@%d ", info.Size(), info.ModTime().UnixNano())
		}
	}
	return stamp, nil
}

func (f *fileState) Holder(context.Context) (string, error) {
	if err := f.follow(); err != nil {
		return "", err
	}
	return lockHolder(f.path + lockSuffix)
}

// writableFor fails where opening the state at path as this user would, for whose it is
// or for what lies beside it.
func writableFor(path string, as int) error {
	k, err := keeperOf(path, as)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // its folder is made, too
	}
	if err != nil {
		return err
	}
	if err := k.mayWrite(); err != nil {
		return err
	}
	return k.acceptFiles()
}

// writable fails unless this user could write the state at path, its folder and
// what lies beside it, or make what is not there.
func writable(path string) error {
	for _, suffix := range []string{"", walSuffix, journalSuffix, shmSuffix, lockSuffix} {
		name := path + suffix
		info, err := os.Stat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return err
		case info.IsDir():
			return dirsync.WithHint(fmt.Errorf("%s is a folder", name), "set state.dsn to the name of a file in it")
		}
		if err := access(name, unix.R_OK|unix.W_OK); err != nil {
			return err
		}
	}
	dir := filepath.Dir(path)
	for { // a folder that is not there is made, with those above it
		info, err := os.Stat(dir)
		if err == nil && !info.IsDir() {
			return &fs.PathError{Op: "use", Path: dir, Err: unix.ENOTDIR}
		}
		if err == nil {
			return access(dir, unix.W_OK|unix.X_OK)
		}
		if !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			return err
		}
		dir = filepath.Dir(dir)
	}
}

func access(path string, mode uint32) error {
	if err := unix.Faccessat(unix.AT_FDCWD, path, mode, unix.AT_EACCESS); err != nil {
		return &fs.PathError{Op: "write", Path: path, Err: err}
	}
	return nil
}

// lockHolder tells who holds the lock at path. Only a file that names somebody
// is tried, for a moment and shared with others who look: a run that begins just
// then must not find the lock taken by an onlooker.
func lockHolder(path string) (string, error) {
	file, err := openToRead(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }() // it was only read; this gives the lock back, too
	if info, err := file.Stat(); err != nil || info.Size() == 0 {
		return "", err
	}
	who := holder(file)
	err = flock(file, unix.LOCK_SH|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return who, nil
	}
	return "", err
}
