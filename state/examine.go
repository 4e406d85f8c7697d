package state

import (
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
	Path   string // absolute, symbolic links followed
	Exists bool
	// Holder tells who has the run lock since when, as in "by process 12 on
	// host since …"; "" when nobody has it.
	Holder string
}

// Examine looks at the state that dsn names and changes nothing. It fails where
// Open would for the sake of the file system: a folder or file that can't be
// written by this user. Errors carry advice (dirsync.Hint).
func Examine(dsn string) (Condition, error) {
	path, err := parseDSN(dsn)
	if err != nil {
		return Condition{}, err
	}
	db := &DB{path: path}
	if db.path, err = resolve(path); err != nil {
		db.path = path
		return Condition{Path: path}, db.fail("looking for it", err)
	}
	c := Condition{Path: db.path, Exists: exists(db.path)}
	if err := writable(db.path); err != nil {
		return c, db.fail("checking that it can be written", err)
	}
	c.Holder, err = lockHolder(db.path + ".lock")
	return c, db.fail("looking at its lock", err)
}

// writable fails unless this user could write the state at path, its folder and
// what lies beside it, or make what is not there.
func writable(path string) error {
	for _, suffix := range []string{"", walSuffix, journalSuffix, "-shm", ".lock"} {
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
