package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"

	"duosync/state/dsn"
	dirsync "duosync/sync"
)

// server is a state in a PostgreSQL database, in the first schema of its
// search_path.
type server struct {
	name    string
	secrets []string
	config  *pgx.ConnConfig
	opts    Options

	lock    *serverLock // nil unless open for runs
	epoch   int64       // of this opening
	settled bool        // nothing that a former holder sent can be under way
	private string      // folder of the stand-in for a state that is not there, or ""
}

func newServer(at *dsn.Server, opts Options) (*server, error) {
	config, err := configOf(at)
	if err != nil {
		return nil, err
	}
	return &server{name: serverName(config), secrets: append(at.Secrets(), config.Password), config: config, opts: opts}, nil
}

func (s *server) String() string { return s.name }

func (s *server) dialect() dialect {
	return dialect{
		goose:      goose.DialectPostgres,
		migrations: "migrations/postgres",
		tables:     `SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename = $1 DESC`,
		intend:     `INSERT INTO intents (run_id, source_id, op, at, note, may_last) VALUES ($1, $2, $3, $4, '', $5)`,
		lease:      []any{s.opts.CallTime.Milliseconds()},
		foreign:    "give duosync a database or a schema of its own: CREATE SCHEMA duosync, and state.dsn: postgres://…?search_path=duosync",
	}
}

func (s *server) openRuns(ctx context.Context, db *DB) (err error) {
	if s.lock, err = s.takeLock(ctx); err != nil {
		return err
	}
	how, err := s.connect(ctx, db)
	if err != nil {
		return err
	}
	if how != current {
		if err := s.migrate(ctx, db, how); err != nil {
			return err
		}
	}
	if err := s.raiseEpoch(ctx, db); err != nil {
		return err
	}
	if err := s.awaitCalls(ctx, db); err != nil {
		return err
	}
	s.settled = true
	return nil
}

func (s *server) openBeside(ctx context.Context, db *DB) error {
	how, err := s.connect(ctx, db)
	if err != nil {
		return err
	}
	if how != current {
		lock, err := s.takeLock(ctx)
		if err != nil {
			return err
		}
		if err := errors.Join(s.migrate(ctx, db, how), lock.Close()); err != nil {
			return err
		}
	}
	return db.read.GetContext(ctx, &s.epoch, readEpoch)
}

// connect makes the connections for writing, and refuses what is no state that
// this version may write.
func (s *server) connect(ctx context.Context, db *DB) (age, error) {
	db.write = s.pool(nil)
	db.write.SetMaxOpenConns(1)
	db.pool = s.pool(map[string]string{"default_transaction_read_only": "on"})
	db.read = db.pool
	if err := s.look(ctx, db); err != nil {
		return missing, err
	}
	return schema(ctx, db.read, db.pool, s.dialect())
}

// migrate brings the schema up to date. The rights come first: without them the
// migrations try again for a while.
func (s *server) migrate(ctx context.Context, db *DB, how age) error {
	if err := s.canWrite(ctx, db.write, how); err != nil {
		return err
	}
	return migrate(ctx, db.write, s.dialect())
}

func (s *server) openReadOnly(ctx context.Context, db *DB) error {
	db.pool = s.pool(map[string]string{"idle_in_transaction_session_timeout": "0"})
	tx, err := db.pool.BeginTxx(context.WithoutCancel(ctx), &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return err
	}
	db.read = &view{tx: tx}
	if err := s.look(ctx, db); err != nil {
		return err
	}
	how, err := schema(ctx, db.read, db.pool, s.dialect())
	switch {
	case err != nil:
		return err
	case how == older:
		return dirsync.WithHint(errors.New("its schema is of an older duosync"),
			"let this version bring it up to date, which changes nothing else: duosync resume, or any run that may write")
	case how == current:
		return nil
	}
	if err := errors.Join(tx.Rollback(), db.pool.Close()); err != nil {
		return err
	}
	return s.openEmpty(ctx, db)
}

// openEmpty reads an empty SQLite state in the place of one that is not there.
func (s *server) openEmpty(ctx context.Context, db *DB) (err error) {
	stand := &file{opts: s.opts}
	if s.private, err = privateFolder(); err != nil {
		return err
	}
	path := filepath.Join(s.private, copyName)
	if err := finishCopy(ctx, path); err != nil {
		return err
	}
	return stand.readFrom(db, path)
}

func (s *server) close(db *DB) error {
	var errs []error
	if s.settled {
		errs = append(errs, s.release(db))
	}
	if look, ok := db.read.(*view); ok {
		errs = append(errs, look.close())
	}
	errs = append(errs, db.disconnect())
	if s.private != "" {
		errs = append(errs, os.RemoveAll(s.private))
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}

// keep has nothing to do: backups of a database are its administrator's.
func (s *server) keep(context.Context, *DB) {}

// mark has nowhere to leave one. That a database was restored can't be told.
func (s *server) mark(context.Context, *sqlx.Tx, string) (func() error, error) {
	return func() error { return nil }, nil
}

func (s *server) restored() bool { return false }

// pool gives a pool of connections with the settings that a state needs, and
// these. Nothing is opened yet.
func (s *server) pool(settings map[string]string) *sqlx.DB {
	connector := stdlib.GetConnector(*s.config, stdlib.OptionAfterConnect(func(ctx context.Context, conn *pgx.Conn) error {
		return s.prepare(ctx, conn, settings)
	}))
	pool := sqlx.NewDb(sql.OpenDB(connector), "pgx")
	pool.SetMaxIdleConns(2)
	return pool
}

// prepare makes the settings of a connection. What the server does not know is
// left out, and what state.dsn sets stays, but that each commit is on disk when it
// returns is not for choice.
func (s *server) prepare(ctx context.Context, conn *pgx.Conn, settings map[string]string) error {
	all := map[string]string{
		"synchronous_commit":                  "on", // where it is off; the other choices are on disk, too
		"default_transaction_isolation":       "read committed",
		"idle_in_transaction_session_timeout": "60s", // a frozen holder loses its transaction
		"lock_timeout":                        deadAfter.String(),
		// The server, too, finds out that this host is gone.
		"tcp_keepalives_idle":     "10",
		"tcp_keepalives_interval": "5",
		"tcp_keepalives_count":    "4",
		"tcp_user_timeout":        deadAfter.String(),
		// Also while it is busy for us.
		"client_connection_check_interval": "10s",
	}
	for name, value := range settings {
		all[name] = value
	}
	var names, values []string
	for name, value := range all {
		if _, given := s.config.RuntimeParams[name]; !given || name == "synchronous_commit" {
			names, values = append(names, name), append(values, value)
		}
	}
	_, err := conn.Exec(ctx, `
		SELECT set_config(name, value, false) FROM unnest($1::text[], $2::text[]) AS wanted (name, value)
		WHERE current_setting(name, true) IS NOT NULL AND (name <> 'synchronous_commit' OR current_setting(name) = 'off')
			AND (name <> 'client_connection_check_interval' OR version() LIKE '%linux%') -- other systems may refuse it`, names, values)
	return err
}

// look fails where no state can be kept, and warns of a connection that others can
// read and change.
func (s *server) look(ctx context.Context, db *DB) error {
	if err := suitable(ctx, db.read); err != nil || dsn.IsLocal(s.config.Host) {
		return err
	}
	var encrypted []bool
	if err := db.read.SelectContext(ctx, &encrypted, `SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()`); err != nil {
		return err
	}
	if slices.Contains(encrypted, false) {
		db.warn("the connection to the state in PostgreSQL is not encrypted: add sslmode=verify-full to state.dsn, with sslrootcert where the authority is your own")
	}
	return nil
}

// suitable fails where no state can be kept.
func suitable(ctx context.Context, r reader) error {
	var at struct {
		Schema   sql.NullString `db:"schema"`
		Encoding string         `db:"encoding"`
	}
	if err := r.GetContext(ctx, &at, `SELECT current_schema() AS schema, current_setting('server_encoding') AS encoding`); err != nil {
		return err
	}
	if !at.Schema.Valid {
		return noSchema()
	}
	if at.Encoding != "UTF8" {
		return dirsync.WithHint(fmt.Errorf("the database has the encoding %s", at.Encoding), "create one with ENCODING 'UTF8' for duosync")
	}
	return nil
}

func noSchema() error {
	return dirsync.WithHint(errors.New("there is no schema to keep it in"),
		"create the schema that search_path in state.dsn names, or leave search_path out, and give the user of state.dsn USAGE and CREATE on it")
}

// view reads within one transaction, so all that it reads is of one moment.
type view struct {
	mu sync.Mutex // one connection does one thing at a time
	tx *sqlx.Tx
}

func (v *view) GetContext(ctx context.Context, dest any, query string, args ...any) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.tx.GetContext(ctx, dest, query, args...)
}

func (v *view) SelectContext(ctx context.Context, dest any, query string, args ...any) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.tx.SelectContext(ctx, dest, query, args...)
}

func (v *view) close() error {
	if err := v.tx.Rollback(); !errors.Is(err, sql.ErrTxDone) {
		return err
	}
	return nil
}
