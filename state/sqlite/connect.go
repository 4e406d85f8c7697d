package sqlite

import (
	"database/sql"
	"errors"
	"net/url"

	"github.com/jmoiron/sqlx"
	"modernc.org/sqlite"
)

// openForWriting gives the one connection that writes the file at path.
func openForWriting(path string) (*sqlx.DB, error) {
	db, err := open(path, map[string]string{
		"_journal_mode": "WAL", "_synchronous": "FULL", "_foreign_keys": "on", "_txlock": "immediate",
	})
	if err == nil {
		db.SetMaxOpenConns(1)
	}
	return db, err
}

// openForReading gives connections that can't write the file at path.
func openForReading(path string) (*sqlx.DB, error) {
	return open(path, map[string]string{
		"_query_only": "on",
		"_pragma":     "cache_size(-1024)", // KiB: a scan looks at each page once
	})
}

// open gives a pool of connections to the SQLite file at path, each with the
// given parameters (see the driver's Open). Nothing is opened yet.
func open(path string, params map[string]string) (*sqlx.DB, error) {
	if err := shareLocks(); err != nil {
		return nil, err
	}
	query := url.Values{
		"_busy_timeout": {"5000"}, // milliseconds
		"_dqs":          {"false"},
		"_error_rc":     {"true"},
		"_pragma":       {"cache_size(-4096)"}, // KiB: enough for the inner pages of 100,000 links, and soon full
	}
	for name, value := range params {
		query.Set(name, value)
	}
	dsn := url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}
	connector, err := sqlite.NewConnector(dsn.String())
	if err != nil {
		return nil, err
	}
	return sqlx.NewDb(sql.OpenDB(connector), "sqlite3"), nil
}

// shareLocks binds SQLite's locks to its open files. As POSIX locks, its default,
// they would be lost whenever any part of this process closes the same file,
// such as after copying it; the next program to close the database would then
// remove the log under us.
func shareLocks() error {
	_, err := sqlite.OFDLocking(true)
	if errors.Is(err, sqlite.ErrOFDLockingUnavailable) || errors.Is(err, sqlite.ErrOFDLockingTooLate) {
		return nil // another system, or a host program that chose otherwise
	}
	return err
}
