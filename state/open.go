package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
	"golang.org/x/sys/unix"

	"duosync/state/dsn"
	dirsync "duosync/sync"
)

// Options of a state that is opened for writing.
type Options struct {
	// KeepHistory is how long finished runs are kept; 0 keeps them all.
	KeepHistory time.Duration
	// CallTime is how long a call to Duo may last at most, with all its tries,
	// counted from before its intent is written down; 0 means DefaultCallTime. In
	// PostgreSQL a successor waits that long, see Open.
	CallTime time.Duration
	// Now is the local clock; nil means time.Now.
	Now func() time.Time

	// statfs looks at a file system; nil means the kernel's. Tests set it.
	statfs func(path string, into *unix.Statfs_t) error
}

// DefaultCallTime is the longest that a call to Duo lasts with the default
// timeout of 30 seconds, when it is looked up and sent once more.
const DefaultCallTime = 2 * 30 * time.Second

// lookTime is how long a look at a state that is not opened may take.
const lookTime = 15 * time.Second

// DB is an open state. Its methods may be called from several goroutines.
type DB struct {
	backend backend
	opts    Options
	read    reader
	pool    *sqlx.DB // below read
	write   *sqlx.DB // one connection; nil when open for reading only

	mu       sync.Mutex
	warnings []string
}

var _ dirsync.Store = (*DB)(nil)

// Open opens the state that dsn names for runs: see
// state/dsn. It takes the run lock and brings the schema up to
// date. A file and its folder that are missing are made, with mode 0600 and 0700.
//
// A state that is open elsewhere is ErrLocked, one of a newer duosync ErrNewer,
// a database of something else ErrForeign; nothing is changed then. Errors carry
// advice (dirsync.Hint).
//
// In PostgreSQL, where the former holder of the lock may have been cut off on
// another host with a call to Duo under way, Open waits until that call must be
// over: as long as there are intents without an outcome, of a holder that did not
// close the state, that are younger than its Options.CallTime by the database's
// clock. So it is safe to settle them once Open has returned. The wait ends with
// ctx.
func Open(ctx context.Context, dsn string, opts Options) (*DB, error) {
	return open(ctx, dsn, opts, backend.openRuns)
}

// OpenBeside opens the state for a short change beside a run that may be under
// way: an approval, a pause, a mark. It takes the run lock only while it opens the
// state, in PostgreSQL only to bring the schema up to date, and never waits: it is
// ErrLocked while a run of an older duosync keeps the schema old. Begin works, but
// nothing keeps a run so begun apart from others; use Open for runs.
func OpenBeside(ctx context.Context, dsn string, opts Options) (*DB, error) {
	return open(ctx, dsn, opts, backend.openBeside)
}

// OpenReadOnly opens the state that dsn names for dry runs and reports, as it is
// at one moment. It takes no lock, leaves no file behind and the state as it was:
// of a SQLite file it reads a copy in a private temporary folder, which Close
// removes; in PostgreSQL it reads in one transaction. No state is an empty one.
// An older schema is brought up to date in a copy, and is an error in PostgreSQL.
// Begin and all else that would write is ErrReadOnly.
func OpenReadOnly(ctx context.Context, dsn string) (*DB, error) {
	return open(ctx, dsn, Options{}, backend.openReadOnly)
}

func open(ctx context.Context, dsn string, opts Options, how func(backend, context.Context, *DB) error) (*DB, error) {
	db, err := newDB(dsn, opts)
	if err != nil {
		return nil, err
	}
	if err := how(db.backend, ctx, db); err != nil {
		return nil, errors.Join(db.fail("opening", err), db.Close())
	}
	return db, nil
}

// newDB gives the state that a DSN names, not open yet.
func newDB(text string, opts Options) (*DB, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.CallTime == 0 {
		opts.CallTime = DefaultCallTime
	}
	if opts.statfs == nil {
		opts.statfs = unix.Statfs
	}
	where, err := dsn.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("state.dsn %w", err)
	}
	db := &DB{opts: opts}
	if where.Server != nil {
		db.backend, err = newServer(where.Server, opts)
	} else {
		db.backend, err = newFile(where, opts)
	}
	if err != nil {
		return nil, err
	}
	return db, nil
}

// Warnings tells what the admin should put right, though it stops nothing. A run
// can add to it until it ends.
func (db *DB) Warnings() []string {
	db.mu.Lock()
	defer db.mu.Unlock()
	return slices.Clone(db.warnings)
}

func (db *DB) warn(text ...string) {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.warnings = append(db.warnings, text...)
}

// Close closes the state and gives the lock back. A run that was begun and not
// finished counts as interrupted. No call to Duo may be under way any more.
func (db *DB) Close() error {
	return db.fail("closing", db.backend.close(db))
}

// disconnect closes the connections.
func (db *DB) disconnect() error {
	var errs []error
	if db.pool != nil {
		errs = append(errs, db.pool.Close())
	}
	if db.write != nil { // last: SQLite then moves the log into the file
		errs = append(errs, db.write.Close())
	}
	return errors.Join(errs...)
}

// moment gives a reader that sees the state as it is at one moment, until end is
// called.
func (db *DB) moment(ctx context.Context) (r reader, end func(), err error) {
	pool, ok := db.read.(*sqlx.DB)
	if !ok { // it is one already
		return db.read, func() {}, nil
	}
	tx, err := pool.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, nil, err
	}
	return tx, func() { _ = tx.Rollback() }, nil // nothing was written
}
