package state

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"duosync/state/dsn"
)

// Advice is advice, for its table.
var Advice = advice

// KindOf is kindOf, for its table.
var KindOf = kindOf

// ServerName gives the name in messages of a state in PostgreSQL.
func ServerName(text string) (string, error) {
	s, err := serverOf(text)
	if err != nil {
		return "", err
	}
	return s.name, nil
}

func serverOf(text string) (*server, error) {
	where, err := dsn.Parse(text)
	if err != nil {
		return nil, err
	}
	return newServer(where.Server, Options{})
}

// WithStatfs looks at file systems through statfs.
func (o Options) WithStatfs(statfs func(string, *unix.Statfs_t) error) Options {
	o.statfs = statfs
	return o
}

// LoseLock ends the connection that holds the lock, as a dead network does.
func (db *DB) LoseLock(ctx context.Context) error { return db.backend.(*server).lock.conn.Close(ctx) }

// Sight is sight, to see which changes spoil a copy.
type Sight struct{ s sight }

// Look looks at the files of the database at path.
func Look(path string) (Sight, error) {
	s, err := look(path)
	return Sight{s}, err
}

// Holds tells whether a copy made between the two looks is whole.
func (a Sight) Holds(b Sight) bool { return a.s.holds(b.s) }

// LimitPages lets the database grow by no more than extra pages, as a disk that
// fills up would.
func (db *DB) LimitPages(ctx context.Context, extra int) error {
	var pages int
	if err := db.write.GetContext(ctx, &pages, `PRAGMA page_count`); err != nil {
		return err
	}
	_, err := db.write.ExecContext(ctx, fmt.Sprintf(`PRAGMA max_page_count = %d`, pages+extra))
	return err
}

// MakeOld makes a state at path whose schema is version.
func MakeOld(ctx context.Context, path string, version int64) error {
	db, err := connect(path, nil)
	if err != nil {
		return err
	}
	m, err := migrator(db, (&file{}).dialect())
	if err == nil {
		_, err = m.UpTo(ctx, version)
	}
	return errors.Join(err, db.Close())
}

// Exec runs SQL on a connection of its own, as another program would.
func Exec(ctx context.Context, path, query string) error {
	return ExecAnd(ctx, path, query, func() error { return nil })
}

// ExecAnd runs SQL, and then still before that connection is closed and the log
// moved into the file.
func ExecAnd(ctx context.Context, path, query string, still func() error) error {
	db, err := connect(path, nil)
	if err != nil {
		return err
	}
	if _, err = db.ExecContext(ctx, query); err == nil {
		err = still()
	}
	return errors.Join(err, db.Close())
}

// Exec runs SQL over the connection that writes.
func (db *DB) Exec(ctx context.Context, query string) error {
	_, err := db.write.ExecContext(ctx, query)
	return err
}

// MakeOldServer makes a state in PostgreSQL whose schema is version; 0 is of before
// the first one.
func MakeOldServer(ctx context.Context, dsn string, version int64) error {
	s, err := serverOf(dsn)
	if err != nil {
		return err
	}
	pool := s.pool(nil)
	m, err := migrator(pool, s.dialect())
	if err == nil {
		_, err = m.GetDBVersion(ctx) // makes the table of versions
	}
	if err == nil && version > 0 {
		_, err = m.UpTo(ctx, version)
	}
	return errors.Join(err, pool.Close())
}

// ExecServer runs SQL on a connection of its own, and then still before what it did
// is committed.
func ExecServer(ctx context.Context, dsn, query string, still func()) error {
	s, err := serverOf(dsn)
	if err != nil {
		return err
	}
	pool := s.pool(nil)
	tx, err := pool.BeginTxx(ctx, nil)
	if err == nil {
		if _, err = tx.ExecContext(ctx, query); err == nil {
			still()
			err = tx.Commit()
		}
	}
	return errors.Join(err, pool.Close())
}

// NetworkFUSE is networkFUSE, for its table.
var NetworkFUSE = networkFUSE

// Integrity asks SQLite whether the database at path is whole: "ok" if so.
func Integrity(ctx context.Context, path string) (said string, err error) {
	db, err := connect(path, nil)
	if err != nil {
		return "", err
	}
	err = db.GetContext(ctx, &said, `PRAGMA integrity_check`)
	return said, errors.Join(err, db.Close())
}

// Setting is a setting of the connection that writes to PostgreSQL.
func (db *DB) Setting(ctx context.Context, name string) (value string, err error) {
	err = db.write.GetContext(ctx, &value, `SELECT current_setting($1)`, name)
	return value, err
}
