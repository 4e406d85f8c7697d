package state

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"

	"duosync/state/backend"
	"duosync/state/column"
	dirsync "duosync/sync"
)

// Open implements dirsync.Store.
func (db *DB) Open(ctx context.Context) ([]dirsync.Intent, error) {
	type row struct {
		Seq int64 `db:"seq"`
		opColumns
		At column.Time `db:"at"`
	}
	rows, err := readRows[row](ctx, db.conns.Read, `FROM intents WHERE done_at IS NULL ORDER BY seq`)
	if err != nil {
		return nil, db.fail("reading the open intents", err)
	}
	intents := make([]dirsync.Intent, 0, len(rows))
	for i := range rows {
		intents = append(intents, dirsync.Intent{Seq: rows[i].Seq, Op: rows[i].op(), At: rows[i].At.Time})
	}
	return intents, nil
}

// Begin implements dirsync.Store. A run that was left without an end, by a
// killed process or an error, becomes "failed", and its journal takes nothing
// more. A run for another Duo account or directory is ErrBinding.
func (db *DB) Begin(ctx context.Context, run dirsync.RunStart) (dirsync.Journal, error) {
	j := &journal{db: db, run: run}
	err := db.update(ctx, "beginning a run", func(tx *sqlx.Tx) error {
		if err := db.database.CheckHeld(ctx, tx); err != nil {
			return err
		}
		bound, err := backend.GetMeta[*dirsync.Binding](ctx, tx, backend.MetaBinding)
		if err != nil {
			return err
		}
		if bound != nil {
			if err := compareBinding(*bound, run.Binding); err != nil {
				return err
			}
			j.before = *bound
			j.bound = run.Binding.Joined(*bound).Equal(*bound) // else a directory was added
		}
		if !db.opts.Audit {
			if err := stopAudit(ctx, tx); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, `UPDATE runs SET outcome = $1 WHERE outcome = ''`, dirsync.OutcomeFailed); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO runs (id, started, outcome, asked_by) VALUES ($1, $2, '', $3)`, run.ID, column.At(run.Started), column.Text(run.By))
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := j.stmts.prepare(ctx, db.conns.Write, db.database.Lease()); err != nil {
		return nil, db.fail("beginning a run", err)
	}
	return j, nil
}

// journal is the record of one run. An error of Intend, Record or Use breaks
// it: nothing can be intended any more, while outcomes and the end are still
// taken, for what has happened should be known.
type journal struct {
	db    *DB
	run   dirsync.RunStart
	stmts statements

	mu      sync.Mutex      // one transaction at a time
	bound   bool            // the state is known to belong to run.Binding
	before  dirsync.Binding // whose it was before the run
	changed bool            // the run has changed something
	broken  error
}

// Intend implements dirsync.Journal, in one transaction for all operations, so that
// the marks are those of the moment in which the intents are durable. After an
// error of the journal every call fails; a pause is such an error.
func (j *journal) Intend(ctx context.Context, ops []*dirsync.Op, at time.Time) (may []*dirsync.Op, err error) {
	if len(ops) == 0 {
		return nil, nil
	}
	err = j.ahead(ctx, "writing intents down", func(tx *sqlx.Tx) (err error) {
		if may, err = sendable(ctx, tx, ops); err != nil || len(may) == 0 {
			return err
		}
		if err := j.bind(ctx, tx); err != nil {
			return err
		}
		return j.writeIntents(ctx, tx, may, column.At(at))
	})
	if err != nil {
		return nil, err
	}
	return may, nil
}

// sendable gives the operations that no mark bars, unless writing is paused.
func sendable(ctx context.Context, from backend.Reader, ops []*dirsync.Op) ([]*dirsync.Op, error) {
	paused, err := backend.GetMeta[*dirsync.Pause](ctx, from, backend.MetaPaused)
	if err != nil {
		return nil, err
	}
	if paused != nil {
		return nil, dirsync.WithHint(paused, "Dry runs go on; `duosync resume` lets writing go on.")
	}
	return unbarred(ctx, from, ops)
}

// Recheck implements dirsync.Journal. An error breaks the journal as one of Intend does. That the
// lock is held (CheckHeld) was part of Intend's transaction, and is not looked at again: whoever
// takes the state over waits until what was intended can't be under way any more (Options.CallTime).
func (j *journal) Recheck(ctx context.Context, ops []*dirsync.Op) ([]*dirsync.Op, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.stopped(); err != nil {
		return nil, err
	}
	may, err := sendable(ctx, j.db.conns.Read, ops)
	if err != nil {
		j.broken = j.db.fail("looking whether a call may be sent", err)
		return nil, j.broken
	}
	return may, nil
}

func (j *journal) writeIntents(ctx context.Context, tx *sqlx.Tx, ops []*dirsync.Op, at column.Time) error {
	intend, lease := tx.StmtxContext(ctx, j.stmts.intend), j.db.database.Lease()
	for _, op := range ops {
		values := []any{j.run.ID, op.Source, "", packedOf(op), at, ""}
		for _, own := range lease {
			values = append(values, own.Value)
		}
		if _, err := intend.ExecContext(ctx, values...); err != nil {
			return err
		}
	}
	return nil
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
	note := column.Text(o.Note)
	if j.db.opts.Audit {
		note += column.Text(noteOfID(&o))
	}
	if o.Seq == 0 {
		_, err := tx.StmtxContext(ctx, j.stmts.done).ExecContext(ctx, now, note, o.Source, j.run.ID)
		return err
	}
	result, err := tx.StmtxContext(ctx, j.stmts.doneSeq).ExecContext(ctx, now, note, o.Seq, o.Source)
	return exactlyOne(result, err, fmt.Errorf("intent %d for %s is %w", o.Seq, o.Source, ErrNotOpen))
}
