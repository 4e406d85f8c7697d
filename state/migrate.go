package state

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"

	dirsync "duosync/sync"
)

// versionTable is where the migrations keep the schema's version. Its name tells
// a state of ours from any other database.
const versionTable = "duosync_schema"

//go:embed migrations/sqlite/*.sql
var migrations embed.FS

// migrator applies the embedded migrations to db, each in its own transaction.
func migrator(db *sqlx.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations/sqlite")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectSQLite3, db.DB, files,
		goose.WithTableName(versionTable), goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
}

// migrate brings the schema of db up to date.
func migrate(ctx context.Context, db *sqlx.DB) error {
	m, err := migrator(db)
	if err != nil {
		return err
	}
	_, err = m.Up(ctx)
	return err
}

// inspect fails if the file at path is nothing that this version of duosync may
// open for writing. It leaves the file and its folder as they are.
func inspect(ctx context.Context, path string) error {
	// Without a log beside it, all of the database is in its one file, and
	// SQLite can be told to touch nothing else.
	if !exists(path+walSuffix) && !exists(path+journalSuffix) {
		return accept(ctx, path, map[string]string{"mode": "ro", "immutable": "1"})
	}
	dir, err := privateCopy(ctx, path)
	if err != nil {
		return err
	}
	return errors.Join(accept(ctx, filepath.Join(dir, copyName), map[string]string{"mode": "rw"}), os.RemoveAll(dir))
}

// accept fails unless the database at path is empty or one of ours, and not
// newer than the migrations known here.
func accept(ctx context.Context, path string, params map[string]string) error {
	db, err := connect(path, params)
	if err != nil {
		return err
	}
	return errors.Join(acceptSchema(ctx, db), db.Close())
}

func acceptSchema(ctx context.Context, db *sqlx.DB) error {
	var tables []string
	err := db.SelectContext(ctx, &tables,
		`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name = ? DESC`, versionTable)
	if err != nil || len(tables) == 0 {
		return err
	}
	if tables[0] != versionTable {
		return dirsync.WithHint(ErrForeign, "set state.dsn to a file of its own")
	}
	var have int64
	if err := db.GetContext(ctx, &have, `SELECT coalesce(max(version_id), 0) FROM `+versionTable); err != nil {
		return err
	}
	m, err := migrator(db)
	if err != nil {
		return err
	}
	known := m.ListSources()
	if last := known[len(known)-1].Version; have > last {
		return dirsync.WithHint(fmt.Errorf("%w (its schema is %d, known here up to %d)", ErrNewer, have, last),
			"update duosync, or set state.dsn to another state")
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
