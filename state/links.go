package state

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"duosync/state/column"
	dirsync "duosync/sync"
)

// writeLinks gives each link its last word, removals first, so that a user can
// pass from one person to another in one transaction.
func (j *journal) writeLinks(ctx context.Context, tx *sqlx.Tx, outcomes []dirsync.Outcome, now column.Time) error {
	last := make(map[dirsync.SourceID]int, len(outcomes))
	for i, o := range outcomes {
		if o.Link != nil || (!o.Same && !o.Keep) {
			last[o.Source] = i
		}
	}
	unlink, link := tx.StmtxContext(ctx, j.stmts.unlink), tx.StmtxContext(ctx, j.stmts.link)
	for i, o := range outcomes {
		if at, ok := last[o.Source]; ok && at == i && o.Link == nil {
			if _, err := unlink.ExecContext(ctx, o.Source); err != nil {
				return err
			}
		}
	}
	for i, o := range outcomes {
		if at, ok := last[o.Source]; !ok || at != i || o.Link == nil {
			continue
		}
		l := o.Link
		if l.ID != o.Source {
			return fmt.Errorf("the outcome for %s brings the link of %s", o.Source, l.ID)
		}
		b := l.Brief()
		if _, err := link.ExecContext(ctx, b.ID, column.AsJSON(l), b.User, column.Text(l.Answered.Username), l.Origin,
			int64(b.Asked), int64(b.Answered), b.Missing, b.LetGo, b.Active, b.Pending, int64(b.Seen), now); err != nil {
			return fmt.Errorf("the link of %s to Duo user %s: %w", l.ID, l.User, err)
		}
	}
	return nil
}
