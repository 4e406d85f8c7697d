package state

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"duosync/state/backend"
	"duosync/state/column"
	dirsync "duosync/sync"
)

// Held is what a run has held, and what became of it since.
type Held struct {
	// Approval has no Until and no By unless it is approved and still good.
	dirsync.Approval
	// At is when a run held it last.
	At time.Time
}

// Conditions on a row of holds.
const (
	// begun: a run has used the approval and has written down intents.
	begun = `EXISTS (SELECT 1 FROM uses JOIN intents ON intents.run_id = uses.run_id WHERE uses.hold_id = holds.id)`
	// spent: an approval of the very operations that give its id has done all that it
	// may once any of these is intended, for the plan is another one then.
	spent = `(holds.holds IS NULL AND ` + begun + `)`
)

type heldRow struct {
	ID    string                      `db:"id"`
	Holds column.JSON[[]dirsync.Hold] `db:"holds"`
	At    column.Time                 `db:"held_at"`
	Until column.Time                 `db:"approved_until"`
	By    string                      `db:"approved_by"`
	Used  column.Time                 `db:"used_at"`
}

type holdRow struct {
	heldRow
	Spent bool `db:"spent"`
	Begun bool `db:"begun"`
}

func (r *holdRow) approval() dirsync.Approval {
	return dirsync.Approval{ID: r.ID, Holds: r.Holds.V, Until: r.Until.Time, By: r.By}
}

// closed tells why there is nothing left to approve or to use under the id, nil
// where there is.
func (r *holdRow) closed() error {
	switch {
	case !r.Used.IsZero():
		return usedUp(r.ID, "it was used on "+r.Used.UTC().Format(time.RFC3339))
	case r.Spent:
		return usedUp(r.ID, "a run that broke off has used it")
	}
	return nil
}

func usedUp(id, why string) error {
	return dirsync.WithHint(fmt.Errorf("approval %s is %w: %s", id, ErrNotOpen, why),
		"An approval is good for one run. Run `duosync sync` again; what is held then has an ID of its own.")
}

// readHolds reads rows of holds. What broken-off runs have intended under one is no
// longer among its keys.
func (db *DB) readHolds(ctx context.Context, which string, args ...any) ([]holdRow, error) {
	moment, end, err := db.moment(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var rows []holdRow
	if err := moment.SelectContext(ctx, &rows, `
		SELECT `+column.List(column.Of[heldRow]().Names)+`, `+spent+` AS spent, `+begun+` AS begun
		FROM holds WHERE `+which, args...); err != nil {
		return nil, err
	}
	for i := range rows {
		if !rows[i].Begun {
			continue
		}
		if err := rows[i].leaveOutDone(ctx, moment); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// leaveOutDone takes the keys of the operations away that were intended by runs
// that used the approval, whatever became of them.
func (r *holdRow) leaveOutDone(ctx context.Context, from backend.Reader) error {
	rows, err := readRows[opColumns](ctx, from, `FROM intents JOIN uses ON uses.run_id = intents.run_id WHERE uses.hold_id = $1`, r.ID)
	if err != nil {
		return err
	}
	done := make(map[string]bool, len(rows))
	for i := range rows {
		done[rows[i].op().Key()] = true
	}
	for i := range r.Holds.V {
		keys := &r.Holds.V[i].Keys
		*keys = slices.DeleteFunc(*keys, func(key string) bool { return done[key] })
	}
	return nil
}

// Hold returns what was held, or was approved, under an id of a report or of one of
// its guards, without the keys that Approvals leaves out. It is not found when
// nothing was, and ErrNotOpen when it has been used.
func (db *DB) Hold(ctx context.Context, id string) (*dirsync.Approval, bool, error) {
	rows, err := db.readHolds(ctx, `id = $1`, id)
	if err != nil {
		return nil, false, db.fail("looking for what was held", err)
	}
	if len(rows) == 0 {
		return nil, false, nil
	}
	if err := rows[0].closed(); err != nil {
		return nil, false, err
	}
	a := rows[0].approval()
	return &a, true, nil
}

// Holds gives all that runs have held and that was not used, whether it is approved
// or not, newest first. What no run holds any more is among it.
func (db *DB) Holds(ctx context.Context, now time.Time) ([]Held, error) {
	rows, err := db.readHolds(ctx, `held_at IS NOT NULL AND used_at IS NULL AND NOT `+spent+` ORDER BY held_at DESC, id`)
	if err != nil {
		return nil, db.fail("reading what was held", err)
	}
	held := make([]Held, 0, len(rows))
	for i := range rows {
		if !rows[i].Until.After(now) {
			rows[i].Until, rows[i].By = column.Time{}, ""
		}
		held = append(held, Held{Approval: rows[i].approval(), At: rows[i].At.Time})
	}
	return held, nil
}

// Approve keeps an approval until a.Until, in the place of an earlier one with the
// same id. What runs have done under that stays done, and who gave one that is still good
// stays named beside a.By. One that was used is ErrNotOpen.
func (db *DB) Approve(ctx context.Context, a dirsync.Approval) error {
	return db.update(ctx, "approving", func(tx *sqlx.Tx) error {
		var before []string
		if err := tx.SelectContext(ctx, &before, `
			SELECT approved_by FROM holds WHERE id = $1 AND used_at IS NULL AND approved_until > $2`, a.ID, column.At(db.opts.Now())); err != nil {
			return err
		}
		names := a.By
		for _, by := range before {
			names = dirsync.JoinNames(by, a.By)
		}
		result, err := tx.ExecContext(ctx, `
			INSERT INTO holds (id, holds, approved_until, approved_by) VALUES ($1, $2, $3, $4)
			ON CONFLICT (id) DO UPDATE SET holds = excluded.holds, approved_until = excluded.approved_until, approved_by = excluded.approved_by
			WHERE holds.used_at IS NULL AND NOT `+spent,
			a.ID, column.AsJSON(a.Holds), column.At(a.Until), column.Text(names))
		if err := exactlyOne(result, err, usedUp(a.ID, "it was used already")); err != nil {
			return err
		}
		return db.note(ctx, tx, Act{By: a.By, What: ActApprove, About: a.ID, Reason: a.Words()})
	})
}

// Revoke takes an approval away, so that the hold can be approved again. It reports
// whether there was one that is neither used nor expired. A run that has begun to
// carry it out goes on. by is who asked for it.
func (db *DB) Revoke(ctx context.Context, id, by string) (revoked bool, err error) {
	const good = `id = $1 AND used_at IS NULL AND approved_until > $2 AND NOT ` + spent
	err = db.update(ctx, "revoking an approval", func(tx *sqlx.Tx) error {
		for _, query := range []string{
			`UPDATE holds SET approved_until = NULL, approved_by = '' WHERE held_at IS NOT NULL AND ` + good,
			`DELETE FROM holds WHERE held_at IS NULL AND ` + good, // without it there is nothing to know of a dry run
		} {
			result, err := tx.ExecContext(ctx, query, id, column.At(db.opts.Now()))
			if err != nil {
				return err
			}
			n, err := result.RowsAffected()
			if err != nil {
				return err
			}
			revoked = revoked || n > 0
		}
		if !revoked {
			return nil
		}
		return db.note(ctx, tx, Act{By: by, What: ActRevoke, About: id})
	})
	return revoked && err == nil, err
}

// Approvals implements dirsync.Store. They come in the order of their ids.
func (db *DB) Approvals(ctx context.Context, now time.Time) ([]dirsync.Approval, error) {
	rows, err := db.readHolds(ctx, `used_at IS NULL AND approved_until > $1 AND NOT `+spent+` ORDER BY id`, column.At(now))
	if err != nil {
		return nil, db.fail("reading the approvals", err)
	}
	approvals := make([]dirsync.Approval, 0, len(rows))
	for i := range rows {
		approvals = append(approvals, rows[i].approval())
	}
	return approvals, nil
}

// saveHold remembers what guards held. An approval that is still good, and that no
// run has begun to carry out, keeps its own terms: under one id the same is held.
// Otherwise it is a new hold, which wants a new approval, and what runs did under
// the old one counts no more.
func saveHold(ctx context.Context, tx *sqlx.Tx, a *dirsync.Approval, at time.Time) error {
	result, err := tx.ExecContext(ctx, `
		INSERT INTO holds (id, holds, held_at) VALUES ($1, $2, $3)
		ON CONFLICT (id) DO UPDATE SET holds = excluded.holds,
			held_at = excluded.held_at, approved_until = NULL, approved_by = '', used_at = NULL
		WHERE holds.used_at IS NOT NULL OR holds.approved_until IS NULL OR holds.approved_until <= excluded.held_at OR `+begun,
		a.ID, column.AsJSON(a.Holds), column.At(at))
	if err != nil {
		return err
	}
	switch n, err := result.RowsAffected(); {
	case err != nil:
		return err
	case n == 0:
		return nil
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM uses WHERE hold_id = $1`, a.ID)
	return err
}

// use notes that a run carries out what was approved. An approval that was good when
// the run began may expire meanwhile.
func use(ctx context.Context, tx *sqlx.Tx, id, run string) error {
	result, err := tx.ExecContext(ctx, `
		INSERT INTO uses (hold_id, run_id)
		SELECT id, $1 FROM holds
		WHERE id = $2 AND used_at IS NULL AND approved_until IS NOT NULL
			AND (NOT `+spent+` OR EXISTS (SELECT 1 FROM uses WHERE hold_id = $2 AND run_id = $1))
		ON CONFLICT (hold_id, run_id) DO UPDATE SET run_id = excluded.run_id`, run, id)
	return exactlyOne(result, err, usedUp(id, "it was used already, taken back or never given"))
}

// useUp marks approvals as used. It asks nothing of them: the run that used them is
// over, and its end must be known whatever was done to them meanwhile.
func useUp(ctx context.Context, tx *sqlx.Tx, ids []string, at time.Time) error {
	for _, id := range ids {
		if _, err := tx.ExecContext(ctx, `UPDATE holds SET used_at = $1 WHERE id = $2 AND used_at IS NULL`, column.At(at), id); err != nil {
			return err
		}
	}
	return nil
}
