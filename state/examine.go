package state

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	dirsync "duosync/sync"
)

// Condition is what can be told of a state without opening it.
type Condition struct {
	Path   string // absolute, symbolic links followed; of PostgreSQL a URL without password
	Exists bool
	// Holder tells who has the run lock since when, as in "by process 12 on
	// host since …"; "" when nobody has it.
	Holder string
}

// Examine looks at the state that dsn names and changes nothing. It fails where
// Open would for want of a right: a folder or file that can't be written by this
// user, or lies on a network; a server that can't be reached, a table that can't
// be written. It takes no longer than 15 seconds. Errors carry advice
// (dirsync.Hint).
func Examine(dsn string) (Condition, error) {
	db, err := newDB(dsn, Options{})
	if err != nil {
		return Condition{}, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), lookTime)
	defer cancel()
	c, err := db.backend.examine(ctx)
	return c, db.fail("looking at it", err)
}

func (f *file) examine(ctx context.Context) (Condition, error) {
	path, err := resolve(f.path)
	if err != nil {
		return Condition{Path: f.path}, err
	}
	f.path = path
	c := Condition{Path: path, Exists: exists(path)}
	if err := refuseNetwork(filepath.Dir(path), f.opts.statfs); err != nil {
		return c, err
	}
	if err := writable(path); err != nil {
		return c, fmt.Errorf("checking that it can be written: %w", err)
	}
	c.Holder, err = f.holder(ctx)
	return c, err
}

func (f *file) holder(context.Context) (string, error) {
	path, err := resolve(f.path)
	if err != nil {
		return "", err
	}
	f.path = path
	return lockHolder(path + lockSuffix)
}

// writable fails unless this user could write the state at path, its folder and
// what lies beside it, or make what is not there.
func writable(path string) error {
	for _, suffix := range []string{"", walSuffix, journalSuffix, "-shm", lockSuffix} {
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
	file, err := os.Open(path)
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
