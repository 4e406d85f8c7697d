package state

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"

	"duosync/state/column"
	dirsync "duosync/sync"
)

// outcomeFailed is the report's outcome of a run that could not be done.
const outcomeFailed = "failed"

// Open implements dirsync.Store.
func (db *DB) Open(ctx context.Context) ([]dirsync.Intent, error) {
	var rows []struct {
		Seq int64                    `db:"seq"`
		Op  column.JSON[*dirsync.Op] `db:"op"`
		At  column.Time              `db:"at"`
	}
	err := db.read.SelectContext(ctx, &rows, `SELECT seq, op, at FROM intents WHERE done_at IS NULL ORDER BY seq`)
	if err != nil {
		return nil, db.fail("reading the open intents", err)
	}
	intents := make([]dirsync.Intent, 0, len(rows))
	for _, row := range rows {
		intents = append(intents, dirsync.Intent{Seq: row.Seq, Op: row.Op.V, At: row.At.Time})
	}
	return intents, nil
}

// Begin implements dirsync.Store. A run that was left without an end, by a
// killed process or an error, becomes "failed", and its journal takes nothing
// more. A run for another Duo account or directory is ErrBinding.
func (db *DB) Begin(ctx context.Context, run dirsync.RunStart) (dirsync.Journal, error) {
	j := &journal{db: db, run: run}
	err := db.update(ctx, "beginning a run", func(tx *sqlx.Tx) error {
		if err := db.backend.check(ctx, tx); err != nil {
			return err
		}
		bound, err := readBinding(ctx, tx)
		if err != nil {
			return err
		}
		if j.bound = bound != nil; j.bound {
			if err := compareBinding(*bound, run.Binding); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, `UPDATE runs SET outcome = $1 WHERE outcome = ''`, outcomeFailed); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO runs (id, started, outcome) VALUES ($1, $2, '')`, run.ID, column.At(run.Started))
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := j.prepare(ctx); err != nil {
		return nil, db.fail("beginning a run", err)
	}
	return j, nil
}

// journal is the record of one run. An error of Intend, Record or Use breaks
// it: nothing can be intended any more, while outcomes and the end are still
// taken, for what has happened should be known.
type journal struct {
	db  *DB
	run dirsync.RunStart

	mu     sync.Mutex // one transaction at a time
	bound  bool       // the state is known to belong to run.Binding
	marked bool       // the run has changed something
	broken error

	alive, intend, close, closeSeq, link, unlink, group, ungroup *sqlx.Stmt
}

// prepare compiles the statements that run for each operation.
func (j *journal) prepare(ctx context.Context) error {
	const newest = `(SELECT max(seq) FROM intents WHERE source_id = $3 AND run_id = $4 AND done_at IS NULL)`
	for _, s := range []struct {
		stmt **sqlx.Stmt
		text string
	}{
		{&j.alive, `SELECT count(*) FROM runs WHERE id = $1 AND outcome = ''`},
		{&j.intend, j.db.backend.dialect().intend},
		{&j.close, `UPDATE intents SET done_at = $1, note = $2 WHERE seq = ` + newest},
		{&j.closeSeq, `UPDATE intents SET done_at = $1, note = $2 WHERE seq = $3 AND source_id = $4 AND done_at IS NULL`},
		{&j.link, `
			INSERT INTO links (source_id, link, duo_id, username, origin, asked_hash, answered_hash, missing, let_go, active, pending, seen_hash, updated)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
			ON CONFLICT (source_id) DO UPDATE SET link = excluded.link,
				duo_id = excluded.duo_id, username = excluded.username, origin = excluded.origin,
				asked_hash = excluded.asked_hash, answered_hash = excluded.answered_hash,
				missing = excluded.missing, let_go = excluded.let_go, active = excluded.active, pending = excluded.pending,
				seen_hash = excluded.seen_hash, updated = excluded.updated`},
		{&j.unlink, `DELETE FROM links WHERE source_id = $1`},
		{&j.group, `INSERT INTO group_links (key, link, duo_id, origin) VALUES ($1, $2, $3, $4)`},
		{&j.ungroup, `DELETE FROM group_links WHERE key = $1`},
	} {
		var err error
		if *s.stmt, err = j.db.write.PreparexContext(ctx, s.text); err != nil { //nolint:sqlclosecheck // release closes it
			return err
		}
	}
	return nil
}

// Intend implements dirsync.Journal, in one transaction for all operations, so that
// the marks are those of the moment in which the intents are durable. After an
// error of the journal every call fails; a pause is such an error.
func (j *journal) Intend(ctx context.Context, ops []*dirsync.Op, at time.Time) (may []*dirsync.Op, err error) {
	if len(ops) == 0 {
		return nil, nil
	}
	err = j.ahead(ctx, "writing intents down", func(tx *sqlx.Tx) (err error) {
		var paused column.JSON[*dirsync.Pause]
		if err := getMeta(ctx, tx, metaPaused, &paused); err != nil {
			return err
		}
		if paused.V != nil {
			return dirsync.WithHint(paused.V, "Dry runs go on; `duosync resume` lets writing go on.")
		}
		if may, err = unbarred(ctx, tx, ops); err != nil || len(may) == 0 {
			return err
		}
		if err := j.bind(ctx, tx); err != nil {
			return err
		}
		intend, lease := tx.StmtxContext(ctx, j.intend), j.db.backend.dialect().lease
		for _, op := range may {
			args := append([]any{j.run.ID, op.Source, column.AsJSON(op), column.At(at)}, lease...)
			if _, err := intend.ExecContext(ctx, args...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return may, nil
}

// Use implements dirsync.Journal. An approval that was used up before, revoked or
// never given is ErrNotOpen, and none of ids is used then. One that has expired
// since the run read it is not: its time is for runs that begin.
func (j *journal) Use(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	return j.ahead(ctx, "using approvals", func(tx *sqlx.Tx) error {
		for _, id := range ids {
			if err := use(ctx, tx, id, j.run.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// Record implements dirsync.Journal. Of several open intents of this run for one
// person the newest is closed. An outcome with Keep never removes a link. A
// journal that broke still records.
func (j *journal) Record(ctx context.Context, outcomes []dirsync.Outcome) error {
	if len(outcomes) == 0 {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.change(ctx, "recording outcomes", func(tx *sqlx.Tx) error {
		now := column.At(j.db.opts.Now())
		for _, o := range outcomes {
			if err := j.settle(ctx, tx, o, now); err != nil {
				return err
			}
		}
		if err := j.writeLinks(ctx, tx, outcomes, now); err != nil {
			return err
		}
		return j.writeGroups(ctx, tx, outcomes)
	})
}

// settle closes the intent of an outcome, or notes why it stays open.
func (j *journal) settle(ctx context.Context, tx *sqlx.Tx, o dirsync.Outcome, now column.Time) error {
	if o.Keep {
		now = column.Time{}
	}
	if o.Seq == 0 {
		_, err := tx.StmtxContext(ctx, j.close).ExecContext(ctx, now, column.Text(o.Note), o.Source, j.run.ID)
		return err
	}
	result, err := tx.StmtxContext(ctx, j.closeSeq).ExecContext(ctx, now, column.Text(o.Note), o.Seq, o.Source)
	return exactlyOne(result, err, fmt.Errorf("intent %d for %s is %w", o.Seq, o.Source, ErrNotOpen))
}

// ahead runs a transaction for what has not happened yet, unless the journal is
// broken.
func (j *journal) ahead(ctx context.Context, doing string, fn func(*sqlx.Tx) error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.broken != nil {
		return fmt.Errorf("the journal stopped at an earlier error: %w", j.broken)
	}
	return j.change(ctx, doing, fn)
}

// change runs a transaction that changes something, with what goes before the
// first one of a run. j.mu is held.
func (j *journal) change(ctx context.Context, doing string, fn func(*sqlx.Tx) error) error {
	if j.marked {
		return j.transact(ctx, doing, fn)
	}
	j.db.backend.keep(ctx, j.db)
	err := j.mark(ctx, doing, fn)
	j.marked = err == nil
	return err
}

// mark runs a transaction and leaves a mark beside the state that it was written
// to. j.mu is held.
func (j *journal) mark(ctx context.Context, doing string, fn func(*sqlx.Tx) error) error {
	committed := func() error { return nil }
	err := j.transact(ctx, doing, func(tx *sqlx.Tx) (err error) {
		if committed, err = j.db.backend.mark(ctx, tx, j.run.ID); err != nil {
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
		if err := j.db.backend.check(ctx, tx); err != nil {
			return err
		}
		var alive int
		if err := tx.StmtxContext(ctx, j.alive).GetContext(ctx, &alive, j.run.ID); err != nil { //nolint:sqlclosecheck // the transaction closes it
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
	return setMeta(ctx, tx, metaBinding, j.run.Binding)
}
