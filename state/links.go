package state

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"duosync/state/backend"
	"duosync/state/column"
	dirsync "duosync/sync"
)

// briefRow is the part of a row of links that a scan reads.
type briefRow struct {
	ID       dirsync.SourceID `db:"source_id"`
	User     string           `db:"duo_id"`
	Asked    int64            `db:"asked_hash"` // the bits of a dirsync.Hash, as the next
	Answered int64            `db:"answered_hash"`
	Missing  bool             `db:"missing"`
	LetGo    bool             `db:"let_go"`
	Active   bool             `db:"active"`
	Pending  bool             `db:"pending"`
	Seen     int64            `db:"seen_hash"`
}

// linkRow is a whole row of links.
type linkRow struct {
	briefRow
	Link     column.JSON[*storedLink] `db:"link"`
	Username column.Text              `db:"username"` // as Duo last answered it
	Origin   dirsync.Origin           `db:"origin"`
	Updated  column.Time              `db:"updated"`
	Seat     int64                    `db:"seat"` // see seatOf
}

func rowOf(l *dirsync.Link, now column.Time) *linkRow {
	b := l.Brief()
	return &linkRow{
		briefRow: briefRow{
			ID: b.ID, User: b.User, Asked: int64(b.Asked), Answered: int64(b.Answered), //nolint:gosec // the bits are meant
			Missing: b.Missing, LetGo: b.LetGo, Active: b.Active, Pending: b.Pending,
			Seen: int64(b.Seen), //nolint:gosec // the bits are meant
		},
		Link: column.AsJSON(storedOf(l)), Username: column.Text(l.Answered.Username), Origin: l.Origin, Updated: now, Seat: seatOf(l),
	}
}

// briefScan takes briefs out of rows, in the order of briefRow's columns. To name no types
// spares database/sql its conversions, which would take most of a scan.
type briefScan struct {
	values [9]any
	into   [9]any // pointers to values
}

func newBriefScan() *briefScan {
	s := &briefScan{}
	for i := range s.values {
		s.into[i] = &s.values[i]
	}
	return s
}

func (s *briefScan) brief(rows *sql.Rows) (b dirsync.Brief, err error) {
	if err := rows.Scan(s.into[:]...); err != nil {
		return b, err
	}
	r := valueReader{values: s.values[:], read: true}
	b = dirsync.Brief{
		ID: dirsync.SourceID(r.text(0)), User: r.text(1), Asked: r.hash(2), Answered: r.hash(3),
		Missing: r.truth(4), LetGo: r.truth(5), Active: r.truth(6), Pending: r.truth(7), Seen: r.hash(8),
	}
	if !r.read {
		return dirsync.Brief{}, fmt.Errorf("the row of %v can't be read", s.values[0])
	}
	return b, nil
}

// valueReader reads values as databases give them; read is false once one is of another kind.
type valueReader struct {
	values []any
	read   bool
}

func (r *valueReader) text(i int) string {
	text, is := r.values[i].(string)
	r.read = r.read && is
	return text
}

func (r *valueReader) hash(i int) dirsync.Hash {
	bits, is := r.values[i].(int64)
	r.read = r.read && is
	return dirsync.Hash(bits) //nolint:gosec // the bits are meant
}

// truth reads a truth value, which SQLite keeps as a number.
func (r *valueReader) truth(i int) bool {
	switch v := r.values[i].(type) {
	case bool:
		return v
	case int64:
		return v != 0
	}
	r.read = false
	return false
}

// CountLinks counts the links. It looks at each of them.
func (db *DB) CountLinks(ctx context.Context) (int, error) {
	var counts []int
	if err := db.conns.Read.SelectContext(ctx, &counts, `SELECT count(*) FROM links`); err != nil {
		return 0, db.fail("counting the links", err)
	}
	if len(counts) == 0 { // a state that is not there
		return 0, nil
	}
	return counts[0], nil
}

// scanPage is how many links Scan reads at a time.
const scanPage = 2000

// Scan implements dirsync.Store. It is one look at one moment: what is written
// meanwhile does not show. visit may use the state. An error of visit is
// returned as it is.
func (db *DB) Scan(ctx context.Context, visit func(dirsync.Brief) error) error {
	const doing = "reading the links"
	moment, end, err := db.moment(ctx)
	if err != nil {
		return db.fail(doing, err)
	}
	defer end()
	query := selecting[briefRow](`FROM links WHERE source_id > $1 ORDER BY source_id LIMIT $2`)
	page := make([]dirsync.Brief, 0, scanPage)
	scan := newBriefScan()
	take := func(rows *sql.Rows) error {
		b, err := scan.brief(rows)
		page = append(page, b)
		return err
	}
	for after := dirsync.SourceID(""); ; {
		page = page[:0]
		if err := backend.EachRow(ctx, moment, take, query, after, scanPage); err != nil {
			return db.fail(doing, err)
		}
		for i := range page {
			if err := visit(page[i]); err != nil {
				return err
			}
		}
		if len(page) < scanPage {
			return nil
		}
		after = page[len(page)-1].ID
	}
}

// loadBatch is how many ids Load asks for in one query.
const loadBatch = 500

// Load implements dirsync.Store. The links come in the order of their ids, each
// once.
func (db *DB) Load(ctx context.Context, ids []dirsync.SourceID) ([]dirsync.Link, error) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	links := make([]dirsync.Link, 0, len(ids))
	for batch := range slices.Chunk(ids, loadBatch) {
		query, args, err := sqlx.In(`FROM links WHERE source_id IN (?) ORDER BY source_id`, batch)
		if err != nil {
			return nil, err
		}
		some, err := readRows[linkColumns](ctx, db.conns.Read, sqlx.Rebind(sqlx.DOLLAR, query), args...)
		if err != nil {
			return nil, db.fail("loading links", err)
		}
		for i := range some {
			links = append(links, *some[i].link())
		}
	}
	return links, nil
}

// OwnerOf gives the person whose link has a Duo user, by the user's id; "": nobody's has.
func (db *DB) OwnerOf(ctx context.Context, user string) (dirsync.SourceID, error) {
	var ids []dirsync.SourceID
	err := db.conns.Read.SelectContext(ctx, &ids, `SELECT source_id FROM links WHERE duo_id = $1 AND duo_id <> ''`, user)
	if err != nil || len(ids) == 0 {
		return "", db.fail("looking for a user's link", err)
	}
	return ids[0], nil
}

// writeLinks gives each link its last word, removals first, so that a user can
// pass from one person to another in one transaction.
func (j *journal) writeLinks(ctx context.Context, tx *sqlx.Tx, outcomes []dirsync.Outcome, now column.Time) error {
	var said lastWords[dirsync.SourceID, dirsync.Link]
	for _, o := range outcomes {
		if o.Link != nil || !o.Same && !o.Keep {
			said.say(o.Source, o.Link)
		}
	}
	remove, put := tx.StmtxContext(ctx, j.stmts.unlink), tx.StmtxContext(ctx, j.stmts.link)
	row := column.Of[linkRow]()
	for _, id := range said.keys {
		if said.last[id] != nil {
			continue
		}
		if _, err := remove.ExecContext(ctx, id); err != nil {
			return err
		}
	}
	for _, id := range said.keys {
		l := said.last[id]
		if l == nil {
			continue
		}
		if l.ID != id {
			return fmt.Errorf("the outcome for %s brings the link of %s", id, l.ID)
		}
		if _, err := put.ExecContext(ctx, row.Values(rowOf(l, now))...); err != nil {
			return fmt.Errorf("the link of %s to Duo user %s: %w", l.ID, l.User, err)
		}
	}
	return nil
}

// lastWords is what outcomes say of links, each key with what was said last: its
// link, or nil for one that is removed.
type lastWords[K comparable, Link any] struct {
	keys []K // in the order of their first word
	last map[K]*Link
}

func (w *lastWords[K, Link]) say(key K, link *Link) {
	if w.last == nil {
		w.last = map[K]*Link{}
	}
	if _, said := w.last[key]; !said {
		w.keys = append(w.keys, key)
	}
	w.last[key] = link
}
