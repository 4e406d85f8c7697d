package state

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"duosync/state/backend"
)

// ahead runs a transaction for what has not happened yet, unless the journal is
// broken.
func (j *journal) ahead(ctx context.Context, doing string, fn func(*sqlx.Tx) error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.stopped(); err != nil {
		return err
	}
	return j.change(ctx, doing, fn)
}

// stopped is why the journal is broken, nil where it is not. j.mu is held.
func (j *journal) stopped() error {
	if j.broken == nil {
		return nil
	}
	return fmt.Errorf("the journal stopped at an earlier error: %w", j.broken)
}

// change runs a transaction that changes something, with what goes before the
// first one of a run. j.mu is held.
func (j *journal) change(ctx context.Context, doing string, fn func(*sqlx.Tx) error) error {
	if j.changed {
		return j.transact(ctx, doing, fn)
	}
	if err := j.db.database.KeepCopy(ctx); err != nil {
		j.db.warn(fmt.Sprintf("no copy of the state was kept before this run: %v", err))
	}
	err := j.noted(ctx, doing, fn)
	j.changed = err == nil
	return err
}

// noted runs a transaction and leaves a note beside the state that it was written
// to. j.mu is held.
func (j *journal) noted(ctx context.Context, doing string, fn func(*sqlx.Tx) error) error {
	committed := func() error { return nil }
	err := j.transact(ctx, doing, func(tx *sqlx.Tx) (err error) {
		if committed, err = j.db.database.NoteRun(ctx, tx, j.run.ID); err != nil {
			return err
		}
		return fn(tx)
	})
	if err != nil {
		return err
	}
	if err := committed(); err != nil {
		j.db.warn(fmt.Sprintf("the mark beside the state could not be written, so an older copy would not be noticed: %v", err))
	}
	return nil
}

// transact runs a transaction of this run. j.mu is held.
func (j *journal) transact(ctx context.Context, doing string, fn func(*sqlx.Tx) error) error {
	err := j.db.update(ctx, doing, func(tx *sqlx.Tx) error {
		if err := j.db.database.CheckHeld(ctx, tx); err != nil {
			return err
		}
		var alive int
		if err := tx.StmtxContext(ctx, j.stmts.alive).GetContext(ctx, &alive, j.run.ID); err != nil { //nolint:sqlclosecheck // the transaction closes it
			return err
		}
		if alive == 0 {
			return fmt.Errorf("run %s: %w", j.run.ID, ErrRunOver)
		}
		return fn(tx)
	})
	if err != nil && j.broken == nil {
		j.broken = err
	}
	return err
}

// bind makes the state belong to this run's account and directory, once. It is
// true for good only when tx is committed; if it is not, the journal is broken.
func (j *journal) bind(ctx context.Context, tx *sqlx.Tx) error {
	if j.bound {
		return nil
	}
	j.bound = true
	return backend.SetMeta(ctx, tx, backend.MetaBinding, j.run.Binding.Joined(j.before))
}
