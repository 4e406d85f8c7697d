package state

import (
	"context"
	"errors"
	"fmt"
)

// Advice is advice, for its table.
var Advice = advice

// ParseDSN is parseDSN, to be fuzzed.
var ParseDSN = parseDSN

// Sight is sight, to see which changes spoil a copy.
type Sight struct{ s sight }

// Look looks at the files of the database at path.
func Look(path string) (Sight, error) {
	s, err := look(path)
	return Sight{s}, err
}

// Holds tells whether a copy made between the two looks is whole.
func (a Sight) Holds(b Sight) bool { return a.s.holds(b.s) }

// LimitPages lets the database grow by no more than extra pages, as a disk that
// fills up would.
func (db *DB) LimitPages(ctx context.Context, extra int) error {
	var pages int
	if err := db.write.GetContext(ctx, &pages, `PRAGMA page_count`); err != nil {
		return err
	}
	_, err := db.write.ExecContext(ctx, fmt.Sprintf(`PRAGMA max_page_count = %d`, pages+extra))
	return err
}

// MakeOld makes a state at path whose schema is version.
func MakeOld(ctx context.Context, path string, version int64) error {
	db, err := connect(path, nil)
	if err != nil {
		return err
	}
	m, err := migrator(db)
	if err == nil {
		_, err = m.UpTo(ctx, version)
	}
	return errors.Join(err, db.Close())
}

// Exec runs SQL on a connection of its own, as another program would.
func Exec(ctx context.Context, path, query string) error {
	return ExecAnd(ctx, path, query, func() error { return nil })
}

// ExecAnd runs SQL, and then still before that connection is closed and the log
// moved into the file.
func ExecAnd(ctx context.Context, path, query string, still func() error) error {
	db, err := connect(path, nil)
	if err != nil {
		return err
	}
	if _, err = db.ExecContext(ctx, query); err == nil {
		err = still()
	}
	return errors.Join(err, db.Close())
}
