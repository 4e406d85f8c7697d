// Package postgres keeps a state in a PostgreSQL database: in the first schema of the
// search_path, which is the state's alone.
//
// The lock is an advisory lock of a connection of its own. The kernels of both ends
// keep that alive, whatever the holder is busy with, so a holder keeps its lock
// however long its calls take; half a minute after its host is gone they end it. That
// is not enough by itself: a holder that was
// cut off does not know that, and may go on. So each opening for runs raises an
// epoch, and each transaction of a run finds out, under a row lock, that the epoch
// is still its own; else it is ErrLostLock. And a successor waits until no call of
// a holder that did not close the state can be under way, see state.Open. For that
// the caller must give each operation, with all its calls, no longer than CallTime.
// A pooler between here and the server must keep sessions; one that shares them
// between transactions would lose the lock.
//
// Backups are the database's own. That one was restored, or that a standby took
// over without the last commits, can't be told: run once with --refresh then.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"

	"duosync/state/backend"
	"duosync/state/dsn"
	"duosync/state/migrations"
	dirsync "duosync/sync"
)

// serverState is a state in a database on a PostgreSQL server.
type serverState struct {
	*login
	opts Options

	conns   backend.Connections
	lock    *runLock // nil unless open for runs
	view    *view    // nil unless open for reading only
	epoch   epoch    // of this opening
	settled bool     // nothing that a former holder sent can be under way
}

// Options are what a run supplies.
type Options struct {
	Now      func() time.Time // the local clock
	CallTime time.Duration    // see state.Options
	Existing bool             // see state.Options
}

// New gives the state in the database that state.dsn names, not open yet.
func New(at *dsn.Server, opts Options) (backend.Database, error) {
	login, err := loginAt(at)
	if err != nil {
		return nil, err
	}
	return &serverState{login: login, opts: opts}, nil
}

func (s *serverState) OpenRuns(ctx context.Context) (_ *backend.Connections, err error) {
	if s.opts.CallTime <= 0 {
		return nil, errors.New("it was not said how long a call to Duo may last, for a successor to wait")
	}
	if s.lock, err = s.takeLock(ctx); err != nil {
		return nil, err
	}
	age, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	if age != migrations.Current {
		if err := s.migrate(ctx, age); err != nil {
			return nil, err
		}
	}
	by := signed{Backend: s.lock.conn.PgConn().PID(), Who: backend.Signature(s.opts.Now())}
	if s.epoch, err = raiseEpoch(ctx, s.conns.Write, by); err != nil {
		return nil, err
	}
	if err := awaitCalls(ctx, s.conns.Read); err != nil {
		return nil, err
	}
	s.settled = true
	return &s.conns, nil
}

func (s *serverState) OpenBeside(ctx context.Context) (*backend.Connections, error) {
	age, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	if age == migrations.Missing && s.opts.Existing {
		return nil, backend.Missing()
	}
	if age != migrations.Current {
		lock, err := s.takeLock(ctx)
		if err != nil {
			return nil, err
		}
		if err := errors.Join(s.migrate(ctx, age), lock.Close()); err != nil {
			return nil, err
		}
	}
	return &s.conns, s.conns.Read.GetContext(ctx, &s.epoch, readEpoch)
}

// connect makes the connections for writing, and refuses what is no state that
// this version may write.
func (s *serverState) connect(ctx context.Context) (migrations.Age, error) {
	s.conns.Write = s.pool(nil)
	s.conns.Write.SetMaxOpenConns(1)
	s.conns.Pool = s.pool(map[string]string{"default_transaction_read_only": "on"})
	s.conns.Read = s.conns.Pool
	return s.ageOf(ctx, s.conns.Read)
}

// ageOf looks at what r reads, and warns of a connection that others can read and
// change.
func (s *serverState) ageOf(ctx context.Context, r backend.Reader) (migrations.Age, error) {
	if err := suitable(ctx, r); err != nil {
		return migrations.Missing, err
	}
	overheard, err := s.isOverheard(ctx, r)
	if err != nil {
		return migrations.Missing, err
	}
	if overheard {
		s.conns.Warnings = append(s.conns.Warnings,
			"the connection to the state in PostgreSQL is not encrypted: add sslmode=verify-full to state.dsn, with sslrootcert where the authority is your own")
	}
	return migrations.PostgreSQL().Age(ctx, r, s.conns.Pool)
}

// migrate brings the schema up to date. The rights come first: without them the
// migrations try again for a while.
func (s *serverState) migrate(ctx context.Context, age migrations.Age) error {
	if err := s.canWrite(ctx, s.conns.Write, age); err != nil {
		return err
	}
	return migrations.PostgreSQL().Up(ctx, s.conns.Write)
}

// OpenReadOnly: all is read in one transaction.
func (s *serverState) OpenReadOnly(ctx context.Context) (*backend.Connections, error) {
	s.conns.Pool = s.pool(map[string]string{"idle_in_transaction_session_timeout": "0"})
	tx, err := s.conns.Pool.BeginTxx(context.WithoutCancel(ctx), &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, err
	}
	s.view = &view{tx: tx}
	s.conns.Read = s.view
	age, err := s.ageOf(ctx, s.view)
	switch {
	case err != nil:
		return nil, err
	case age == migrations.Older:
		return nil, dirsync.WithHint(errors.New("its schema is of an older duosync"),
			"let this version bring it up to date, which changes nothing else: `duosync resume`, or any run that may write")
	case age == migrations.Missing:
		s.conns.Read = backend.Empty{}
	}
	return &s.conns, nil
}

// OpenInPlace reads as OpenReadOnly does: a server keeps readers and writers apart.
func (s *serverState) OpenInPlace(ctx context.Context) (*backend.Connections, error) {
	return s.OpenReadOnly(ctx)
}

// Moved is never so: all is read in one transaction.
func (s *serverState) Moved() bool { return false }

func (s *serverState) Close() error {
	var errs []error
	if s.settled {
		errs = append(errs, s.epoch.release(s.conns.Write))
	}
	if s.view != nil {
		errs = append(errs, s.view.close())
	}
	errs = append(errs, s.conns.Close())
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}

// CheckHeld compares epochs: the lock may be lost without this process knowing.
func (s *serverState) CheckHeld(ctx context.Context, tx *sqlx.Tx) error {
	return s.epoch.check(ctx, tx)
}

func (s *serverState) Exclude(ctx context.Context, tx *sqlx.Tx) error { return exclude(ctx, tx) }

// Lease tells a successor how long the call of an intent may last. The server adds by
// its own clock when that began.
func (s *serverState) Lease() []backend.Column {
	return []backend.Column{{Name: "may_last", Value: s.opts.CallTime.Milliseconds()}}
}

// KeepCopy has nothing to do: backups of a database are its administrator's.
func (s *serverState) KeepCopy(context.Context) error { return nil }

// NoteRun has nowhere to leave a note. That a database was restored can't be told.
func (s *serverState) NoteRun(context.Context, *sqlx.Tx, string) (func() error, error) {
	return func() error { return nil }, nil
}

func (s *serverState) IsRestored() bool { return false }
