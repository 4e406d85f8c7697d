package state

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"

	dirsync "duosync/sync"
)

// versionTable is where the migrations keep the schema's version. Its name tells
// a state of ours from any other database.
const versionTable = "duosync_schema"

//go:embed migrations/*/*.sql
var migrations embed.FS

// migrator applies the embedded migrations to db, each in its own transaction.
func migrator(db *sqlx.DB, d dialect) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, d.migrations)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(d.goose, db.DB, files,
		goose.WithTableName(versionTable), goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
}

// migrate brings the schema of db up to date.
func migrate(ctx context.Context, db *sqlx.DB, d dialect) error {
	m, err := migrator(db, d)
	if err != nil {
		return err
	}
	_, err = m.Up(ctx)
	return err
}

// age is how the schema of a database stands to the migrations known here.
type age int

const (
	missing age = iota // the database is empty
	older
	current
)

// schema fails unless the database read by r, below which lies db, is empty or
// one of ours, and not newer than the migrations known here.
func schema(ctx context.Context, r reader, db *sqlx.DB, d dialect) (age, error) {
	var tables []string
	if err := r.SelectContext(ctx, &tables, d.tables, versionTable); err != nil || len(tables) == 0 {
		return missing, err
	}
	if tables[0] != versionTable {
		return missing, dirsync.WithHint(ErrForeign, d.foreign)
	}
	var have int64
	if err := r.GetContext(ctx, &have, `SELECT coalesce(max(version_id), 0) FROM `+versionTable); err != nil {
		return missing, err
	}
	m, err := migrator(db, d)
	if err != nil {
		return missing, err
	}
	known := m.ListSources()
	switch last := known[len(known)-1].Version; {
	case have > last:
		return missing, dirsync.WithHint(fmt.Errorf("%w (its schema is %d, known here up to %d)", ErrNewer, have, last),
			"update duosync, or set state.dsn to another state")
	case have < last:
		return older, nil
	}
	return current, nil
}
