package state

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"duosync/state/backend"
	"duosync/state/column"
	dirsync "duosync/sync"
)

// Meta implements dirsync.Store.
func (db *DB) Meta(ctx context.Context) (dirsync.Meta, error) {
	meta, err := db.meta(ctx)
	return meta, db.fail("reading what it knows of itself", err)
}

func (db *DB) meta(ctx context.Context) (m dirsync.Meta, err error) {
	var rows []struct {
		Key   string `db:"key"`
		Value string `db:"value"`
	}
	// In one statement: it is to be of one moment.
	if err := db.conns.Read.SelectContext(ctx, &rows, `
		SELECT key, value FROM meta
		UNION ALL SELECT 'links', CAST(count(*) AS TEXT) FROM links`); err != nil {
		return m, err
	}
	into := map[string]any{
		backend.MetaBinding: &m.Binding, backend.MetaBaseline: &m.Baseline, backend.MetaRefreshed: &m.Refreshed, backend.MetaPaused: &m.Paused,
		"links": &m.Links,
	}
	for _, row := range rows {
		if dest, ok := into[row.Key]; ok {
			if err := json.Unmarshal([]byte(row.Value), dest); err != nil {
				return dirsync.Meta{}, fmt.Errorf("%s: %w", row.Key, err)
			}
		}
	}
	if db.database.IsRestored() {
		m.Refreshed = time.Time{}
	}
	return m, nil
}

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
	page := make([]briefRow, 0, scanPage)
	for after := dirsync.SourceID(""); ; {
		page = page[:0]
		if err := moment.SelectContext(ctx, &page, `
			SELECT source_id, duo_id, asked_hash, answered_hash, missing, let_go, active, pending, seen_hash
			FROM links WHERE source_id > $1 ORDER BY source_id LIMIT $2`, after, scanPage); err != nil {
			return db.fail(doing, err)
		}
		for i := range page {
			if err := visit(page[i].brief()); err != nil {
				return err
			}
		}
		if len(page) < scanPage {
			return nil
		}
		after = page[len(page)-1].ID
	}
}

// scanPage is how many links Scan reads at a time.
const scanPage = 2000

type briefRow struct {
	ID       dirsync.SourceID `db:"source_id"`
	User     string           `db:"duo_id"`
	Asked    int64            `db:"asked_hash"`
	Answered int64            `db:"answered_hash"`
	Missing  bool             `db:"missing"`
	LetGo    bool             `db:"let_go"`
	Active   bool             `db:"active"`
	Pending  bool             `db:"pending"`
	Seen     int64            `db:"seen_hash"`
}

func (r *briefRow) brief() dirsync.Brief {
	return dirsync.Brief{
		ID: r.ID, User: r.User, Asked: dirsync.Hash(r.Asked), Answered: dirsync.Hash(r.Answered),
		Missing: r.Missing, LetGo: r.LetGo, Active: r.Active, Pending: r.Pending,
		Seen: dirsync.Hash(r.Seen),
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
		query, args, err := sqlx.In(`SELECT link FROM links WHERE source_id IN (?) ORDER BY source_id`, batch)
		if err != nil {
			return nil, err
		}
		var rows []column.JSON[dirsync.Link]
		if err := db.conns.Read.SelectContext(ctx, &rows, sqlx.Rebind(sqlx.DOLLAR, query), args...); err != nil {
			return nil, db.fail("loading links", err)
		}
		for _, row := range rows {
			links = append(links, row.V)
		}
	}
	return links, nil
}
