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
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	dirsync "duosync/sync"
)

func (f *fileState) Explain(err error) error { return dirsync.WithHint(err, advice(f.path, err)) }

// advice says what the admin can do about an error of SQLite or of the
// operating system. An error that brings its own advice keeps it.
func advice(path string, err error) string {
	if hint := dirsync.Hint(err); hint != "" {
		return hint
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return ""
	}
	full := fmt.Sprintf("free some space where %s lies and run again; nothing was sent that was not written down", path)
	const takeOver = "take the users over with sync.existing: adopt_if_email_matches"

	if coded := (*sqlite.Error)(nil); errors.As(err, &coded) {
		switch coded.Code() & 0xff { // the primary code of an extended one
		case sqlite3.SQLITE_FULL:
			return full
		case sqlite3.SQLITE_CORRUPT:
			return fmt.Sprintf("check state.dsn; restore %s from a backup, or move it away and %s", path, takeOver)
		case sqlite3.SQLITE_NOTADB: // a file of something else, as a rule
			return fmt.Sprintf("set state.dsn to a file of its own; if %s was the state, restore it from a backup, or %s", path, takeOver)
		case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
			return rights(path)
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			return fmt.Sprintf("another program has %s open and is writing; end it and run again", path)
		case sqlite3.SQLITE_IOERR:
			if crowded(filepath.Dir(path), unix.Statfs) { // the file of shared memory could not grow, say
				return full
			}
			return fmt.Sprintf("look into the system's log for trouble with the disk that holds %s", path)
		}
		return ""
	}
	var noFile *noFileError
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return full
	case errors.Is(err, syscall.EROFS):
		return fmt.Sprintf("%s is on a read-only file system: mount it writable, or set state.dsn to another place", path)
	case errors.Is(err, fs.ErrPermission):
		return rights(path)
	case errors.As(err, &noFile) && noFile.path == path:
		return "set state.dsn to a file, such as /var/lib/duosync/duosync.db"
	case noFile != nil: // beside the state
		return "look who put it there, remove it, and run again"
	case errors.Is(err, syscall.ENAMETOOLONG):
		return "set state.dsn to a shorter name"
	case errors.Is(err, syscall.ELOOP):
		return "its symbolic links lead in a circle: set state.dsn to the file itself"
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.EISDIR), errors.Is(err, fs.ErrNotExist):
		return "set state.dsn to a file in a folder that exists or can be made"
	}
	return ""
}

// rights says who may use the state at path, or which right is missing on the way to it.
func rights(path string) string {
	there := path // or the last folder on the way to it that can be seen
	_, err := os.Lstat(there)
	for failed := err; failed != nil && there != filepath.Dir(there); _, failed = os.Lstat(there) {
		there = filepath.Dir(there)
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Sprintf("run duosync as the account that the state belongs to, or give this one the right to look into the folder %s", there)
	case err != nil: // it is still to be made
		return fmt.Sprintf("run duosync as the user who owns the folder %s, or give this one the right to write in it", there)
	}
	return fmt.Sprintf("run duosync as the user who owns %s, or give that user the right to write the file, those beside it that are named after it, and its folder %s",
		path, filepath.Dir(path))
}

// crowded reports whether a file system has less than 1 MiB left for this account. SQLite
// does not always say that this is why it could not write.
func crowded(folder string, statfs func(string, *unix.Statfs_t) error) bool {
	var stat unix.Statfs_t
	return statfs(folder, &stat) == nil && stat.Bavail*uint64(stat.Bsize) < 1<<20 //nolint:gosec // a block size is small
}
