package backend

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jmoiron/sqlx"

	"duosync/state/column"
)

// Keys of the table meta, whose values are JSON.
const (
	MetaBinding   = "binding"
	MetaBaseline  = "baseline"
	MetaRefreshed = "refreshed"
	MetaPaused    = "paused"
	MetaAudit     = "audit"
	MetaTroubles  = "troubles"
	MetaSerial    = "serial" // SQLite
	MetaEpoch     = "epoch"  // PostgreSQL, as the next one
	MetaHolder    = "holder"
)

// GetMeta reads one value, the zero value for a key that is not there.
func GetMeta[T any](ctx context.Context, from Reader, key string) (T, error) {
	var value column.JSON[T]
	err := from.GetContext(ctx, &value, `SELECT value FROM meta WHERE key = $1`, key)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return value.V, err
}

// SetMeta writes one value.
func SetMeta[T any](ctx context.Context, tx *sqlx.Tx, key string, value T) error {
	_, err := tx.ExecContext(ctx, column.Upsert("meta", "key", "value"), key, column.AsJSON(value))
	return err
}
