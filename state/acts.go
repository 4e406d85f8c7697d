package state

import (
	"context"
	"math"
	"time"

	"github.com/jmoiron/sqlx"

	"duosync/state/column"
	dirsync "duosync/sync"
)

// Act is what somebody asked for beside the operations of runs, and what came of it.
type Act struct {
	At     time.Time
	By     string // who asked for it
	What   string // one of the words below
	About  string // the approval's id, the Duo user's name, or the run; "" for what is about all
	Reason string // of an approval and a hold: what it lets through, and holds
	ActDetails
}

// ActDetails are for the audit.
type ActDetails struct {
	Run    string           `json:"run,omitempty"`    // in which it was; "": beside the runs
	User   string           `json:"user,omitempty"`   // Duo user_id
	Source dirsync.SourceID `json:"source,omitempty"` // of the person
	Group  string           `json:"group,omitempty"`  // Duo group_id; About is its name then
	Error  string           `json:"error,omitempty"`  // why it came to nothing
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

// What is told by the audit alone.
const (
	ActDisabled = "disabled" // what Duo answered to ActDisable
	ActHold     = "hold"     // a guard began to hold something
	ActUndo     = "undo"     // a run that undoes another one
	ActRebuild  = "rebuild"  // a run that pairs anew
	ActAdopt    = "adopt"    // a user, or a group, that it paired
)

// actRow is a row of acts, but for its number.
type actRow struct {
	At      column.Time             `db:"at"`
	By      column.Text             `db:"asked_by"`
	What    string                  `db:"what"`
	About   column.Text             `db:"about"`
	Reason  column.Text             `db:"reason"`
	Details column.JSON[ActDetails] `db:"details"`
}

func (r *actRow) act() *Act {
	return &Act{At: r.At.Time, By: string(r.By), What: r.What, About: string(r.About), Reason: string(r.Reason), ActDetails: r.Details.V}
}

// Acts gives what was last asked for beside the runs, newest first; limit 0 means all.
// It goes with the history, see Options.KeepHistory.
func (db *DB) Acts(ctx context.Context, limit int) ([]Act, error) {
	if limit <= 0 {
		limit = math.MaxInt32
	}
	rows, err := readRows[actRow](ctx, db.conns.Read, `FROM acts WHERE what IN ('approve', 'revoke', 'pause', 'resume', 'disable', 'enable') ORDER BY seq DESC LIMIT $1`, limit)
	if err != nil {
		return nil, db.fail("reading what was asked for", err)
	}
	acts := make([]Act, 0, len(rows))
	for i := range rows {
		acts = append(acts, *rows[i].act())
	}
	return acts, nil
}

// Note writes acts down as of now, in one transaction.
func (db *DB) Note(ctx context.Context, acts ...Act) error {
	return db.update(ctx, "noting what was asked for", func(tx *sqlx.Tx) error {
		for _, a := range acts {
			if err := db.note(ctx, tx, a); err != nil {
				return err
			}
		}
		return nil
	})
}

// note writes an act down as of now, in the transaction that does it.
func (db *DB) note(ctx context.Context, tx *sqlx.Tx, a Act) error {
	row := column.Of[actRow]()
	_, err := tx.ExecContext(ctx, column.Insert("acts", row.Names...), row.Values(&actRow{
		At: column.At(db.opts.Now()), By: column.Text(a.By), What: a.What, About: column.Text(a.About), Reason: column.Text(a.Reason), Details: column.AsJSON(a.ActDetails),
	})...)
	return err
}
