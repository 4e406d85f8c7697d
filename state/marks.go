package state

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/jmoiron/sqlx"

	"duosync/state/backend"
	"duosync/state/column"
	dirsync "duosync/sync"
)

// Marks implements dirsync.Store.
func (db *DB) Marks(ctx context.Context) ([]dirsync.Mark, error) {
	marks, err := readMarks(ctx, db.conns.Read)
	return marks, db.fail("reading who is kept disabled", err)
}

func readMarks(ctx context.Context, from backend.Reader) ([]dirsync.Mark, error) {
	return readJSON[dirsync.Mark](ctx, from, `SELECT mark FROM marks ORDER BY username, duo_id`)
}

// Mark keeps a Duo user disabled from now on, in the place of an earlier mark of the
// same user, from which it takes over what the user was before it: what was found since
// may be its doing. A run under way intends nothing more for the user, once Mark has
// returned, that the mark bars.
func (db *DB) Mark(ctx context.Context, m dirsync.Mark) error {
	return db.update(ctx, "marking a user", func(tx *sqlx.Tx) error {
		name := dirsync.FoldName(m.Username)
		if m.User == "" || name == "" { // it would bar what is meant for others
			return errors.New("a mark names a Duo user by its id and its username")
		}
		if err := db.database.Exclude(ctx, tx); err != nil {
			return err
		}
		earlier, err := markOf(ctx, tx, m.User)
		if err != nil {
			return err
		}
		if earlier != nil {
			m.Before = earlier.Before
		}
		if _, err := tx.ExecContext(ctx, column.Upsert("marks", "duo_id", "username", "mark"), m.User, column.Text(name), column.AsJSON(m)); err != nil {
			return err
		}
		return db.note(ctx, tx, Act{By: m.By, What: ActDisable, About: m.Username, Reason: m.Reason, ActDetails: ActDetails{User: m.User, Source: m.Source}})
	})
}

// Unmark lifts the mark of a Duo user, by its id. It reports whether there was one. The
// mark stays, lifted, for the next run to know by whom the user was disabled. by is who
// asked for it.
func (db *DB) Unmark(ctx context.Context, user, by string) (marked bool, err error) {
	err = db.update(ctx, "taking a user's mark away", func(tx *sqlx.Tx) error {
		mark, err := markOf(ctx, tx, user)
		if err != nil || mark == nil || !mark.Stands() {
			return err
		}
		marked, mark.Lifted, mark.LiftedBy = true, db.opts.Now().UTC(), by
		if _, err := tx.ExecContext(ctx, `UPDATE marks SET mark = $1 WHERE duo_id = $2`, column.AsJSON(mark), user); err != nil {
			return err
		}
		return db.note(ctx, tx, Act{By: by, What: ActEnable, About: mark.Username, ActDetails: ActDetails{User: mark.User, Source: mark.Source}})
	})
	return marked && err == nil, err
}

// markOf reads the mark of a user, nil where there is none.
func markOf(ctx context.Context, tx *sqlx.Tx, user string) (*dirsync.Mark, error) {
	var row column.JSON[*dirsync.Mark]
	err := tx.GetContext(ctx, &row, `SELECT mark FROM marks WHERE duo_id = $1`, user)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return row.V, err
}

// forget removes marks that were lifted and have done their work. One that was made
// anew meanwhile stays.
func forget(ctx context.Context, tx *sqlx.Tx, users []string) error {
	for _, user := range users {
		mark, err := markOf(ctx, tx, user)
		if err != nil {
			return err
		}
		if mark == nil || mark.Stands() {
			continue
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM marks WHERE duo_id = $1`, user); err != nil {
			return err
		}
	}
	return nil
}

// unbarred gives the operations that no mark bars.
func unbarred(ctx context.Context, from backend.Reader, ops []*dirsync.Op) ([]*dirsync.Op, error) {
	marks, err := readMarks(ctx, from)
	if err != nil || len(marks) == 0 {
		return ops, err
	}
	bars := func(op *dirsync.Op) bool {
		return slices.ContainsFunc(marks, func(m dirsync.Mark) bool { return m.Bars(op) })
	}
	return slices.DeleteFunc(slices.Clone(ops), bars), nil
}
