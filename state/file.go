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
	"sync/atomic"

	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"

	"duosync/state/dsn"
)

// file is a state in a SQLite file.
type file struct {
	path    string // the state's, also when a copy of it is read
	opts    Options
	lock    *runLock // nil unless open for runs
	private string   // folder of the copy that is read, or ""

	last mark        // what the newest run left beside the state
	aged atomic.Bool // the state is older than last
}

func newFile(at dsn.DSN, opts Options) (*file, error) {
	path, err := at.Path()
	return &file{path: path, opts: opts}, err
}

func (f *file) String() string { return f.path }

func (f *file) dialect() dialect {
	return dialect{
		goose:      goose.DialectSQLite3,
		migrations: "migrations/sqlite",
		tables: `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'
			ORDER BY name = $1 DESC`,
		intend:  `INSERT INTO intents (run_id, source_id, op, at, note) VALUES ($1, $2, $3, $4, '')`,
		foreign: "set state.dsn to a file of its own",
	}
}

func (f *file) openRuns(ctx context.Context, db *DB) (err error) {
	if err := refuseNetwork(filepath.Dir(f.path), f.opts.statfs); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return err
	}
	if f.path, err = resolve(f.path); err != nil {
		return err
	}
	if err := refuseNetwork(filepath.Dir(f.path), f.opts.statfs); err != nil { // the link may have led to one
		return err
	}
	// The lock comes first: from here on nobody else changes the file.
	if f.lock, err = lockRun(f.path+lockSuffix, f.opts.Now()); err != nil {
		return err
	}
	fresh := !exists(f.path)
	if err := makeFile(f.path); err != nil {
		return err
	}
	warnings, err := modeWarnings(f.path)
	if err != nil {
		return err
	}
	db.warn(warnings...)
	if _, err := f.inspect(ctx); err != nil {
		return err
	}
	if err := f.connect(db); err != nil {
		return err
	}
	if err := migrate(ctx, db.write, f.dialect()); err != nil {
		return err
	}
	return f.compareMark(ctx, db, fresh)
}

func (f *file) openBeside(ctx context.Context, db *DB) error {
	err := f.openRuns(ctx, db)
	if err == nil {
		lock := f.lock
		f.lock = nil
		return lock.Close()
	}
	if !errors.Is(err, ErrLocked) {
		return err
	}
	// The run that holds the lock has made the file and brought its schema up to
	// date, unless it is just about to, or is of an older duosync.
	how, inspecting := f.inspect(ctx)
	if inspecting != nil {
		return inspecting
	}
	if how != current {
		return err
	}
	if err := f.connect(db); err != nil {
		return err
	}
	return f.compareMark(ctx, db, false)
}

func (f *file) connect(db *DB) (err error) {
	db.write, err = connect(f.path, map[string]string{
		"_journal_mode": "WAL", "_synchronous": "FULL", "_foreign_keys": "on", "_txlock": "immediate",
	})
	if err != nil {
		return err
	}
	db.write.SetMaxOpenConns(1)
	return f.readFrom(db, f.path)
}

func (f *file) readFrom(db *DB, path string) (err error) {
	if db.pool, err = connect(path, map[string]string{"_query_only": "on"}); err == nil {
		db.read = db.pool
	}
	return err
}

func (f *file) openReadOnly(ctx context.Context, db *DB) (err error) {
	if f.path, err = resolve(f.path); err != nil {
		return err
	}
	warnings, err := modeWarnings(f.path)
	fresh := errors.Is(err, fs.ErrNotExist)
	if err != nil && !fresh {
		return err
	}
	db.warn(warnings...)
	if f.private, err = f.copyOrMake(ctx, fresh); err != nil {
		return err
	}
	copied := filepath.Join(f.private, copyName)
	if err := finishCopy(ctx, copied); err != nil {
		return err
	}
	if err := f.readFrom(db, copied); err != nil {
		return err
	}
	return f.compareMark(ctx, db, fresh)
}

// copyOrMake gives the private folder of a copy, or of one to be made when there
// is no state.
func (f *file) copyOrMake(ctx context.Context, fresh bool) (dir string, err error) {
	if fresh {
		return privateFolder()
	}
	if dir, err = privateCopy(ctx, f.path); err != nil {
		return "", err
	}
	_, err = accept(ctx, filepath.Join(dir, copyName), map[string]string{"mode": "rw"})
	return dir, err
}

// finishCopy brings the schema of a private copy up to date, or makes an empty
// state.
func finishCopy(ctx context.Context, path string) error {
	scratch, err := connect(path, map[string]string{"_synchronous": "OFF", "_txlock": "immediate"})
	if err != nil {
		return err
	}
	scratch.SetMaxOpenConns(1)
	return errors.Join(migrate(ctx, scratch, (&file{}).dialect()), scratch.Close())
}

func (f *file) close(db *DB) error {
	errs := []error{db.disconnect()}
	if f.private != "" {
		errs = append(errs, os.RemoveAll(f.private))
	}
	if f.lock != nil {
		errs = append(errs, f.lock.Close())
	}
	return errors.Join(errs...)
}

// check has nothing to fear: the lock is the kernel's, and holds as long as this
// process can write.
func (f *file) check(context.Context, *sqlx.Tx) error { return nil }

// exclude has nothing to do: SQLite has one that writes at a time.
func (f *file) exclude(context.Context, *sqlx.Tx) error { return nil }

// inspect fails if the file is nothing that this version of duosync may open for
// writing. It leaves the file and its folder as they are.
func (f *file) inspect(ctx context.Context) (age, error) {
	// Without a log beside it, all of the database is in its one file, and
	// SQLite can be told to touch nothing else.
	if !exists(f.path+walSuffix) && !exists(f.path+journalSuffix) {
		return accept(ctx, f.path, map[string]string{"mode": "ro", "immutable": "1"})
	}
	dir, err := privateCopy(ctx, f.path)
	if err != nil {
		return missing, err
	}
	how, err := accept(ctx, filepath.Join(dir, copyName), map[string]string{"mode": "rw"})
	return how, errors.Join(err, os.RemoveAll(dir))
}

// accept fails unless the database at path is empty or one of ours, and not
// newer than the migrations known here.
func accept(ctx context.Context, path string, params map[string]string) (age, error) {
	db, err := connect(path, params)
	if err != nil {
		return missing, err
	}
	how, err := schema(ctx, db, db, (&file{}).dialect())
	return how, errors.Join(err, db.Close())
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
