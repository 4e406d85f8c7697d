package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"duosync/state/backend"
	"duosync/state/column"
	dirsync "duosync/sync"
)

// Finish implements dirsync.Journal, in one transaction. Unless the run
// failed, it also prunes what is older than Options.KeepHistory. A journal that broke can still be finished;
// afterwards it takes nothing more.
func (j *journal) Finish(ctx context.Context, end dirsync.RunEnd) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if end.Outcome == "" {
		return errors.New("a run cannot end without an outcome")
	}
	err := j.noted(ctx, "ending the run", func(tx *sqlx.Tx) error { return j.finish(ctx, tx, end) })
	if err != nil {
		return err
	}
	return j.db.fail("ending the run", j.stmts.release())
}

func (j *journal) finish(ctx context.Context, tx *sqlx.Tx, end dirsync.RunEnd) error {
	summary := sql.NullString{String: string(end.Summary), Valid: end.Summary != nil}
	if _, err := tx.ExecContext(ctx, `UPDATE runs SET finished = $1, outcome = $2, summary = $3, report = $4 WHERE id = $5`,
		column.At(end.Finished), end.Outcome, summary, []byte(end.Report), j.run.ID); err != nil {
		return err
	}
	// A first run that failed may have been for a mistyped host.
	if end.Outcome != dirsync.OutcomeFailed {
		if err := j.bind(ctx, tx); err != nil {
			return err
		}
	}
	if end.Baseline != nil {
		if err := backend.SetMeta(ctx, tx, backend.MetaBaseline, end.Baseline); err != nil {
			return err
		}
	}
	if !end.Refreshed.IsZero() {
		if err := backend.SetMeta(ctx, tx, backend.MetaRefreshed, end.Refreshed.UTC()); err != nil {
			return err
		}
	}
	if end.Told != nil {
		if err := replaceTold(ctx, tx, end.Told); err != nil {
			return err
		}
	}
	// What was used up comes first: held again, it is a new hold.
	if err := useUp(ctx, tx, end.Used, end.Finished); err != nil {
		return err
	}
	for i := range end.Holds {
		if err := saveHold(ctx, tx, &end.Holds[i], end.Finished); err != nil {
			return err
		}
	}
	if err := forget(ctx, tx, end.Unmarked); err != nil {
		return err
	}
	if end.Groups != nil {
		if err := j.db.keepDay(ctx, tx, end.Finished, end.Groups); err != nil {
			return err
		}
	}
	// A run that failed may have done so because the clock is wrong.
	if keep := j.db.opts.KeepHistory; keep > 0 && end.Outcome != dirsync.OutcomeFailed {
		return prune(ctx, tx, end.Finished.Add(-keep), j.run.ID)
	}
	return nil
}

// prune forgets what was held, approved, used or asked for before a time, the figures of days before it, and ended runs that
// are older, with their closed intents. A run with an open intent stays, one that
// has used an approval which is still remembered, and the run current; and so does what the
// audit has not told yet.
func prune(ctx context.Context, tx *sqlx.Tx, before time.Time, current string) error {
	if _, err := tx.ExecContext(ctx,
		`DELETE FROM holds WHERE coalesce(used_at, approved_until, held_at) < $1`, column.At(before)); err != nil {
		return err
	}
	if err := pruneDays(ctx, tx, before); err != nil {
		return err
	}
	from, acts, err := keepForAudit(ctx, tx)
	if err != nil {
		return err
	}
	old := `DELETE FROM acts WHERE at < $1 AND audited = 1`
	if acts {
		old = `DELETE FROM acts WHERE at < $1`
	}
	if _, err := tx.ExecContext(ctx, old, column.At(before)); err != nil {
		return err
	}
	const ended = `outcome <> '' AND started < $1 AND id <> $2 AND NOT EXISTS (SELECT 1 FROM uses WHERE run_id = runs.id)`
	for _, query := range []string{
		`DELETE FROM intents WHERE done_at IS NOT NULL AND seq < ` + fmt.Sprint(from) + ` AND run_id IN (SELECT id FROM runs WHERE ` + ended + `)`,
		`DELETE FROM runs WHERE ` + ended + ` AND NOT EXISTS (SELECT 1 FROM intents WHERE run_id = runs.id)`,
	} {
		if _, err := tx.ExecContext(ctx, query, column.At(before), current); err != nil {
			return err
		}
	}
	return nil
}
