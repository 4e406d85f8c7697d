package state

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"duosync/state/backend"
	"duosync/state/column"
	dirsync "duosync/sync"
	"duosync/sync/naming"
)

// TakeOver gives the one directory of the state a name, in one transaction: links, open
// intents, marks, what was told, groups and what later runs compare with bear it from then on, and the
// state belongs to binding. What was held or approved before has ended, for its ids were made
// without the name; ended counts what was approved and not used yet. Runs of before stay in the
// history as they were.
//
// It is for a state that is open for runs. One whose directories have names already, or that
// belongs to another account, is ErrBinding.
func (db *DB) TakeOver(ctx context.Context, given naming.Name, binding dirsync.Binding) (ended int, err error) {
	doing := "giving its directory the name " + string(given)
	if db.conns.Write == nil {
		return 0, db.fail(doing, ErrReadOnly)
	}
	if err := db.database.KeepCopy(ctx); err != nil {
		db.warn(fmt.Sprintf("no copy of the state was kept before its directory got a name: %v", err))
	}
	err = db.update(ctx, doing, func(tx *sqlx.Tx) error {
		if err := db.database.CheckHeld(ctx, tx); err != nil {
			return err
		}
		if err := db.database.Exclude(ctx, tx); err != nil { // marks and approvals, beside
			return err
		}
		bound, err := backend.GetMeta[*dirsync.Binding](ctx, tx, backend.MetaBinding)
		if err != nil {
			return err
		}
		if bound == nil || bound.Directories != nil || bound.Host != binding.Host || bound.Key != binding.Key || binding.Directories[string(given)] != bound.Directory {
			return fmt.Errorf("%w, and can't be taken over", ErrBinding)
		}
		for _, step := range []func(context.Context, *sqlx.Tx, naming.Name) error{nameLinks, nameGroups, nameIntents, nameMarks, nameTold, nameBaseline} {
			if err := step(ctx, tx, given); err != nil {
				return err
			}
		}
		if err := tx.GetContext(ctx, &ended, `SELECT count(*) FROM holds WHERE approved_until IS NOT NULL AND used_at IS NULL`); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM holds`); err != nil {
			return err
		}
		return backend.SetMeta(ctx, tx, backend.MetaBinding, binding)
	})
	return ended, err
}

func nameLinks(ctx context.Context, tx *sqlx.Tx, given naming.Name) error {
	var ids []dirsync.SourceID
	if err := tx.SelectContext(ctx, &ids, `SELECT source_id FROM links ORDER BY source_id`); err != nil {
		return err
	}
	for _, id := range ids {
		var row linkColumns
		if err := tx.GetContext(ctx, &row, selecting[linkColumns](`FROM links WHERE source_id = $1`), id); err != nil {
			return err
		}
		named := given.Link(*row.link())
		if _, err := tx.ExecContext(ctx, `UPDATE links SET source_id = $1, link = $2 WHERE source_id = $3`, named.ID, column.AsJSON(storedOf(&named)), id); err != nil {
			return fmt.Errorf("the link of %s: %w", id, err)
		}
	}
	return nil
}

func nameGroups(ctx context.Context, tx *sqlx.Tx, given naming.Name) error {
	groups, err := readJSON[dirsync.GroupLink](ctx, tx, `SELECT link FROM group_links ORDER BY key`)
	if err != nil {
		return err
	}
	for i := range groups {
		named := given.Group(groups[i])
		if _, err := tx.ExecContext(ctx, `UPDATE group_links SET link = $1 WHERE key = $2`, column.AsJSON(&named), named.Key()); err != nil {
			return err
		}
	}
	return nil
}

func nameIntents(ctx context.Context, tx *sqlx.Tx, given naming.Name) error {
	type row struct {
		Seq int64 `db:"seq"`
		opColumns
	}
	rows, err := readRows[row](ctx, tx, `FROM intents WHERE done_at IS NULL ORDER BY seq`)
	if err != nil {
		return err
	}
	for i := range rows {
		op := given.Op(*rows[i].op())
		if _, err := tx.ExecContext(ctx, `UPDATE intents SET source_id = $1, op = '', packed = $2 WHERE seq = $3`, op.Source, packedOf(&op), rows[i].Seq); err != nil {
			return err
		}
	}
	return nil
}

func nameMarks(ctx context.Context, tx *sqlx.Tx, given naming.Name) error {
	marks, err := readMarks(ctx, tx)
	if err != nil {
		return err
	}
	for _, mark := range marks {
		mark = given.Mark(mark)
		if _, err := tx.ExecContext(ctx, `UPDATE marks SET mark = $1 WHERE duo_id = $2`, column.AsJSON(mark), mark.User); err != nil {
			return err
		}
	}
	return nil
}

func nameTold(ctx context.Context, tx *sqlx.Tx, given naming.Name) error {
	entries, err := readTold(ctx, tx)
	if err != nil {
		return err
	}
	told := make(map[string]dirsync.Told, len(entries))
	for key, entry := range entries {
		var t column.JSON[dirsync.Told]
		if err := t.Scan(entry); err != nil {
			return err
		}
		told[key] = t.V
	}
	return replaceTold(ctx, tx, given.Told(told))
}

func nameBaseline(ctx context.Context, tx *sqlx.Tx, given naming.Name) error {
	before, err := backend.GetMeta[*dirsync.Baseline](ctx, tx, backend.MetaBaseline)
	if err != nil || before == nil {
		return err
	}
	return backend.SetMeta(ctx, tx, backend.MetaBaseline, given.Baseline(before))
}
