package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	dirsync "duosync/sync"
)

type approvalRow struct {
	ID     string           `db:"id"`
	Keys   asJSON[[]string] `db:"keys"`
	Guards asJSON[[]string] `db:"guards"`
	Until  stamp            `db:"approved_until"`
	Used   stamp            `db:"used_at"`
}

func (r *approvalRow) approval() dirsync.Approval {
	return dirsync.Approval{ID: r.ID, Keys: r.Keys.V, Guards: r.Guards.V, Until: r.Until.Time}
}

// Hold returns what a guard held, or what was approved, under the report's
// approval_id. It is not found when nothing was, and ErrNotOpen when it has been
// used.
func (db *DB) Hold(ctx context.Context, id string) (*dirsync.Approval, bool, error) {
	var row approvalRow
	err := db.read.GetContext(ctx, &row,
		`SELECT id, keys, guards, approved_until, used_at FROM holds WHERE id = $1`, id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, db.fail("looking for what was held", err)
	}
	if !row.Used.IsZero() {
		return nil, false, dirsync.WithHint(fmt.Errorf("approval %s is %w: it was used on %s", id, ErrNotOpen, row.Used.UTC().Format(time.RFC3339)),
			"An approval is good for one run. Run `duosync sync` again; what is held then has an ID of its own.")
	}
	a := row.approval()
	return &a, true, nil
}

// Approve keeps an approval until a.Until, in the place of an earlier one with
// the same id.
func (db *DB) Approve(ctx context.Context, a dirsync.Approval) error {
	return db.update(ctx, "approving", func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO holds (id, keys, guards, approved_until) VALUES ($1, $2, $3, $4)
			ON CONFLICT (id) DO UPDATE SET keys = excluded.keys, guards = excluded.guards,
				approved_until = excluded.approved_until, used_at = NULL`,
			a.ID, asJSON[[]string]{a.Keys}, asJSON[[]string]{a.Guards}, stamp{a.Until})
		return err
	})
}

// Approvals implements dirsync.Store. They come in the order of their ids.
func (db *DB) Approvals(ctx context.Context, now time.Time) ([]dirsync.Approval, error) {
	var rows []approvalRow
	err := db.read.SelectContext(ctx, &rows, `
		SELECT id, keys, guards, approved_until FROM holds
		WHERE used_at IS NULL AND approved_until > $1 ORDER BY id`, stamp{now})
	if err != nil {
		return nil, db.fail("reading the approvals", err)
	}
	approvals := make([]dirsync.Approval, 0, len(rows))
	for _, row := range rows {
		approvals = append(approvals, row.approval())
	}
	return approvals, nil
}

// saveHold remembers what a guard held. An approval that is still good keeps its
// own terms; a used one is a new hold, which wants a new approval.
func saveHold(ctx context.Context, tx *sqlx.Tx, a *dirsync.Approval, at time.Time) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO holds (id, keys, guards, held_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (id) DO UPDATE SET keys = excluded.keys, guards = excluded.guards,
			held_at = excluded.held_at, approved_until = NULL, used_at = NULL
		WHERE holds.used_at IS NOT NULL OR holds.approved_until IS NULL OR holds.approved_until <= excluded.held_at`,
		a.ID, asJSON[[]string]{a.Keys}, asJSON[[]string]{a.Guards}, stamp{at})
	return err
}

// consume marks an approval as used, which can happen once.
func consume(ctx context.Context, tx *sqlx.Tx, id string, at time.Time) error {
	result, err := tx.ExecContext(ctx,
		`UPDATE holds SET used_at = $1 WHERE id = $2 AND used_at IS NULL AND approved_until IS NOT NULL`, stamp{at}, id)
	return exactlyOne(result, err, fmt.Errorf("approval %s is %w: it was used already, or never given", id, ErrNotOpen))
}
