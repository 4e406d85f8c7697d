package sqlite

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// The files beside a database: SQLite's, and the one with the run lock.
const (
	walSuffix     = "-wal"
	shmSuffix     = "-shm"
	journalSuffix = "-journal"
	lockSuffix    = ".lock"
)

// makeFile makes sure that the state is there, can be written, and is nobody else's.
func (k *keeper) makeFile() error {
	fresh := !exists(k.path)
	file, err := k.open(k.path)
	if err != nil {
		return err
	}
	if err := errors.Join(file.Close(), k.acceptFiles()); err != nil || !fresh {
		return err
	}
	return syncFolder(filepath.Dir(k.path))
}

// syncFolder makes the names of files in a folder survive a power cut.
func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// resolve follows symbolic links, also one to a file that is still to be made.
// A file that does not exist keeps its name, in its folder's own place.
func resolve(path string) (string, error) {
	for range 40 { // as many as Linux follows
		real, err := filepath.EvalSymlinks(path)
		if !errors.Is(err, fs.ErrNotExist) {
			return real, err
		}
		target, err := os.Readlink(path)
		if err != nil { // it is no link
			break
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(path), target)
		}
		path = target
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if errors.Is(err, fs.ErrNotExist) {
		return path, nil
	}
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, filepath.Base(path)), nil
}
