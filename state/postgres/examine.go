package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jmoiron/sqlx"

	"duosync/state/backend"
	"duosync/state/dsn"
	"duosync/state/migrations"
	dirsync "duosync/sync"
)

func (l *login) Examine(ctx context.Context) (c backend.Condition, err error) {
	c.Path = l.name
	pool := l.pool(nil)
	defer func() { err = errors.Join(err, pool.Close()) }()
	if err := suitable(ctx, pool); err != nil {
		return c, err
	}
	age, err := migrations.PostgreSQL().Age(ctx, pool, pool)
	if err != nil {
		return c, err
	}
	c.Exists = age != migrations.Missing
	if err := l.canWrite(ctx, pool, age); err != nil {
		return c, fmt.Errorf("checking that it can be written: %w", err)
	}
	c.Holder, err = l.Holder(ctx)
	return c, err
}

func (l *login) Holder(ctx context.Context) (who string, err error) {
	conn, err := l.dial(ctx, nil)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	return holderBy(ctx, conn)
}

// suitable fails where no state can be kept.
func suitable(ctx context.Context, r backend.Reader) error {
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

// isOverheard reports whether others can read and change what r is connected by.
func (l *login) isOverheard(ctx context.Context, r backend.Reader) (bool, error) {
	if dsn.IsLocal(l.config.Host) {
		return false, nil
	}
	var encrypted []bool
	err := r.SelectContext(ctx, &encrypted, `SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()`)
	return slices.Contains(encrypted, false), err
}

// canWrite fails unless the user may make the tables, or write those that are
// there.
func (l *login) canWrite(ctx context.Context, pool *sqlx.DB, age migrations.Age) error {
	var readOnly bool
	if err := pool.GetContext(ctx, &readOnly, `SELECT current_setting('transaction_read_only') = 'on'`); err != nil {
		return err
	}
	if readOnly {
		return dirsync.WithHint(errors.New("the server takes no writes"),
			"name its primary in state.dsn (target_session_attrs=read-write), and let the user write")
	}
	if age != migrations.Current {
		var may bool
		if err := pool.GetContext(ctx, &may, `SELECT has_schema_privilege(current_schema(), 'CREATE')`); err != nil {
			return err
		}
		if !may {
			return dirsync.WithHint(fmt.Errorf("user %s may make no tables in the schema", l.config.User),
				"GRANT CREATE ON SCHEMA … TO "+pgx.Identifier{l.config.User}.Sanitize())
		}
	}
	if age == migrations.Older {
		if err := l.ownsTables(ctx, pool); err != nil {
			return err
		}
	}
	var closed []string
	if err := pool.SelectContext(ctx, &closed, `
		SELECT tablename FROM pg_tables, (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS need (right_to)
		WHERE schemaname = current_schema()
			AND NOT has_table_privilege(quote_ident(schemaname) || '.' || quote_ident(tablename), right_to)
		GROUP BY tablename ORDER BY tablename`); err != nil {
		return err
	}
	if len(closed) > 0 {
		return dirsync.WithHint(fmt.Errorf("user %s may not read and write: %s", l.config.User, strings.Join(closed, ", ")),
			"make that user the owner of the tables, or GRANT SELECT, INSERT, UPDATE, DELETE ON them TO "+pgx.Identifier{l.config.User}.Sanitize())
	}
	return nil
}

// ownsTables fails unless the user may change the tables' form, which takes more
// than to write them.
func (l *login) ownsTables(ctx context.Context, pool *sqlx.DB) error {
	var others []string
	if err := pool.SelectContext(ctx, &others, `
		SELECT tablename FROM pg_tables
		WHERE schemaname = current_schema() AND NOT pg_has_role(tableowner, 'USAGE') ORDER BY tablename`); err != nil {
		return err
	}
	if len(others) == 0 {
		return nil
	}
	return dirsync.WithHint(fmt.Errorf("its schema is of an older duosync, and user %s does not own its tables: %s", l.config.User, strings.Join(others, ", ")),
		"make that user their owner, or let their owner run this version of duosync once")
}
