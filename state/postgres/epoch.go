package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"duosync/state/backend"
	dirsync "duosync/sync"
)

const readEpoch = `SELECT CAST(value AS BIGINT) FROM meta WHERE key = '` + backend.MetaEpoch + `'`

// epoch is the number of an opening for runs.
type epoch int64

// raiseEpoch makes this opening the one that may write, and signs for the lock.
// It waits for a transaction that the former holder may have under way.
func raiseEpoch(ctx context.Context, write *sqlx.DB, by signed) (e epoch, err error) {
	tx, err := write.BeginTxx(ctx, nil)
	if err != nil {
		return 0, err
	}
	err = tx.GetContext(ctx, &e, `
		UPDATE meta SET value = CAST(CAST(value AS BIGINT) + 1 AS TEXT) WHERE key = '`+backend.MetaEpoch+`' RETURNING CAST(value AS BIGINT)`)
	if err == nil {
		err = backend.SetMeta(ctx, tx, backend.MetaHolder, by)
	}
	if err != nil {
		return 0, errors.Join(err, tx.Rollback())
	}
	return e, tx.Commit()
}

// check fails with backend.ErrLostLock when another has opened the state for runs since.
// Until tx ends, nobody can.
func (e epoch) check(ctx context.Context, tx *sqlx.Tx) error {
	var now epoch
	if err := tx.GetContext(ctx, &now, readEpoch+` FOR SHARE`); err != nil {
		return err
	}
	if now != e {
		return dirsync.WithHint(fmt.Errorf("%w, for the connection that held its lock was lost", backend.ErrLostLock),
			"nothing more was sent or written from here; the other run settles what was under way. Look at the network between this host and the database, and whether this host was suspended")
	}
	return nil
}

// exclude takes the row that check shares.
func exclude(ctx context.Context, tx *sqlx.Tx) error {
	var now epoch
	return tx.GetContext(ctx, &now, readEpoch+` FOR UPDATE`)
}

// awaitCalls waits until no call of a holder that did not close the state can be
// under way any more. Once is enough: nobody can add one since the epoch was
// raised, and the server's clock, which may be set back, is asked once only.
func awaitCalls(ctx context.Context, r backend.Reader) error {
	var left int64 // milliseconds, and never longer than a call lasts
	if err := r.GetContext(ctx, &left, `
		SELECT coalesce(max(least(may_last, may_last - 1000 * extract(epoch FROM clock_timestamp() - begun))), 0)::bigint
		FROM intents WHERE done_at IS NULL`); err != nil {
		return err
	}
	if left <= 0 {
		return nil
	}
	if err := pause(ctx, time.Duration(left)*time.Millisecond); err != nil {
		return fmt.Errorf("waiting for the end of a call to Duo that a run on another host may have under way: %w", err)
	}
	return nil
}

// release tells the next holder that no call is under way.
func (e epoch) release(write *sqlx.DB) error {
	ctx, cancel := context.WithTimeout(context.Background(), partTime)
	defer cancel()
	tx, err := write.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	if err := e.check(ctx, tx); err != nil {
		if errors.Is(err, backend.ErrLostLock) { // then it is not ours to tell
			err = nil
		}
		return errors.Join(err, tx.Rollback())
	}
	if _, err := tx.ExecContext(ctx, `UPDATE intents SET may_last = 0 WHERE done_at IS NULL AND may_last > 0`); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}
