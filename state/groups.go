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
	var rows []column.JSON[dirsync.GroupLink]
	if err := db.conns.Read.SelectContext(ctx, &rows, `SELECT link FROM group_links ORDER BY key`); err != nil {
		return nil, db.fail("reading the groups", err)
	}
	groups := make([]dirsync.GroupLink, 0, len(rows))
	for _, row := range rows {
		groups = append(groups, row.V)
	}
	return groups, nil
}

// writeGroups gives the link of each group its last word. All that are spoken of
// are removed first, so that groups can change their names, and change places, in
// one transaction.
func (j *journal) writeGroups(ctx context.Context, tx *sqlx.Tx, outcomes []dirsync.Outcome) error {
	last := map[string]*dirsync.GroupLink{} // by key; nil: dropped
	var keys []string                       // in the order of their first word
	say := func(key string, link *dirsync.GroupLink) {
		if _, said := last[key]; !said {
			keys = append(keys, key)
		}
		last[key] = link
	}
	for _, o := range outcomes {
		if o.DropGroup != "" {
			say(o.DropGroup, nil)
		}
		if o.Group != nil {
			say(o.Group.Key(), o.Group)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	drop, put := tx.StmtxContext(ctx, j.stmts.ungroup), tx.StmtxContext(ctx, j.stmts.group)
	for _, key := range keys {
		if _, err := drop.ExecContext(ctx, key); err != nil {
			return err
		}
	}
	for _, key := range keys {
		g := last[key]
		if g == nil {
			continue
		}
		if _, err := put.ExecContext(ctx, key, column.AsJSON(g), g.ID, g.Origin); err != nil {
			return fmt.Errorf("the link of group %s to Duo group %s: %w", dirsync.Quote(g.Name), g.ID, err)
		}
	}
	return nil
}
