// Package migrations has the schema of a state for each kind of database, and brings a
// database up to date. A migration that was released is never changed; a new one gets
// the next number, in each kind's folder.
package migrations

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"

	"duosync/state/backend"
	dirsync "duosync/sync"
)

//go:embed sqlite/*.sql postgres/*.sql
var files embed.FS

// versionTable is where the version of the schema is kept. Its name tells a state of
// ours from any other database.
const versionTable = "duosync_schema"

// Schema is that of one kind of database.
type Schema struct {
	dialect goose.Dialect
	folder  string
	tables  string // lists all tables, that of $1 first
	advice  string // when the tables are not ours
}

// SQLite is the schema in a SQLite file.
func SQLite() Schema {
	return Schema{
		dialect: goose.DialectSQLite3, folder: "sqlite",
		tables: `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'
			ORDER BY name = $1 DESC`,
		advice: "set state.dsn to a file of its own",
	}
}

// PostgreSQL is the schema in a PostgreSQL database.
func PostgreSQL() Schema {
	return Schema{
		dialect: goose.DialectPostgres, folder: "postgres",
		tables: `SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename = $1 DESC`,
		advice: "give duosync a database or a schema of its own: CREATE SCHEMA duosync, and state.dsn: postgres://…?search_path=duosync",
	}
}

// provider applies the migrations to db, each in its own transaction.
func (s Schema) provider(db *sqlx.DB) (*goose.Provider, error) {
	folder, err := fs.Sub(files, s.folder)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(s.dialect, db.DB, folder,
		goose.WithTableName(versionTable), goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
}

// Up brings the schema of db up to date.
func (s Schema) Up(ctx context.Context, db *sqlx.DB) error {
	m, err := s.provider(db)
	if err != nil {
		return err
	}
	_, err = m.Up(ctx)
	return err
}

// Age is how the schema of a database stands to the migrations known here.
type Age int

// The ages of a schema that can be used.
const (
	Missing Age = iota // the database is empty
	Older
	Current
)

// Age fails unless the database read by r, below which lies db, is empty or a state of
// ours (else ErrForeign), and not newer than the migrations known here (else ErrNewer).
func (s Schema) Age(ctx context.Context, r backend.Reader, db *sqlx.DB) (Age, error) {
	var tables []string
	if err := r.SelectContext(ctx, &tables, s.tables, versionTable); err != nil || len(tables) == 0 {
		return Missing, err
	}
	if tables[0] != versionTable {
		return Missing, dirsync.WithHint(backend.ErrForeign, s.advice)
	}
	var have int64
	if err := r.GetContext(ctx, &have, `SELECT coalesce(max(version_id), 0) FROM `+versionTable); err != nil {
		return Missing, err
	}
	m, err := s.provider(db)
	if err != nil {
		return Missing, err
	}
	known := m.ListSources()
	switch last := known[len(known)-1].Version; {
	case have > last:
		return Missing, dirsync.WithHint(fmt.Errorf("%w (its schema is %d, known here up to %d)", backend.ErrNewer, have, last),
			"update duosync, or set state.dsn to another state")
	case have < last:
		return Older, nil
	}
	return Current, nil
}
