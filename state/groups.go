package state

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"duosync/state/column"
	dirsync "duosync/sync"
)

// Groups implements dirsync.Store.
func (db *DB) Groups(ctx context.Context) ([]dirsync.GroupLink, error) {
	groups, err := readJSON[dirsync.GroupLink](ctx, db.conns.Read, `SELECT link FROM group_links ORDER BY key`)
	return groups, db.fail("reading the groups", err)
}

// writeGroups gives the link of each group its last word. All that are spoken of
// are removed first, so that groups can change their names, and change places, in
// one transaction.
func (j *journal) writeGroups(ctx context.Context, tx *sqlx.Tx, outcomes []dirsync.Outcome) error {
	var said lastWords[string, dirsync.GroupLink]
	for _, o := range outcomes {
		if o.DropGroup != "" {
			said.say(o.DropGroup, nil)
		}
		if o.Group != nil {
			said.say(o.Group.Key(), o.Group)
		}
	}
	remove, put := tx.StmtxContext(ctx, j.stmts.ungroup), tx.StmtxContext(ctx, j.stmts.group)
	for _, key := range said.keys {
		if _, err := remove.ExecContext(ctx, key); err != nil {
			return err
		}
	}
	for _, key := range said.keys {
		g := said.last[key]
		if g == nil {
			continue
		}
		if _, err := put.ExecContext(ctx, key, column.AsJSON(g), g.ID, g.Origin); err != nil {
			return fmt.Errorf("the link of group %s to Duo group %s: %w", dirsync.Quote(g.Name), g.ID, err)
		}
	}
	return nil
}
