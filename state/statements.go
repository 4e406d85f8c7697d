package state

import (
	"context"
	"errors"

	"github.com/jmoiron/sqlx"

	"duosync/state/backend"
	"duosync/state/column"
)

// statements are those that run for each operation.
type statements struct {
	alive, intend, done, doneSeq, link, unlink, group, ungroup *sqlx.Stmt

	all []*sqlx.Stmt
}

// newest finds the newest open intent of a person in a run. That the run is an expression keeps
// SQLite from the index of runs, in which it would pass, from the run's last intent backwards,
// all that came after; the open ones have an index by person.
const newest = `(SELECT max(seq) FROM intents WHERE source_id = $3 AND run_id || '' = $4 AND done_at IS NULL)`

// prepare compiles the statements. lease is what an intent has in this kind of database
// only.
func (s *statements) prepare(ctx context.Context, write *sqlx.DB, lease []backend.Column) error {
	intent := []string{"run_id", "source_id", "op", "packed", "at", "note"}
	for _, column := range lease {
		intent = append(intent, column.Name)
	}
	for _, one := range []struct {
		stmt **sqlx.Stmt
		text string
	}{
		{&s.alive, `SELECT count(*) FROM runs WHERE id = $1 AND outcome = ''`},
		{&s.intend, column.Insert("intents", intent...)},
		{&s.done, `UPDATE intents SET done_at = $1, note = $2 WHERE seq = ` + newest},
		{&s.doneSeq, `UPDATE intents SET done_at = $1, note = $2 WHERE seq = $3 AND source_id = $4 AND done_at IS NULL`},
		{&s.link, column.Upsert("links", column.Of[linkRow]().Names...)},
		{&s.unlink, `DELETE FROM links WHERE source_id = $1`},
		{&s.group, column.Insert("group_links", "key", "link", "duo_id", "origin")},
		{&s.ungroup, `DELETE FROM group_links WHERE key = $1`},
	} {
		stmt, err := write.PreparexContext(ctx, one.text) //nolint:sqlclosecheck // release closes it
		if err != nil {
			return err
		}
		*one.stmt, s.all = stmt, append(s.all, stmt)
	}
	return nil
}

// release frees the statements of a run that is over.
func (s *statements) release() error {
	var errs []error
	for _, stmt := range s.all {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(errs...)
}
