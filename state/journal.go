package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"

	dirsync "duosync/sync"
)

// outcomeFailed is the report's outcome of a run that could not be done.
const outcomeFailed = "failed"

// Open implements dirsync.Store.
func (db *DB) Open(ctx context.Context) ([]dirsync.Intent, error) {
	var rows []struct {
		Seq int64               `db:"seq"`
		Op  asJSON[*dirsync.Op] `db:"op"`
		At  stamp               `db:"at"`
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
		bound, err := readBinding(ctx, tx)
		if err != nil {
			return err
		}
		if j.bound = bound != nil; j.bound {
			if err := compareBinding(*bound, run.Binding); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, `UPDATE runs SET outcome = ? WHERE outcome = ''`, outcomeFailed); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO runs (id, started, outcome) VALUES (?, ?, '')`, run.ID, stamp{run.Started})
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

// journal is the record of one run. An error of Intend, Record or Consume breaks
// it: nothing can be intended any more, while outcomes and the end are still
// taken, for what has happened should be known.
type journal struct {
	db  *DB
	run dirsync.RunStart

	mu     sync.Mutex // one transaction at a time
	bound  bool       // the state is known to belong to run.Binding
	broken error

	alive, intend, close, closeSeq, link, unlink *sqlx.Stmt
}

// prepare compiles the statements that run for each operation.
func (j *journal) prepare(ctx context.Context) error {
	const newest = `(SELECT max(seq) FROM intents WHERE source_id = ? AND run_id = ? AND done_at IS NULL)`
	for _, s := range []struct {
		stmt **sqlx.Stmt
		text string
	}{
		{&j.alive, `SELECT count(*) FROM runs WHERE id = ? AND outcome = ''`},
		{&j.intend, `INSERT INTO intents (run_id, source_id, op, at, note) VALUES (?, ?, ?, ?, '')`},
		{&j.close, `UPDATE intents SET done_at = ?, note = ? WHERE seq = ` + newest},
		{&j.closeSeq, `UPDATE intents SET done_at = ?, note = ? WHERE seq = ? AND source_id = ? AND done_at IS NULL`},
		{&j.link, `
			INSERT INTO links (source_id, link, duo_id, username, origin, asked_hash, answered_hash, missing, let_go, active, updated)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (source_id) DO UPDATE SET link = excluded.link,
				duo_id = excluded.duo_id, username = excluded.username, origin = excluded.origin,
				asked_hash = excluded.asked_hash, answered_hash = excluded.answered_hash,
				missing = excluded.missing, let_go = excluded.let_go, active = excluded.active, updated = excluded.updated`},
		{&j.unlink, `DELETE FROM links WHERE source_id = ?`},
	} {
		var err error
		if *s.stmt, err = j.db.write.PreparexContext(ctx, s.text); err != nil { //nolint:sqlclosecheck // release closes it
			return err
		}
	}
	return nil
}

// Intend implements dirsync.Journal, in one transaction for all operations.
// After an error of the journal every call fails; a pause is such an error.
func (j *journal) Intend(ctx context.Context, ops []*dirsync.Op, at time.Time) error {
	if len(ops) == 0 {
		return nil
	}
	return j.ahead(ctx, "writing intents down", func(tx *sqlx.Tx) error {
		var paused asJSON[*dirsync.Pause]
		if err := errors.Join(getMeta(ctx, tx, metaPaused, &paused), j.bind(ctx, tx)); err != nil {
			return err
		}
		if paused.V != nil {
			return dirsync.WithHint(paused.V, "Dry runs go on; `duosync resume` lets writing go on.")
		}
		intend := tx.StmtxContext(ctx, j.intend)
		for _, op := range ops {
			if _, err := intend.ExecContext(ctx, j.run.ID, op.Source, asJSON[*dirsync.Op]{op}, stamp{at}); err != nil {
				return err
			}
		}
		return nil
	})
}

// Consume implements dirsync.Journal. An approval that was used before, or never
// given, is ErrNotOpen, and none of ids is used then.
func (j *journal) Consume(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	return j.ahead(ctx, "using approvals up", func(tx *sqlx.Tx) error {
		for _, id := range ids {
			if err := consume(ctx, tx, id, j.db.opts.Now()); err != nil {
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
	return j.transact(ctx, "recording outcomes", func(tx *sqlx.Tx) error {
		now := stamp{j.db.opts.Now()}
		for _, o := range outcomes {
			if err := j.settle(ctx, tx, o, now); err != nil {
				return err
			}
		}
		return j.writeLinks(ctx, tx, outcomes, now)
	})
}

// settle closes the intent of an outcome, or notes why it stays open.
func (j *journal) settle(ctx context.Context, tx *sqlx.Tx, o dirsync.Outcome, now stamp) error {
	if o.Keep {
		now = stamp{}
	}
	if o.Seq == 0 {
		_, err := tx.StmtxContext(ctx, j.close).ExecContext(ctx, now, o.Note, o.Source, j.run.ID)
		return err
	}
	result, err := tx.StmtxContext(ctx, j.closeSeq).ExecContext(ctx, now, o.Note, o.Seq, o.Source)
	return exactlyOne(result, err, fmt.Errorf("intent %d for %s is %w", o.Seq, o.Source, ErrNotOpen))
}

// writeLinks gives each link its last word, removals first, so that a user can
// pass from one person to another in one transaction.
func (j *journal) writeLinks(ctx context.Context, tx *sqlx.Tx, outcomes []dirsync.Outcome, now stamp) error {
	last := make(map[dirsync.SourceID]int, len(outcomes))
	for i, o := range outcomes {
		if o.Link != nil || (!o.Same && !o.Keep) {
			last[o.Source] = i
		}
	}
	unlink, link := tx.StmtxContext(ctx, j.unlink), tx.StmtxContext(ctx, j.link)
	for i, o := range outcomes {
		if at, ok := last[o.Source]; ok && at == i && o.Link == nil {
			if _, err := unlink.ExecContext(ctx, o.Source); err != nil {
				return err
			}
		}
	}
	for i, o := range outcomes {
		if at, ok := last[o.Source]; !ok || at != i || o.Link == nil {
			continue
		}
		l := o.Link
		if l.ID != o.Source {
			return fmt.Errorf("the outcome for %s brings the link of %s", o.Source, l.ID)
		}
		b := l.Brief()
		if _, err := link.ExecContext(ctx, b.ID, asJSON[*dirsync.Link]{l}, b.User, l.Answered.Username, l.Origin,
			int64(b.Asked), int64(b.Answered), b.Missing, b.LetGo, b.Active, now); err != nil {
			return fmt.Errorf("the link of %s to Duo user %s: %w", l.ID, l.User, err)
		}
	}
	return nil
}

// ahead runs a transaction for what has not happened yet, unless the journal is
// broken.
func (j *journal) ahead(ctx context.Context, doing string, fn func(*sqlx.Tx) error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.broken != nil {
		return fmt.Errorf("the journal stopped at an earlier error: %w", j.broken)
	}
	return j.transact(ctx, doing, fn)
}

// transact runs a transaction of this run. j.mu is held.
func (j *journal) transact(ctx context.Context, doing string, fn func(*sqlx.Tx) error) error {
	err := j.db.update(ctx, doing, func(tx *sqlx.Tx) error {
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

// update runs fn in one transaction, durable when it returns nil.
func (db *DB) update(ctx context.Context, doing string, fn func(*sqlx.Tx) error) error {
	if db.write == nil {
		return db.fail(doing, ErrReadOnly)
	}
	tx, err := db.write.BeginTxx(ctx, nil)
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
