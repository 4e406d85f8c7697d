package state

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jmoiron/sqlx"

	"duosync/state/backend"
	"duosync/state/column"
	dirsync "duosync/sync"
)

// Told implements dirsync.Store.
func (db *DB) Told(ctx context.Context) (map[string]dirsync.Told, error) {
	const doing = "reading what was told before"
	entries, err := readTold(ctx, db.conns.Read)
	if err != nil {
		return nil, db.fail(doing, err)
	}
	told := make(map[string]dirsync.Told, len(entries))
	for key, entry := range entries {
		var t column.JSON[dirsync.Told]
		if err := t.Scan(entry); err != nil {
			return nil, db.fail(doing, err)
		}
		told[key] = t.V
	}
	return told, nil
}

// readTold reads the entries by key, as JSON.
func readTold(ctx context.Context, from backend.Reader) (map[string]string, error) {
	type row struct {
		Key   string `db:"key"`
		Entry string `db:"entry"`
	}
	rows, err := readRows[row](ctx, from, `FROM told`)
	if err != nil {
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
		if _, err := tx.ExecContext(ctx, `DELETE FROM told WHERE key = $1`, key); err != nil {
			return err
		}
	}
	for key, t := range told {
		entry, err := column.AsJSON(t).Value()
		if err != nil {
			return err
		}
		if was, ok := before[key]; ok && was == entry {
			continue
		}
		if _, err := tx.ExecContext(ctx, column.Upsert("told", "key", "entry"), key, entry); err != nil {
			return err
		}
	}
	return nil
}

// Notified gives what each channel of the section notify has taken last, as [DB.Notify]
// keeps it. A channel that has taken nothing is not among them.
func (db *DB) Notified(ctx context.Context) (map[string]json.RawMessage, error) {
	type row struct {
		Channel string `db:"channel"`
		Memory  string `db:"memory"`
	}
	rows, err := readRows[row](ctx, db.conns.Read, `FROM notified`)
	if err != nil {
		return nil, db.fail("reading what people were notified of", err)
	}
	all := make(map[string]json.RawMessage, len(rows))
	for _, row := range rows {
		all[row.Channel] = json.RawMessage(row.Memory)
	}
	return all, nil
}

// Notify keeps what a channel has taken, in the place of what was kept for it before. It
// touches nothing that runs go by.
func (db *DB) Notify(ctx context.Context, channel string, memory json.RawMessage) error {
	return db.update(ctx, "keeping what people were notified of", func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, column.Upsert("notified", "channel", "memory"), channel, string(memory))
		return err
	})
}

// What troubles are kept by: the audit file, and the channels of the section notify.
const (
	TroubleAudit   = "audit"
	TroubleWebhook = "webhook"
	TroubleEmail   = "email"
)

// Trouble is something beside the runs that does not work: the audit file, a channel of the
// section notify. It stops no run, so it is kept to be told wherever it is asked how things are.
type Trouble struct {
	Since time.Time `json:"since"`
	Why   string    `json:"why"`
}

// Troubles gives what does not work, by what [DB.Trouble] calls it.
func (db *DB) Troubles(ctx context.Context) (map[string]Trouble, error) {
	all, err := backend.GetMeta[map[string]Trouble](ctx, db.conns.Read, backend.MetaTroubles)
	if err != nil {
		return nil, db.fail("reading what does not work", err)
	}
	return all, nil
}

// Trouble keeps why something does not work; "" ends that. It writes nothing where that is known.
func (db *DB) Trouble(ctx context.Context, what, why string) error {
	if all, err := db.Troubles(ctx); err != nil || all[what].Why == why {
		return err
	}
	return db.update(ctx, "keeping what does not work", func(tx *sqlx.Tx) error {
		all, err := backend.GetMeta[map[string]Trouble](ctx, tx, backend.MetaTroubles)
		if err != nil {
			return err
		}
		if all == nil {
			all = map[string]Trouble{}
		}
		t, stands := all[what]
		if !stands {
			t.Since = db.opts.Now().UTC()
		}
		if t.Why = why; why == "" {
			delete(all, what)
		} else {
			all[what] = t
		}
		return backend.SetMeta(ctx, tx, backend.MetaTroubles, all)
	})
}
