package state_test

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
)

// onFile runs SQL on a connection of its own to a SQLite file, as another program
// would.
func onFile(t testing.TB, path, query string) {
	t.Helper()
	onFileWhile(t, path, query, func() {})
}

// onFileWhile runs SQL, and then still before that connection is closed and the log
// moved into the file.
func onFileWhile(t testing.TB, path, query string, still func()) {
	t.Helper()
	db := sqliteFile(t, path)
	_, err := db.ExecContext(t.Context(), query)
	must(t, err)
	still()
	must(t, db.Close())
}

func sqliteFile(t testing.TB, path string) *sql.DB {
	t.Helper()
	if _, err := sqlite.OFDLocking(true); err != nil && !errors.Is(err, sqlite.ErrOFDLockingTooLate) { // as the state's own connections
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+path)
	must(t, err)
	return db
}

// onServer runs SQL on a connection of its own to PostgreSQL, and then still before
// what it did is committed.
func onServer(t testing.TB, dsn, query string, still func()) {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	must(t, err)
	tx, err := db.BeginTx(t.Context(), nil)
	must(t, err)
	_, err = tx.ExecContext(t.Context(), query)
	must(t, err)
	still()
	must(t, errors.Join(tx.Commit(), db.Close()))
}

// makeOldFile makes a state at path whose schema is version.
func makeOldFile(t testing.TB, path string, version int64) {
	t.Helper()
	migrate(t, goose.DialectSQLite3, sqliteFile(t, path), os.DirFS("migrations/sqlite"), version)
}

// makeOldServer makes a state in PostgreSQL whose schema is version; 0 is of before
// the first one.
func makeOldServer(t testing.TB, dsn string, version int64) {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	must(t, err)
	migrate(t, goose.DialectPostgres, db, os.DirFS("migrations/postgres"), version)
}

func migrate(t testing.TB, dialect goose.Dialect, db *sql.DB, files fs.FS, version int64) {
	t.Helper()
	m, err := goose.NewProvider(dialect, db, files, goose.WithTableName("duosync_schema"), goose.WithDisableGlobalRegistry(true))
	must(t, err)
	_, err = m.GetDBVersion(t.Context()) // makes the table of versions
	must(t, err)
	if version > 0 {
		_, err = m.UpTo(t.Context(), version)
		must(t, err)
	}
	must(t, db.Close())
}

// integrity asks SQLite whether the database at path is whole: "ok" if so.
func integrity(ctx context.Context, path string) (said string, err error) {
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		return "", err
	}
	err = db.QueryRowContext(ctx, `PRAGMA integrity_check`).Scan(&said)
	return said, errors.Join(err, db.Close())
}
