package state

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"duosync/state/backend"
	"duosync/state/dsn"
	"duosync/state/postgres"
	"duosync/state/sqlite"
	dirsync "duosync/sync"
)

// Options of a state that is opened for writing.
type Options struct {
	// KeepHistory is how long finished runs are kept; 0 keeps them all.
	KeepHistory time.Duration
	// CallTime is how long an operation may be under way at most, with all its calls
	// and their tries, counted from before its intent is written down. In PostgreSQL
	// a successor waits that long, see Open, which needs it there: too short, and what
	// a former holder has sent may yet take effect. SQLite has no use for it.
	CallTime time.Duration
	// Audit has what runs and people do numbered, see NextAudit.
	Audit bool
	// Existing keeps OpenBeside from making a state: one that is not there is
	// backend.ErrMissing, and no file is made.
	Existing bool
	// Now is the local clock; nil means time.Now.
	Now func() time.Time

	// statfs looks at a file system; nil means the kernel's. Tests set it.
	statfs func(path string, into *unix.Statfs_t) error
	clone  func(to, from *os.File) error // as in sqlite.Options
}

// DB is an open state. Its methods may be called from several goroutines.
type DB struct {
	database backend.Database
	conns    *backend.Connections
	opts     Options

	mu       sync.Mutex
	warnings []string
}

var _ dirsync.Store = (*DB)(nil)

// Open opens the state that dsn names (see state/dsn) for runs. It takes the run lock
// and brings the schema up to date. A file and its folder that are missing are made,
// with mode 0600 and 0700.
//
// A state that is open elsewhere is ErrLocked, one of a newer duosync
// backend.ErrNewer, a database of something else backend.ErrForeign; nothing is
// changed then. Errors carry
// advice (dirsync.Hint).
//
// In PostgreSQL, where the former holder of the lock may have been cut off on
// another host with a call to Duo under way, Open waits until that call must be
// over: as long as there are intents without an outcome, of a holder that did not
// close the state, that are younger than its Options.CallTime by the database's
// clock. So it is safe to settle them once Open has returned. The wait ends with
// ctx.
func Open(ctx context.Context, dsn string, opts Options) (*DB, error) {
	return open(ctx, dsn, opts, backend.Database.OpenRuns)
}

// OpenBeside opens the state for a short change beside a run that may be under
// way: an approval, a pause, a mark. It takes the run lock only while it opens the
// state, in PostgreSQL only to bring the schema up to date, and never waits: it is
// ErrLocked while a run of an older duosync keeps the schema old. Begin works, but
// nothing keeps a run so begun apart from others; use Open for runs.
func OpenBeside(ctx context.Context, dsn string, opts Options) (*DB, error) {
	return open(ctx, dsn, opts, backend.Database.OpenBeside)
}

// OpenReadOnly opens the state that dsn names for dry runs and reports, as it is
// at one moment. It takes no lock, leaves no file behind and the state as it was:
// of a SQLite file it reads a copy in a private temporary folder, which Close
// removes; in PostgreSQL it reads in one transaction. No state is an empty one.
// An older schema is brought up to date in a copy, and is an error in PostgreSQL.
// Begin and all else that would write is ErrReadOnly.
func OpenReadOnly(ctx context.Context, dsn string) (*DB, error) {
	return open(ctx, dsn, Options{}, backend.Database.OpenReadOnly)
}

// open opens the state in one of the three ways.
func open(ctx context.Context, text string, opts Options, way func(backend.Database, context.Context) (*backend.Connections, error)) (*DB, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	database, err := find(text, opts)
	if err != nil {
		return nil, err
	}
	db := &DB{database: database, opts: opts}
	if db.conns, err = way(database, ctx); err != nil {
		return nil, errors.Join(db.fail("opening", err), db.Close())
	}
	db.warn(db.conns.Warnings...)
	return db, nil
}

// glances is how often the state is read in place before a copy of it is read.
const glances = 3

// Glance has look read the state that dsn names as it is now, beside a run that may be under
// way, which it never keeps waiting; it takes no lock, and makes no copy. So it is for what is
// read often and briefly. Where the state was written meanwhile, look is called again: it
// must forget what it found before. No state is an empty one.
func Glance(ctx context.Context, dsn string, look func(*DB) error) error {
	for range glances {
		moved, err := glance(ctx, dsn, backend.Database.OpenInPlace, look)
		if errors.Is(err, backend.ErrOlder) {
			break
		}
		if !moved || ctx.Err() != nil {
			return err
		}
	}
	_, err := glance(ctx, dsn, backend.Database.OpenReadOnly, look)
	return err
}

// glance opens the state in a way, and has it read.
func glance(ctx context.Context, dsn string, way func(backend.Database, context.Context) (*backend.Connections, error), look func(*DB) error) (moved bool, err error) {
	db, err := open(ctx, dsn, Options{}, way)
	if err != nil {
		return false, err
	}
	err = look(db)
	moved = db.database.Moved()
	return moved, errors.Join(err, db.Close())
}

// find gives the state that a DSN names, not open yet.
func find(text string, opts Options) (backend.Database, error) {
	where, err := dsn.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("state.dsn %w", err)
	}
	if where.Server != nil {
		return postgres.New(where.Server, postgres.Options{Now: opts.Now, CallTime: opts.CallTime, Existing: opts.Existing})
	}
	path, err := where.Path()
	if err != nil {
		return nil, err
	}
	statfs := opts.statfs
	if statfs == nil {
		statfs = unix.Statfs
	}
	return sqlite.New(path, sqlite.Options{Now: opts.Now, Statfs: statfs, Existing: opts.Existing, Clone: opts.clone}), nil
}

// Name names the state, without any secret: a path whose symbolic links are followed, or
// the URL of a database.
func (db *DB) Name() string { return db.database.String() }

// IsThere reports whether there is a state. One that is not there is read as an empty one.
func (db *DB) IsThere() bool {
	_, empty := db.conns.Read.(backend.Empty)
	return !empty
}

// Close closes the state and gives the lock back. A run that was begun and not
// finished counts as interrupted. No call to Duo may be under way any more.
func (db *DB) Close() error { return db.fail("closing", db.database.Close()) }

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

// fail names the state and what was being done in an error, and adds advice.
func (db *DB) fail(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("state %v: %s: %w", db.database, doing, db.database.Explain(err))
}

// Condition is what can be told of a state without opening it.
type Condition = backend.Condition

// lookTime is how long a look at a state that is not opened may take.
const lookTime = 15 * time.Second

// Examine looks at the state that dsn names and changes nothing. It fails where
// Open would for want of a right: a folder or file that can't be written by this
// user, or lies on a network; a server that can't be reached, a table that can't
// be written. It takes no longer than 15 seconds. Errors carry advice
// (dirsync.Hint).
func Examine(dsn string) (Condition, error) {
	return look(dsn, "looking at it", backend.Database.Examine)
}

// Holder tells who holds the run lock of the state that dsn names, since when, as
// in "by process 12 on host since …"; "" when nobody does. A run that began before
// then and has no end was killed.
func Holder(dsn string) (string, error) {
	return look(dsn, "looking who has its lock", backend.Database.Holder)
}

// look has a look at a state that is not open.
func look[T any](dsn, doing string, at func(backend.Database, context.Context) (T, error)) (found T, err error) {
	database, err := find(dsn, Options{})
	if err != nil {
		return found, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), lookTime)
	defer cancel()
	found, err = at(database, ctx)
	return found, (&DB{database: database}).fail(doing, err)
}
