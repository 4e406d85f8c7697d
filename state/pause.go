package state

import (
	"context"

	"github.com/jmoiron/sqlx"

	"duosync/state/backend"
	dirsync "duosync/sync"
)

// Pause stops all writing to Duo, also that of a run under way, which ends
// before its next call. A later pause replaces the reason.
func (db *DB) Pause(ctx context.Context, p dirsync.Pause) error {
	return db.update(ctx, "pausing", func(tx *sqlx.Tx) error {
		if err := db.database.Exclude(ctx, tx); err != nil {
			return err
		}
		return backend.SetMeta(ctx, tx, backend.MetaPaused, p)
	})
}

// Resume lifts a pause. It reports whether there was one.
func (db *DB) Resume(ctx context.Context) (paused bool, err error) {
	err = db.update(ctx, "resuming", func(tx *sqlx.Tx) error {
		result, err := tx.ExecContext(ctx, `DELETE FROM meta WHERE key = $1`, backend.MetaPaused)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		paused = n > 0
		return err
	})
	return paused, err
}
