package state

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jmoiron/sqlx"

	"duosync/state/backend"
	"duosync/state/column"
)

// update runs fn in one transaction, durable when it returns nil.
func (db *DB) update(ctx context.Context, doing string, fn func(*sqlx.Tx) error) error {
	if db.conns.Write == nil {
		return db.fail(doing, ErrReadOnly)
	}
	tx, err := db.conns.Write.BeginTxx(ctx, nil)
	if err != nil {
		return db.fail(doing, err)
	}
	if err := fn(tx); err != nil {
		if undo := tx.Rollback(); undo != nil && !errors.Is(undo, sql.ErrTxDone) {
			err = errors.Join(err, undo)
		}
		return db.fail(doing, err)
	}
	return db.fail(doing, tx.Commit())
}

// exactlyOne returns otherwise unless a statement changed one row.
func exactlyOne(result sql.Result, err, otherwise error) error {
	if err != nil {
		return err
	}
	changed, err := result.RowsAffected()
	if err == nil && changed != 1 {
		err = otherwise
	}
	return err
}

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
