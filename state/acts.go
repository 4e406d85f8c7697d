package state

import (
	"context"
	"math"
	"time"

	"github.com/jmoiron/sqlx"

	"duosync/state/column"
)

// Act is what somebody asked for beside the runs.
type Act struct {
	At     time.Time
	By     string // who asked for it
	What   string // one of the words below
	About  string // the approval's id, or the Duo user's name; "" for what is about all
	Reason string // of an approval: what it lets through
}

// What can be asked for beside the runs.
const (
	ActApprove = "approve"
	ActRevoke  = "revoke"
	ActPause   = "pause"
	ActResume  = "resume"
	ActDisable = "disable"
	ActEnable  = "enable"
)

// actRow is a row of acts, but for its number.
type actRow struct {
	At     column.Time `db:"at"`
	By     column.Text `db:"asked_by"`
	What   string      `db:"what"`
	About  column.Text `db:"about"`
	Reason column.Text `db:"reason"`
}

// Acts gives what was last asked for beside the runs, newest first; limit 0 means all.
// It goes with the history, see Options.KeepHistory.
func (db *DB) Acts(ctx context.Context, limit int) ([]Act, error) {
	if limit <= 0 {
		limit = math.MaxInt32
	}
	rows, err := readRows[actRow](ctx, db.conns.Read, `FROM acts ORDER BY seq DESC LIMIT $1`, limit)
	if err != nil {
		return nil, db.fail("reading what was asked for", err)
	}
	acts := make([]Act, 0, len(rows))
	for _, r := range rows {
		acts = append(acts, Act{At: r.At.Time, By: string(r.By), What: r.What, About: string(r.About), Reason: string(r.Reason)})
	}
	return acts, nil
}

// note writes an act down as of now, in the transaction that does it.
func (db *DB) note(ctx context.Context, tx *sqlx.Tx, a Act) error {
	row := column.Of[actRow]()
	_, err := tx.ExecContext(ctx, column.Insert("acts", row.Names...), row.Values(&actRow{
		At: column.At(db.opts.Now()), By: column.Text(a.By), What: a.What, About: column.Text(a.About), Reason: column.Text(a.Reason),
	})...)
	return err
}
