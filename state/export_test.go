package state

import (
	"context"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// WithStatfs looks at file systems through statfs.
func (o Options) WithStatfs(statfs func(string, *unix.Statfs_t) error) Options {
	o.statfs = statfs
	return o
}

// WithClone has files share what they hold through clone.
func (o Options) WithClone(clone func(to, from *os.File) error) Options {
	o.clone = clone
	return o
}

// LimitPages lets the database grow by no more than extra pages, as a disk that
// fills up would.
func (db *DB) LimitPages(ctx context.Context, extra int) error {
	var pages int
	if err := db.conns.Write.GetContext(ctx, &pages, `PRAGMA page_count`); err != nil {
		return err
	}
	return db.Exec(ctx, fmt.Sprintf(`PRAGMA max_page_count = %d`, pages+extra))
}

// Exec runs SQL over the connection that writes.
func (db *DB) Exec(ctx context.Context, query string) error {
	_, err := db.conns.Write.ExecContext(ctx, query)
	return err
}

// PlanOfNewest tells how SQLite finds the intent that an outcome closes.
func (db *DB) PlanOfNewest(ctx context.Context) (plan string, err error) {
	var steps []struct {
		ID, Parent, NotUsed int
		Detail              string
	}
	err = db.conns.Write.SelectContext(ctx, &steps, `EXPLAIN QUERY PLAN SELECT `+newest, nil, nil, "", "")
	return fmt.Sprint(steps), err
}

// Setting is a setting of the connection that writes to PostgreSQL.
func (db *DB) Setting(ctx context.Context, name string) (value string, err error) {
	err = db.conns.Write.GetContext(ctx, &value, `SELECT current_setting($1)`, name)
	return value, err
}
