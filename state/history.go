package state

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"time"

	"duosync/state/column"
	dirsync "duosync/sync"
)

// Run is one run as history keeps it.
type Run struct {
	ID      string
	By      string // who asked for it; "" where that was not kept yet
	Started time.Time
	// Finished is zero for a run that still goes on, and for one that was
	// killed.
	Finished time.Time
	// Outcome is the report's; "" while the run goes on, "failed" for one that
	// was killed.
	Outcome string
	// Summary is the report as JSON without its lists; nil without a report.
	Summary []byte
	// Report is the whole report, JSON that is packed; nil without one. Runs leaves it out.
	Report dirsync.Packed
}

// Interrupted reports whether the run was killed before it could end.
func (r *Run) Interrupted() bool { return r.Outcome != "" && r.Finished.IsZero() }

// listedRow is what a list of runs tells of each.
type listedRow struct {
	ID       string         `db:"id"`
	By       string         `db:"asked_by"`
	Started  column.Time    `db:"started"`
	Finished column.Time    `db:"finished"`
	Outcome  string         `db:"outcome"`
	Summary  sql.NullString `db:"summary"`
}

type runRow struct {
	listedRow
	Report []byte `db:"report"`
}

func (r *listedRow) run() Run {
	run := Run{ID: r.ID, By: r.By, Started: r.Started.Time, Finished: r.Finished.Time, Outcome: r.Outcome}
	if r.Summary.Valid {
		run.Summary = []byte(r.Summary.String)
	}
	return run
}

// Runs gives the last runs, newest first, without their whole reports; limit 0
// means all.
func (db *DB) Runs(ctx context.Context, limit int) ([]Run, error) {
	if limit <= 0 {
		limit = math.MaxInt32
	}
	rows, err := readRows[listedRow](ctx, db.conns.Read, `FROM runs ORDER BY started DESC, id DESC LIMIT $1`, limit)
	if err != nil {
		return nil, db.fail("reading the history", err)
	}
	runs := make([]Run, 0, len(rows))
	for i := range rows {
		runs = append(runs, rows[i].run())
	}
	return runs, nil
}

// Run gives one run with its report, and whether there is such a run.
func (db *DB) Run(ctx context.Context, id string) (*Run, bool, error) {
	var row runRow
	err := db.conns.Read.GetContext(ctx, &row, selecting[runRow](`FROM runs WHERE id = $1`), id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, db.fail("reading a run", err)
	}
	run := row.run()
	run.Report = row.Report
	return &run, true, nil
}

// RunIDs gives the ids of the runs whose id begins with prefix, newest first, and
// of no more than limit of them.
func (db *DB) RunIDs(ctx context.Context, prefix string, limit int) ([]string, error) {
	var ids []string
	err := db.conns.Read.SelectContext(ctx, &ids, `
		SELECT id FROM runs WHERE substr(id, 1, length($1)) = $1
		ORDER BY started DESC, id DESC LIMIT $2`, prefix, limit)
	return ids, db.fail("looking for a run", err)
}

// Step is an operation as a run wrote it down.
type Step struct {
	Op *dirsync.Op
	// Done is when its outcome was written down; zero while that is not known.
	Done time.Time
	// Note is the outcome in words, as in dirsync.Outcome.
	Note string
}

// stepPage is how many steps EachStep reads at a time.
const stepPage = 1000

// EachStep visits what a run wrote down of its operations, in their order: all that is known of
// a run without a report. An error of visit is returned as it is.
func (db *DB) EachStep(ctx context.Context, runID string, visit func(Step) error) error {
	type row struct {
		Seq int64 `db:"seq"`
		opColumns
		Done column.Time `db:"done_at"`
		Note string      `db:"note"`
	}
	const doing = "reading a run's operations"
	moment, end, err := db.moment(ctx)
	if err != nil {
		return db.fail(doing, err)
	}
	defer end()
	for after := int64(0); ; {
		rows, err := readRows[row](ctx, moment, `FROM intents WHERE run_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`, runID, after, stepPage)
		if err != nil {
			return db.fail(doing, err)
		}
		for i := range rows {
			if err := visit(Step{Op: rows[i].op(), Done: rows[i].Done.Time, Note: noteOnly(rows[i].Note)}); err != nil {
				return err
			}
		}
		if len(rows) < stepPage {
			return nil
		}
		after = rows[len(rows)-1].Seq
	}
}
