package state

import (
	"context"

	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"
)

// backend is the database that holds a state. Each opening has one of its own,
// which keeps what the opening holds besides its connections.
type backend interface {
	// String names the state in messages, without any secret.
	String() string
	dialect() dialect

	// openRuns, openBeside and openReadOnly make the connections of db, as Open,
	// OpenBeside and OpenReadOnly tell. After an error, db is closed.
	openRuns(ctx context.Context, db *DB) error
	openBeside(ctx context.Context, db *DB) error
	openReadOnly(ctx context.Context, db *DB) error
	close(db *DB) error

	// examine and holder look without opening, as Examine and Holder tell.
	examine(ctx context.Context) (Condition, error)
	holder(ctx context.Context) (string, error)

	// check fails when another has taken the state over. It is part of each
	// transaction of a run.
	check(ctx context.Context, tx *sqlx.Tx) error
	// exclude waits until no transaction of a run is under way, and keeps the next
	// one waiting until tx ends.
	exclude(ctx context.Context, tx *sqlx.Tx) error
	// keep is called before a run's first change, outside of a transaction.
	keep(ctx context.Context, db *DB)
	// mark is part of a run's first change and of its end. What it returns is
	// called once that is committed.
	mark(ctx context.Context, tx *sqlx.Tx, run string) (committed func() error, err error)
	// restored reports whether the state is older than it has once been.
	restored() bool

	// clean gives an error the form in which an admin may see it, advice says what
	// to do about it.
	clean(err error) error
	advice(err error) string
}

// dialect is where the databases' languages differ, the schema aside. All other
// SQL is common: placeholders are $1, $2 and so on, and JSON and times are text.
type dialect struct {
	goose      goose.Dialect
	migrations string // folder of the embedded migrations
	tables     string // lists all tables, that of $1 first
	intend     string // writes an intent down
	lease      []any  // its last arguments
	foreign    string // advice when the tables are not ours
}

// reader is what a state is read through. Each call reads to its end.
type reader interface {
	GetContext(ctx context.Context, dest any, query string, args ...any) error
	SelectContext(ctx context.Context, dest any, query string, args ...any) error
}
