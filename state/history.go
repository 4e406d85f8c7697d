package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
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

// RunQuery picks runs of the history; its zero value picks all.
type RunQuery struct {
	ID       string    // "" for any
	Outcomes []string  // one of these; nil: any
	From, To time.Time // started at From or later, and before To; zero: whenever
	// Before and After are ids of runs: the newest ones are picked that are older than one,
	// or the oldest ones that are newer; "" for none. One of them is given at most.
	Before, After string
	Changed       bool // those only that did something, whatever became of the rest
	Refreshed     bool // those only that read all of Duo
	Limit         int  // 0 means all
}

// RunsOf gives the runs that a query picks, newest first, without their whole reports.
func (db *DB) RunsOf(ctx context.Context, q RunQuery) ([]Run, error) {
	var where []string
	var args []any
	and := func(condition string, arg any) {
		args = append(args, arg)
		where = append(where, strings.ReplaceAll(condition, "?", "$"+strconv.Itoa(len(args))))
	}
	if len(q.Outcomes) > 0 {
		var any []string
		for _, outcome := range q.Outcomes {
			args = append(args, outcome)
			any = append(any, "$"+strconv.Itoa(len(args)))
		}
		where = append(where, "outcome IN ("+strings.Join(any, ", ")+")")
	}
	if q.ID != "" {
		and("id = ?", q.ID)
	}
	if !q.From.IsZero() {
		and("started >= ?", column.At(q.From))
	}
	if !q.To.IsZero() {
		and("started < ?", column.At(q.To))
	}
	order := "DESC"
	if q.Before != "" {
		and("(started, id) < ((SELECT started FROM runs WHERE id = ?), ?)", q.Before)
	}
	if q.After != "" {
		and("(started, id) > ((SELECT started FROM runs WHERE id = ?), ?)", q.After)
		order = "ASC"
	}
	if q.Refreshed { // as encoding/json writes report.Head
		and("summary LIKE ?", `%"refresh":{"done":true,%`)
	}
	if q.Changed { // as the core notes of what was done, or done but for something
		where = append(where, "EXISTS (SELECT 1 FROM intents WHERE intents.run_id = runs.id AND intents.note LIKE 'done%')")
	}
	from := "FROM runs"
	if len(where) > 0 {
		from += " WHERE " + strings.Join(where, " AND ")
	}
	limit := q.Limit
	if limit <= 0 {
		limit = math.MaxInt32
	}
	args = append(args, limit)
	rows, err := readRows[listedRow](ctx, db.conns.Read, fmt.Sprintf("%s ORDER BY started %s, id %s LIMIT $%d", from, order, order, len(args)), args...)
	if err != nil {
		return nil, db.fail("reading the history", err)
	}
	runs := make([]Run, 0, len(rows))
	for i := range rows {
		runs = append(runs, rows[i].run())
	}
	if q.After != "" {
		slices.Reverse(runs)
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
			if err := visit(stepOf(&rows[i].opColumns, rows[i].Done, rows[i].Note)); err != nil {
				return err
			}
		}
		if len(rows) < stepPage {
			return nil
		}
		after = rows[len(rows)-1].Seq
	}
}

// stepOf gives what a row of intents tells, without what its note has for the audit alone.
func stepOf(op *opColumns, done column.Time, note string) Step {
	return Step{Op: op.op(), Done: done.Time, Note: noteOnly(note)}
}

// PastStep is an operation on a person, as a run wrote it down.
type PastStep struct {
	RunID string
	At    time.Time // by Duo's clock
	Step
}

// StepsOf gives the last operations on a person that runs wrote down, newest first. It
// goes with the history, see Options.KeepHistory.
func (db *DB) StepsOf(ctx context.Context, id dirsync.SourceID, limit int) ([]PastStep, error) {
	type row struct {
		Seq   int64       `db:"seq"`
		RunID string      `db:"run_id"`
		At    column.Time `db:"at"`
		opColumns
		Done column.Time `db:"done_at"`
		Note string      `db:"note"`
	}
	rows, err := readRows[row](ctx, db.conns.Read, `FROM intents WHERE source_id = $1 ORDER BY seq DESC LIMIT $2`, id, limit)
	if err != nil {
		return nil, db.fail("reading a person's operations", err)
	}
	steps := make([]PastStep, 0, len(rows))
	for i := range rows {
		r := &rows[i]
		steps = append(steps, PastStep{RunID: r.RunID, At: r.At.Time, Step: stepOf(&r.opColumns, r.Done, r.Note)})
	}
	return steps, nil
}
