package state

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jmoiron/sqlx"

	dirsync "duosync/sync"
)

// examine implements backend. All is asked over one connection.
func (s *server) examine(ctx context.Context) (c Condition, err error) {
	c.Path = s.name
	pool := s.pool(nil)
	defer func() { err = errors.Join(err, pool.Close()) }()
	if err := suitable(ctx, pool); err != nil {
		return c, err
	}
	how, err := schema(ctx, pool, pool, s.dialect())
	if err != nil {
		return c, err
	}
	c.Exists = how != missing
	if err := s.canWrite(ctx, pool, how); err != nil {
		return c, fmt.Errorf("checking that it can be written: %w", err)
	}
	conn, err := s.dial(ctx, nil)
	if err != nil {
		return c, err
	}
	c.Holder, err = holderBy(ctx, conn)
	return c, errors.Join(err, conn.Close(ctx))
}

// canWrite fails unless the user may make the tables, or write those that are
// there.
func (s *server) canWrite(ctx context.Context, pool *sqlx.DB, how age) error {
	var readOnly bool
	if err := pool.GetContext(ctx, &readOnly, `SELECT current_setting('transaction_read_only') = 'on'`); err != nil {
		return err
	}
	if readOnly {
		return dirsync.WithHint(errors.New("the server takes no writes"),
			"name its primary in state.dsn (target_session_attrs=read-write), and let the user write")
	}
	if how != current {
		var may bool
		if err := pool.GetContext(ctx, &may, `SELECT has_schema_privilege(current_schema(), 'CREATE')`); err != nil {
			return err
		}
		if !may {
			return dirsync.WithHint(fmt.Errorf("user %s may make no tables in the schema", s.config.User),
				"GRANT CREATE ON SCHEMA … TO "+pgx.Identifier{s.config.User}.Sanitize())
		}
	}
	if how == older {
		if err := s.ownsTables(ctx, pool); err != nil {
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
		return dirsync.WithHint(fmt.Errorf("user %s may not read and write: %s", s.config.User, strings.Join(closed, ", ")),
			"make that user the owner of the tables, or GRANT SELECT, INSERT, UPDATE, DELETE ON them TO "+pgx.Identifier{s.config.User}.Sanitize())
	}
	return nil
}

// ownsTables fails unless the user may change the tables' form, which takes more
// than to write them.
func (s *server) ownsTables(ctx context.Context, pool *sqlx.DB) error {
	var others []string
	if err := pool.SelectContext(ctx, &others, `
		SELECT tablename FROM pg_tables
		WHERE schemaname = current_schema() AND NOT pg_has_role(tableowner, 'USAGE') ORDER BY tablename`); err != nil {
		return err
	}
	if len(others) == 0 {
		return nil
	}
	return dirsync.WithHint(fmt.Errorf("its schema is of an older duosync, and user %s does not own its tables: %s", s.config.User, strings.Join(others, ", ")),
		"make that user their owner, or let their owner run this version of duosync once")
}
