package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/jmoiron/sqlx"
	"modernc.org/sqlite"

	dirsync "duosync/sync"
)

// Options of a state that is opened for writing.
type Options struct {
	// KeepHistory is how long finished runs are kept; 0 keeps them all.
	KeepHistory time.Duration
	// Now is the local clock; nil means time.Now.
	Now func() time.Time
}

// DB is a state in a SQLite file. Its methods may be called from several
// goroutines.
type DB struct {
	path     string // the state's, also when a copy of it is read
	opts     Options
	read     *sqlx.DB
	write    *sqlx.DB // one connection; nil when open for reading only
	lock     *runLock // nil when open for reading only
	private  string   // folder of the copy that is read, or ""
	warnings []string
}

var _ dirsync.Store = (*DB)(nil)

// Open opens the state that dsn names for writing: a path of a SQLite file, or a
// file: URL. What is missing is made, the folder with mode 0700 and the file
// with 0600. The schema is brought up to date.
//
// A state that is open elsewhere is ErrLocked, one of a newer duosync ErrNewer,
// a database of something else ErrForeign; nothing is changed then. Errors carry
// advice (dirsync.Hint).
func Open(ctx context.Context, dsn string, opts Options) (*DB, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	path, err := parseDSN(dsn)
	if err != nil {
		return nil, err
	}
	db := &DB{path: path, opts: opts}
	if err := db.open(ctx); err != nil {
		return nil, errors.Join(db.fail("opening", err), db.Close())
	}
	return db, nil
}

// OpenBeside opens the state for a short change beside a run that may be under
// way: an approval, a pause. It takes the run lock only while it opens the state,
// and not at all where a run holds it. Begin works, but nothing keeps a run so
// begun apart from others; use Open for runs.
func OpenBeside(ctx context.Context, dsn string, opts Options) (*DB, error) {
	db, err := Open(ctx, dsn, opts)
	if err == nil {
		lock := db.lock
		db.lock = nil
		if err := lock.Close(); err != nil {
			return nil, errors.Join(db.fail("opening", err), db.Close())
		}
		return db, nil
	}
	if !errors.Is(err, ErrLocked) {
		return nil, err
	}
	// The run that holds the lock has made the file and brought its schema up to
	// date.
	path, err := parseDSN(dsn)
	if err != nil {
		return nil, err
	}
	db = &DB{path: path, opts: opts}
	if db.opts.Now == nil {
		db.opts.Now = time.Now
	}
	if db.path, err = resolve(path); err == nil {
		if err = inspect(ctx, db.path); err == nil {
			err = db.connect()
		}
	}
	if err != nil {
		return nil, errors.Join(db.fail("opening", err), db.Close())
	}
	return db, nil
}

func (db *DB) open(ctx context.Context) (err error) {
	if err := os.MkdirAll(filepath.Dir(db.path), 0o700); err != nil {
		return err
	}
	if db.path, err = resolve(db.path); err != nil {
		return err
	}
	// The lock comes first: from here on nobody else changes the file.
	if db.lock, err = lockRun(db.path+".lock", db.opts.Now()); err != nil {
		return err
	}
	if err := makeFile(db.path); err != nil {
		return err
	}
	if db.warnings, err = modeWarnings(db.path); err != nil {
		return err
	}
	if err := inspect(ctx, db.path); err != nil {
		return err
	}
	if err := db.connect(); err != nil {
		return err
	}
	return migrate(ctx, db.write)
}

func (db *DB) connect() (err error) {
	db.write, err = connect(db.path, map[string]string{
		"_journal_mode": "WAL", "_synchronous": "FULL", "_foreign_keys": "on", "_txlock": "immediate",
	})
	if err != nil {
		return err
	}
	db.write.SetMaxOpenConns(1)
	db.read, err = connect(db.path, map[string]string{"_query_only": "on"})
	return err
}

// OpenReadOnly opens the state that dsn names for dry runs and reports. It takes
// no lock, leaves no file behind and the state's bytes as they were: it reads a
// copy in a private temporary folder, which Close removes. No file is an empty
// state. An older schema is brought up to date in the copy. Begin and all else
// that would write is ErrReadOnly.
func OpenReadOnly(ctx context.Context, dsn string) (*DB, error) {
	path, err := parseDSN(dsn)
	if err != nil {
		return nil, err
	}
	db := &DB{path: path}
	if err := db.openCopy(ctx); err != nil {
		return nil, errors.Join(db.fail("opening", err), db.Close())
	}
	return db, nil
}

func (db *DB) openCopy(ctx context.Context) (err error) {
	if db.path, err = resolve(db.path); err != nil {
		return err
	}
	copied, err := db.copyOrMake(ctx)
	if err != nil {
		return err
	}
	scratch, err := connect(copied, map[string]string{"_synchronous": "OFF", "_txlock": "immediate"})
	if err != nil {
		return err
	}
	scratch.SetMaxOpenConns(1)
	if err := errors.Join(migrate(ctx, scratch), scratch.Close()); err != nil {
		return err
	}
	db.read, err = connect(copied, map[string]string{"_query_only": "on"})
	return err
}

// copyOrMake gives the path of a private copy, or where one is to be made when
// there is no state.
func (db *DB) copyOrMake(ctx context.Context) (string, error) {
	warnings, err := modeWarnings(db.path)
	if errors.Is(err, fs.ErrNotExist) {
		db.private, err = privateFolder()
		return filepath.Join(db.private, copyName), err
	}
	if err != nil {
		return "", err
	}
	db.warnings = warnings
	if db.private, err = privateCopy(ctx, db.path); err != nil {
		return "", err
	}
	copied := filepath.Join(db.private, copyName)
	return copied, accept(ctx, copied, map[string]string{"mode": "rw"})
}

// Warnings tells what the admin should put right, though it stops nothing.
func (db *DB) Warnings() []string { return db.warnings }

// Close closes the state and gives the lock back. A run that was begun and not
// finished counts as interrupted.
func (db *DB) Close() error {
	var errs []error
	if db.read != nil {
		errs = append(errs, db.read.Close())
	}
	if db.write != nil { // last, so that it moves the log into the file
		errs = append(errs, db.write.Close())
	}
	if db.private != "" {
		errs = append(errs, os.RemoveAll(db.private))
	}
	if db.lock != nil {
		errs = append(errs, db.lock.Close())
	}
	return errors.Join(errs...)
}

// connect gives a pool of connections to the SQLite file at path, each with the
// given parameters (see the driver's Open). Nothing is opened yet.
func connect(path string, params map[string]string) (*sqlx.DB, error) {
	if err := shareLocks(); err != nil {
		return nil, err
	}
	query := url.Values{
		"_busy_timeout": {"5000"}, // milliseconds
		"_dqs":          {"false"},
		"_error_rc":     {"true"},
		"_pragma":       {"cache_size(-4096)"}, // KiB: enough for the inner pages of 100,000 links, and soon full
	}
	for name, value := range params {
		query.Set(name, value)
	}
	dsn := url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}
	connector, err := sqlite.NewConnector(dsn.String())
	if err != nil {
		return nil, err
	}
	// To sqlx the name only says which placeholders to use.
	return sqlx.NewDb(sql.OpenDB(connector), "sqlite3"), nil
}

// shareLocks binds SQLite's locks to its open files. As POSIX locks, its default,
// they would be lost whenever any part of this process closes the same file,
// such as after copying it; the next program to close the database would then
// remove the log under us.
func shareLocks() error {
	_, err := sqlite.OFDLocking(true)
	if errors.Is(err, sqlite.ErrOFDLockingUnavailable) || errors.Is(err, sqlite.ErrOFDLockingTooLate) {
		return nil // another system, or a host program that chose otherwise
	}
	return err
}

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
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close()) // the file's name is to survive a power cut
}

func modeWarnings(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return []string{fmt.Sprintf("the state %s is open to other users (mode %04o): chmod 600 %s", path, mode, path)}, nil
	}
	return nil, nil
}
