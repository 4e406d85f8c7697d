package state

import (
	"context"
	"database/sql"

	"github.com/jmoiron/sqlx"

	"duosync/state/backend"
	"duosync/state/column"
)

// moment gives a reader that sees the state as it is at one moment, until end is
// called.
func (db *DB) moment(ctx context.Context) (r backend.Reader, end func(), err error) {
	pool, ok := db.conns.Read.(*sqlx.DB)
	if !ok { // it is one already
		return db.conns.Read, func() {}, nil
	}
	tx, err := pool.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, nil, err
	}
	return tx, func() { _ = tx.Rollback() }, nil // nothing was written
}

// selecting is the query for the columns of T, with what follows on them.
func selecting[T any](rest string) string {
	return `SELECT ` + column.List(column.Of[T]().Names) + ` ` + rest
}

// readRows reads rows of the form T; rest is the query from FROM on.
func readRows[T any](ctx context.Context, from backend.Reader, rest string, args ...any) (rows []T, err error) {
	err = from.SelectContext(ctx, &rows, selecting[T](rest), args...)
	return rows, err
}

// readJSON reads a query of one column that holds JSON.
func readJSON[T any](ctx context.Context, from backend.Reader, query string, args ...any) ([]T, error) {
	var rows []column.JSON[T]
	if err := from.SelectContext(ctx, &rows, query, args...); err != nil {
		return nil, err
	}
	values := make([]T, 0, len(rows))
	for _, row := range rows {
		values = append(values, row.V)
	}
	return values, nil
}
