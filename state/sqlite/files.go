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
	journalSuffix = "-journal"
	lockSuffix    = ".lock"
)

// makeFile makes sure that there is a file at path which can be written.
func makeFile(path string) error {
	fresh := !exists(path)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil || !fresh {
		return err
	}
	return syncFolder(filepath.Dir(path))
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

// resolve follows symbolic links, so that two names of one file share one lock.
// A file that does not exist keeps its name, in its folder's own place.
func resolve(path string) (string, error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", err
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
