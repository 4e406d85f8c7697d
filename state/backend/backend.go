// Package backend says what a kind of database must supply so that a state can be kept
// in it, and has what every kind shares: errors, the table meta, who signs for a lock.
//
// All SQL of package state is common to the kinds: placeholders are $1, $2 and so on,
// times are text, and JSON is text or packed (state/column). A kind knows how to open, lock, copy and
// examine a database of its own, and what its errors mean to an administrator. Its
// schema is in state/migrations.
package backend

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// Database keeps one state. Each opening has one of its own, which holds what the
// opening takes: connections, a lock, a copy.
type Database interface {
	// String names the state in messages, without any secret.
	String() string

	// OpenRuns, OpenBeside, OpenReadOnly and OpenInPlace make the connections, as state.Open,
	// state.OpenBeside, state.OpenReadOnly and state.Glance tell. One of them is called, once,
	// and Close at the end, also after an error. OpenInPlace may fail with ErrOlder.
	OpenRuns(ctx context.Context) (*Connections, error)
	OpenBeside(ctx context.Context) (*Connections, error)
	OpenReadOnly(ctx context.Context) (*Connections, error)
	OpenInPlace(ctx context.Context) (*Connections, error)
	// Moved reports whether what was read since OpenInPlace may be of several moments.
	Moved() bool
	Close() error

	// Examine and Holder look without opening, as state.Examine and state.Holder tell.
	Examine(ctx context.Context) (Condition, error)
	Holder(ctx context.Context) (string, error)

	// CheckHeld fails with ErrLostLock when another has taken the state over. It is
	// part of each transaction of a run.
	CheckHeld(ctx context.Context, tx *sqlx.Tx) error
	// Exclude waits until no transaction of a run is under way, and keeps the next one
	// waiting until tx ends.
	Exclude(ctx context.Context, tx *sqlx.Tx) error
	// Lease gives the columns that an intent has in this kind of database only.
	Lease() []Column
	// KeepCopy is called before a run's first change, outside of a transaction.
	KeepCopy(ctx context.Context) error
	// NoteRun is part of a run's first change and of its end. What it returns is
	// called once that is committed.
	NoteRun(ctx context.Context, tx *sqlx.Tx, run string) (committed func() error, err error)
	// IsRestored reports whether the state is older than it has once been.
	IsRestored() bool

	// Explain gives an error the form in which an administrator may see it, with
	// advice on what to do about it (dirsync.Hint).
	Explain(err error) error
}

// Connections are those of an open state.
type Connections struct {
	Read  Reader
	Pool  *sqlx.DB // below Read; nil where there is no state
	Write *sqlx.DB // one connection; nil when open for reading only

	// Warnings tell what the administrator should put right, though it stops nothing.
	Warnings []string
}

// Close closes the connections.
func (c *Connections) Close() error {
	var errs []error
	if c.Pool != nil {
		errs = append(errs, c.Pool.Close())
	}
	if c.Write != nil { // last: SQLite then moves the log into the file
		errs = append(errs, c.Write.Close())
	}
	return errors.Join(errs...)
}

// Reader is what a state is read through. Each call reads to its end.
type Reader interface {
	GetContext(ctx context.Context, dest any, query string, args ...any) error
	SelectContext(ctx context.Context, dest any, query string, args ...any) error
}

// Empty reads a state that is not there: no table of it has a row.
type Empty struct{}

// GetContext implements Reader.
func (Empty) GetContext(context.Context, any, string, ...any) error { return sql.ErrNoRows }

// SelectContext implements Reader.
func (Empty) SelectContext(context.Context, any, string, ...any) error { return nil }

// EachRow implements RowReader.
func (Empty) EachRow(context.Context, func(*sql.Rows) error, string, ...any) error { return nil }

// RowReader is a Reader that has no rows to give, or gives them in a way of its own.
type RowReader interface {
	Reader
	// EachRow reads as the function of that name does.
	EachRow(ctx context.Context, visit func(*sql.Rows) error, query string, args ...any) error
}

var _ RowReader = Empty{}

// EachRow has each row of a query visited, which scans it. It reads to the end.
func EachRow(ctx context.Context, r Reader, visit func(*sql.Rows) error, query string, args ...any) error {
	switch r := r.(type) {
	case RowReader:
		return r.EachRow(ctx, visit, query, args...)
	case interface {
		QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	}:
		rows, err := r.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // the error that counts is that of Err
		for rows.Next() {
			if err := visit(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	}
	return fmt.Errorf("rows can't be read one by one through a %T", r)
}

// Column is a column of a table, and what to write there.
type Column struct {
	Name  string
	Value any
}

// Condition is what can be told of a state without opening it.
type Condition struct {
	Path   string // absolute, symbolic links followed; of PostgreSQL a URL without password
	Exists bool
	// Holder tells who has the run lock since when, as in "by process 12 on
	// host since …"; "" when nobody has it.
	Holder string
	// Stamp is another one after each write, as far as the clock of the file system can
	// tell two apart; "" where only reading tells (PostgreSQL).
	Stamp string
}
