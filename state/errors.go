package state

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	dirsync "duosync/sync"
)

// The errors that callers tell apart, by errors.Is.
var (
	// ErrLocked means that another process, or this one, has the state open for writing.
	ErrLocked = errors.New("the state is in use")
	// ErrLostLock means that another process has taken the state over meanwhile.
	ErrLostLock = errors.New("another process has taken the state over")
	// ErrReadOnly means that the state was opened for reading only.
	ErrReadOnly = errors.New("the state is open for reading only")
	// ErrNewer means that a newer duosync wrote the state; nothing was changed.
	ErrNewer = errors.New("the state was written by a newer duosync")
	// ErrForeign means that the database holds something else.
	ErrForeign = errors.New("the database is not a state of duosync")
	// ErrBinding means that the state belongs to another Duo account or directory.
	ErrBinding = errors.New("the state belongs to another Duo account or directory")
	// ErrRunOver means that the run of this journal was finished, or a later one has begun.
	ErrRunOver = errors.New("the run is over")
	// ErrNotOpen means that an approval or intent was used, closed or never there.
	ErrNotOpen = errors.New("not open")
)

// fail names the state and what was being done in an error, and adds advice.
func (db *DB) fail(doing string, err error) error {
	if err == nil {
		return nil
	}
	return dirsync.WithHint(fmt.Errorf("state %v: %s: %w", db.backend, doing, db.backend.clean(err)), db.backend.advice(err))
}

func (f *file) clean(err error) error   { return err }
func (f *file) advice(err error) string { return advice(f.path, err) }

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
	rights := fmt.Sprintf("run duosync as the user who owns %s, or give that user the right to write the file and its folder %s",
		path, filepath.Dir(path))
	broken := fmt.Sprintf("check state.dsn; restore %s from a backup, or move it away and take the users over with sync.existing: adopt_if_email_matches", path)

	if coded := (*sqlite.Error)(nil); errors.As(err, &coded) {
		switch coded.Code() & 0xff { // the primary code of an extended one
		case sqlite3.SQLITE_FULL:
			return full
		case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
			return broken
		case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
			return rights
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			return fmt.Sprintf("another program has %s open and is writing; end it and run again", path)
		case sqlite3.SQLITE_IOERR:
			return fmt.Sprintf("look into the system's log for trouble with the disk that holds %s", path)
		}
		return ""
	}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return full
	case errors.Is(err, syscall.EROFS):
		return fmt.Sprintf("%s is on a read-only file system: mount it writable, or set state.dsn to another place", path)
	case errors.Is(err, fs.ErrPermission):
		return rights
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.EISDIR), errors.Is(err, fs.ErrNotExist):
		return "set state.dsn to a file in a folder that exists or can be made"
	}
	return ""
}
