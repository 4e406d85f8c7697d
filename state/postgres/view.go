package postgres

import (
	"context"
	"database/sql"
	"errors"
	"sync"

	"github.com/jmoiron/sqlx"

	"duosync/state/backend"
)

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

var _ backend.RowReader = (*view)(nil)

// EachRow implements backend.RowReader.
func (v *view) EachRow(ctx context.Context, visit func(*sql.Rows) error, query string, args ...any) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return backend.EachRow(ctx, v.tx, visit, query, args...)
}

func (v *view) close() error {
	if err := v.tx.Rollback(); !errors.Is(err, sql.ErrTxDone) {
		return err
	}
	return nil
}
