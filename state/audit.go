package state

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"duosync/state/backend"
	"duosync/state/column"
	dirsync "duosync/sync"
)

// The audit is a list of all acts and operations, in lines with numbers. It is derived from acts
// and intents: whoever holds the state for runs numbers what has no number yet (NextAudit),
// writes that wherever it likes, and says so (Audited). What was numbered and is not known to be
// written is given again, the same with the same numbers. What is not written yet outlasts
// Options.KeepHistory. Without Options.Audit nothing is numbered.

// AuditEntry is something that the audit tells, in one or more lines.
type AuditEntry struct {
	Number int64 // of its first line
	// Time is by the clock of this machine when it was written down, of an operation with what became
	// of it, and never before that of the number before it.
	Time time.Time
	Act  *Act // what somebody asked for; nil: an operation of a run
	// Op is the operation, intended At by Duo's clock, whose outcome was written down Done, with
	// Note as in dirsync.Outcome.
	Op       *dirsync.Op
	At, Done time.Time
	Note     string
	ID       string // of the Duo user, or group, as it is known since; "": as the operation has it
	Run, By  string // whose operation it is, and who asked for the run
}

// AuditBatch is what the audit tells next.
type AuditBatch struct {
	Entries []AuditEntry // none: there is nothing to tell
	// Again: it was given before, and is perhaps written already, whole or in part.
	Again bool
}

// auditState is what the state keeps of the audit, in its table of values.
type auditState struct {
	On     bool  `json:"on"`
	Number int64 `json:"number"` // the last one that is known to be written
	// Time is that of the line with this number.
	Time time.Time `json:"time,omitzero"`
	// Intents is the place up to which intents are numbered, but for those in Open, which had
	// no outcome then. Acts say of themselves whether they are.
	Intents int64   `json:"intents"`
	Open    []int64 `json:"open,omitempty"`
	// Batch is numbered, and not known to be written.
	Batch *auditPart `json:"batch,omitempty"`
	// Held are the holds that were told last, so that one is told when it begins.
	Held []string `json:"held,omitempty"`
}

// auditPart is a batch by the places of its acts and intents, in the order of their numbers, and
// what stands once it is written.
type auditPart struct {
	Last    int64     `json:"last"` // number of its last line
	Time    time.Time `json:"time,omitzero"`
	Acts    []int64   `json:"acts,omitempty"`
	Steps   []int64   `json:"steps,omitempty"`
	Intents int64     `json:"intents"`
	Open    []int64   `json:"open,omitempty"`
}

// auditRow is an intent with its run.
type auditRow struct {
	Seq int64 `db:"seq"`
	opColumns
	At   column.Time `db:"at"`
	Done column.Time `db:"done_at"`
	Note string      `db:"note"`
	Run  string      `db:"run_id"`
	By   column.Text `db:"asked_by"`
}

const auditRows = `FROM intents JOIN runs ON runs.id = run_id WHERE `

// NextAudit numbers acts and operations that have no number yet, most of each, and gives
// them; or again what it gave before, until Audited is told that it is written. lines says in
// how many lines an operation is told. The first call of all tells nothing of what was before
// it, but for what became of operations that are open then. It needs a state that is open for
// runs.
func (db *DB) NextAudit(ctx context.Context, most int, lines func(*dirsync.Op) int) (b *AuditBatch, err error) {
	b = &AuditBatch{}
	err = db.update(ctx, "numbering what the audit tells", func(tx *sqlx.Tx) error {
		if err := db.database.CheckHeld(ctx, tx); err != nil {
			return err
		}
		a, err := backend.GetMeta[auditState](ctx, tx, backend.MetaAudit)
		if err != nil {
			return err
		}
		switch {
		case a.Batch != nil:
			b.Again = true
			return b.fill(ctx, tx, &a, lines)
		case !a.On:
			if err := a.start(ctx, tx); err != nil {
				return err
			}
			return backend.SetMeta(ctx, tx, backend.MetaAudit, a)
		}
		if err := a.gather(ctx, tx, most); err != nil {
			return err
		}
		if a.Batch == nil {
			return nil
		}
		if err := b.fill(ctx, tx, &a, lines); err != nil {
			return err
		}
		return backend.SetMeta(ctx, tx, backend.MetaAudit, a)
	})
	if err != nil {
		return nil, err
	}
	return b, nil
}

// Audited notes that what NextAudit gave last is written.
func (db *DB) Audited(ctx context.Context) error {
	return db.update(ctx, "noting what the audit has told", func(tx *sqlx.Tx) error {
		if err := db.database.CheckHeld(ctx, tx); err != nil {
			return err
		}
		a, err := backend.GetMeta[auditState](ctx, tx, backend.MetaAudit)
		if err != nil || a.Batch == nil {
			return err
		}
		if len(a.Batch.Acts) > 0 {
			if _, err := tx.ExecContext(ctx, `UPDATE acts SET audited = 1 WHERE seq IN (`+listed(a.Batch.Acts)+`)`); err != nil {
				return err
			}
		}
		a.Number, a.Time, a.Intents, a.Open, a.Batch = a.Batch.Last, a.Batch.Time, a.Batch.Intents, a.Batch.Open, nil
		return backend.SetMeta(ctx, tx, backend.MetaAudit, a)
	})
}

// start has the audit tell what comes from now on.
func (a *auditState) start(ctx context.Context, tx *sqlx.Tx) error {
	a.On = true
	if err := tx.GetContext(ctx, &a.Intents, `SELECT coalesce(max(seq), 0) FROM intents`); err != nil {
		return err
	}
	if err := tx.SelectContext(ctx, &a.Open, `SELECT seq FROM intents WHERE done_at IS NULL ORDER BY seq`); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `UPDATE acts SET audited = 1 WHERE audited = 0`)
	return err
}

// stopAudit has the audit tell nothing more. A batch that is not known to be written stays, for
// its lines may be: it comes first when the audit goes on.
func stopAudit(ctx context.Context, tx *sqlx.Tx) error {
	a, err := backend.GetMeta[auditState](ctx, tx, backend.MetaAudit)
	if err != nil || !a.On {
		return err
	}
	return backend.SetMeta(ctx, tx, backend.MetaAudit, auditState{Number: a.Number, Time: a.Time, Batch: a.Batch})
}

// gather makes a batch of what is to be told and has no number yet; none of nothing.
func (a *auditState) gather(ctx context.Context, tx *sqlx.Tx, most int) error {
	part := &auditPart{Intents: a.Intents}
	if err := tx.SelectContext(ctx, &part.Acts, `SELECT seq FROM acts WHERE audited = 0 ORDER BY seq LIMIT $1`, most); err != nil {
		return err
	}
	if len(a.Open) > 0 {
		if err := tx.SelectContext(ctx, &part.Steps, `SELECT seq FROM intents WHERE seq IN (`+listed(a.Open)+`) AND done_at IS NOT NULL ORDER BY seq LIMIT $1`, most); err != nil {
			return err
		}
		part.Open = slices.DeleteFunc(slices.Clone(a.Open), func(seq int64) bool { return slices.Contains(part.Steps, seq) })
	}
	var fresh []struct {
		Seq  int64       `db:"seq"`
		Done column.Time `db:"done_at"`
	}
	if err := tx.SelectContext(ctx, &fresh, `SELECT seq, done_at FROM intents WHERE seq > $1 ORDER BY seq LIMIT $2`, a.Intents, most-len(part.Steps)); err != nil {
		return err
	}
	for _, row := range fresh {
		if part.Intents = row.Seq; row.Done.IsZero() {
			part.Open = append(part.Open, row.Seq)
		} else {
			part.Steps = append(part.Steps, row.Seq)
		}
	}
	if len(part.Acts)+len(part.Steps) > 0 {
		a.Batch = part
	}
	return nil
}

// fill reads the batch of a, and numbers it in the order of time: of the same rows always alike.
func (b *AuditBatch) fill(ctx context.Context, tx *sqlx.Tx, a *auditState, lines func(*dirsync.Op) int) error {
	if len(a.Batch.Acts) > 0 {
		acts, err := readRows[actRow](ctx, tx, `FROM acts WHERE seq IN (`+listed(a.Batch.Acts)+`) ORDER BY seq`)
		if err != nil {
			return err
		}
		for i := range acts {
			act := acts[i].act()
			b.Entries = append(b.Entries, AuditEntry{Time: act.At, Act: act})
		}
	}
	if len(a.Batch.Steps) > 0 {
		rows, err := readRows[auditRow](ctx, tx, auditRows+`seq IN (`+listed(a.Batch.Steps)+`) ORDER BY seq`)
		if err != nil {
			return err
		}
		for i := range rows {
			r := &rows[i]
			e := AuditEntry{Time: r.Done.Time, Op: r.op(), At: r.At.Time, Done: r.Done.Time, Run: r.Run, By: string(r.By)}
			e.Note, e.ID = cutNote(r.Note)
			b.Entries = append(b.Entries, e)
		}
	}
	if n := len(a.Batch.Acts) + len(a.Batch.Steps); len(b.Entries) != n {
		return fmt.Errorf("of %d acts and operations that the audit has numbered and not written, %d are left", n, len(b.Entries))
	}
	slices.SortStableFunc(b.Entries, func(a, b AuditEntry) int { return a.Time.Compare(b.Time) })
	next, last := a.Number+1, a.Time
	for i := range b.Entries {
		e := &b.Entries[i]
		if e.Number = next; e.Time.Before(last) { // something that took long, or a clock that was set
			e.Time = last
		}
		if last = e.Time; e.Act != nil {
			next++
		} else {
			next += int64(lines(e.Op))
		}
	}
	a.Batch.Last, a.Batch.Time = next-1, last
	return nil
}

// keepForAudit gives the place in the journal from which on nothing may be pruned, and whether
// acts may be that have no number yet.
func keepForAudit(ctx context.Context, tx *sqlx.Tx) (from int64, acts bool, err error) {
	a, err := backend.GetMeta[auditState](ctx, tx, backend.MetaAudit)
	if err != nil {
		return 0, false, err
	}
	from = math.MaxInt64
	keep := slices.Clone(a.Open)
	if a.On {
		keep = append(keep, a.Intents+1)
	}
	if a.Batch != nil {
		keep = append(keep, a.Batch.Steps...)
	}
	if len(keep) > 0 {
		from = slices.Min(keep)
	}
	return from, !a.On && a.Batch == nil, nil
}

// Hold is a guard that holds something in a run, for the audit. Key tells it from others, and
// from an earlier one of the same guard.
type Hold struct {
	Key string
	Act Act
}

// NoteHolds notes the holds that the audit has not told of yet. Those that it has told of, and
// that are not among them, have ended, if whole is set: then all that is held is among them.
func (db *DB) NoteHolds(ctx context.Context, holds []Hold, whole bool) error {
	return db.update(ctx, "noting what is held", func(tx *sqlx.Tx) error {
		if err := db.database.CheckHeld(ctx, tx); err != nil {
			return err
		}
		a, err := backend.GetMeta[auditState](ctx, tx, backend.MetaAudit)
		if err != nil {
			return err
		}
		var held []string
		if !whole {
			held = slices.Clone(a.Held)
		}
		for _, h := range holds {
			if !slices.Contains(a.Held, h.Key) {
				if err := db.note(ctx, tx, h.Act); err != nil {
					return err
				}
			}
			if !slices.Contains(held, h.Key) {
				held = append(held, h.Key)
			}
		}
		if slices.Equal(held, a.Held) {
			return nil
		}
		a.Held = held
		return backend.SetMeta(ctx, tx, backend.MetaAudit, a)
	})
}

// listed gives numbers as a statement has them in a list.
func listed(all []int64) string {
	texts := make([]string, len(all))
	for i, n := range all {
		texts[i] = fmt.Sprint(n)
	}
	return strings.Join(texts, ", ")
}

// noteID begins, after a note, the id of the Duo user or group that is known since.
const noteID = "\nid="

func noteOfID(o *dirsync.Outcome) string {
	switch {
	case o.Group != nil && o.Group.ID != "":
		return noteID + o.Group.ID
	case o.Link != nil && o.Link.User != "":
		return noteID + o.Link.User
	}
	return ""
}

func cutNote(note string) (text, id string) {
	if at := strings.LastIndex(note, noteID); at >= 0 {
		return note[:at], note[at+len(noteID):]
	}
	return note, ""
}

func noteOnly(note string) string {
	text, _ := cutNote(note)
	text, _, _ = strings.Cut(text, dirsync.NoteLacking)
	return text
}
