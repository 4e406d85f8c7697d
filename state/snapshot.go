package state

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	dirsync "duosync/sync"
)

// Keys of the table meta.
const (
	metaBinding   = "binding"
	metaBaseline  = "baseline"
	metaRefreshed = "refreshed"
	metaPaused    = "paused"
)

// Meta implements dirsync.Store.
func (db *DB) Meta(ctx context.Context) (dirsync.Meta, error) {
	meta, err := db.meta(ctx)
	return meta, db.fail("reading what it knows of itself", err)
}

func (db *DB) meta(ctx context.Context) (m dirsync.Meta, err error) {
	tx, err := db.read.BeginTxx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return m, err
	}
	defer tx.Rollback() //nolint:errcheck // nothing was written
	var binding asJSON[*dirsync.Binding]
	var baseline asJSON[*dirsync.Baseline]
	var paused asJSON[*dirsync.Pause]
	var refreshed asJSON[time.Time]
	if err := errors.Join(
		getMeta(ctx, tx, metaBinding, &binding),
		getMeta(ctx, tx, metaBaseline, &baseline),
		getMeta(ctx, tx, metaRefreshed, &refreshed),
		getMeta(ctx, tx, metaPaused, &paused),
		tx.GetContext(ctx, &m.Links, `SELECT count(*) FROM links`),
	); err != nil {
		return dirsync.Meta{}, err
	}
	m.Binding, m.Baseline, m.Refreshed, m.Paused = binding.V, baseline.V, refreshed.V, paused.V
	return m, nil
}

// getMeta reads one value into dest; a key that is not there leaves dest alone.
func getMeta(ctx context.Context, tx *sqlx.Tx, key string, dest sql.Scanner) error {
	err := tx.QueryRowxContext(ctx, `SELECT value FROM meta WHERE key = ?`, key).Scan(dest)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}

func setMeta[T any](ctx context.Context, tx *sqlx.Tx, key string, value T) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO meta (key, value) VALUES (?, ?)
		ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, asJSON[T]{value})
	return err
}

// Scan implements dirsync.Store. It is one look at one moment: what is written
// meanwhile does not show. visit may use the state. An error of visit is
// returned as it is.
func (db *DB) Scan(ctx context.Context, visit func(dirsync.Brief) error) error {
	const doing = "reading the links"
	rows, err := db.read.QueryContext(ctx, `
		SELECT source_id, duo_id, asked_hash, answered_hash, missing, let_go, active
		FROM links ORDER BY source_id`)
	if err != nil {
		return db.fail(doing, err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		var b dirsync.Brief
		var asked, answered int64
		if err := rows.Scan(&b.ID, &b.User, &asked, &answered, &b.Missing, &b.LetGo, &b.Active); err != nil {
			return db.fail(doing, err)
		}
		b.Asked, b.Answered = dirsync.Hash(asked), dirsync.Hash(answered)
		if err := visit(b); err != nil {
			return err
		}
	}
	return db.fail(doing, rows.Err())
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
		var rows []asJSON[dirsync.Link]
		if err := db.read.SelectContext(ctx, &rows, query, args...); err != nil {
			return nil, db.fail("loading links", err)
		}
		for _, row := range rows {
			links = append(links, row.V)
		}
	}
	return links, nil
}

// Told implements dirsync.Store.
func (db *DB) Told(ctx context.Context) (map[string]dirsync.Told, error) {
	const doing = "reading what was told before"
	entries, err := readTold(ctx, db.read)
	if err != nil {
		return nil, db.fail(doing, err)
	}
	told := make(map[string]dirsync.Told, len(entries))
	for key, entry := range entries {
		var t asJSON[dirsync.Told]
		if err := t.Scan(entry); err != nil {
			return nil, db.fail(doing, err)
		}
		told[key] = t.V
	}
	return told, nil
}

// readTold reads the entries by key, as JSON.
func readTold(ctx context.Context, q sqlx.QueryerContext) (map[string]string, error) {
	var rows []struct {
		Key   string `db:"key"`
		Entry string `db:"entry"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, `SELECT key, entry FROM told`); err != nil {
		return nil, err
	}
	entries := make(map[string]string, len(rows))
	for _, row := range rows {
		entries[row.Key] = row.Entry
	}
	return entries, nil
}

// replaceTold makes the table equal to told, writing only what differs.
func replaceTold(ctx context.Context, tx *sqlx.Tx, told map[string]dirsync.Told) error {
	before, err := readTold(ctx, tx)
	if err != nil {
		return err
	}
	for key := range before {
		if _, ok := told[key]; ok {
			continue
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM told WHERE key = ?`, key); err != nil {
			return err
		}
	}
	for key, t := range told {
		entry, err := asJSON[dirsync.Told]{t}.Value()
		if err != nil {
			return err
		}
		if was, ok := before[key]; ok && was == entry {
			continue
		}
		if _, err := tx.ExecContext(ctx, `
			INSERT INTO told (key, entry) VALUES (?, ?)
			ON CONFLICT (key) DO UPDATE SET entry = excluded.entry`, key, entry); err != nil {
			return err
		}
	}
	return nil
}
