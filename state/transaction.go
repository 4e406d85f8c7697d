package state

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jmoiron/sqlx"
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
