package state

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"duosync/state/backend"
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
	if err := db.conns.Read.SelectContext(ctx, &rows, `SELECT key, value FROM meta`); err != nil {
		return m, err
	}
	into := map[string]any{
		backend.MetaBinding: &m.Binding, backend.MetaBaseline: &m.Baseline, backend.MetaRefreshed: &m.Refreshed, backend.MetaPaused: &m.Paused,
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

// Check fails with ErrBinding when the state belongs to another Duo account or
// directory than b, and says what differs. A state that was never used with a
// Duo account belongs to nobody yet.
func (db *DB) Check(ctx context.Context, b dirsync.Binding) error {
	meta, err := db.Meta(ctx)
	if err != nil || meta.Binding == nil {
		return err
	}
	return db.fail("checking whose it is", compareBinding(*meta.Binding, b))
}

// Rebind makes the state belong to b from now on, whatever it was bound to. It
// is for new keys of the same account, once it is known to be the same.
func (db *DB) Rebind(ctx context.Context, b dirsync.Binding) error {
	return db.update(ctx, "binding it anew", func(tx *sqlx.Tx) error {
		bound, err := backend.GetMeta[dirsync.Binding](ctx, tx, backend.MetaBinding)
		if err != nil {
			return err
		}
		return backend.SetMeta(ctx, tx, backend.MetaBinding, b.Joined(bound))
	})
}

func compareBinding(bound, b dirsync.Binding) error {
	type part struct{ name, bound, now string }
	parts := []part{{"Duo host", bound.Host, b.Host}, {"integration key", bound.Key, b.Key}}
	advice := "put the old value back, or set state.dsn to a state of its own"
	switch {
	case bound.Directories == nil && b.Directories == nil:
		parts = append(parts, part{"directory", bound.Directory, b.Directory})
	case b.Directories == nil:
		parts = append(parts, part{"directories", bound.Where(), "without a name: " + b.Directory})
		advice = "the directories of this state have names: write them as `directories`, each with its name, in place of `ldap`"
	case bound.Directories == nil:
		parts = append(parts, part{"directory", bound.Directory, b.Where()})
		advice = "the next `duosync sync` takes the state over where one of the directories is that one; else " + advice
	}
	for _, name := range slices.Sorted(maps.Keys(b.Directories)) {
		if was, known := bound.Directories[name]; known {
			parts = append(parts, part{"directory " + name, was, b.Directories[name]})
		}
	}
	var differs []string
	for _, p := range parts {
		if p.bound != p.now {
			differs = append(differs, fmt.Sprintf("its %s is %q, not %q", p.name, p.bound, p.now))
		}
	}
	if len(differs) == 0 {
		return nil
	}
	if len(differs) == 1 && bound.Key != b.Key {
		advice += "; if these are new keys of the same account, `duosync rebuild` binds the state to them"
	}
	return dirsync.WithHint(fmt.Errorf("%w: %s", ErrBinding, strings.Join(differs, ", ")), advice)
}

// Pause stops all writing to Duo, also that of a run under way, which ends
// before its next call. A later pause replaces the reason.
func (db *DB) Pause(ctx context.Context, p dirsync.Pause) error {
	return db.update(ctx, "pausing", func(tx *sqlx.Tx) error {
		if err := db.database.Exclude(ctx, tx); err != nil {
			return err
		}
		if err := backend.SetMeta(ctx, tx, backend.MetaPaused, p); err != nil {
			return err
		}
		return db.note(ctx, tx, Act{By: p.By, What: ActPause, Reason: p.Reason})
	})
}

// Resume lifts a pause. It reports whether there was one. by is who asked for it.
func (db *DB) Resume(ctx context.Context, by string) (paused bool, err error) {
	err = db.update(ctx, "resuming", func(tx *sqlx.Tx) error {
		result, err := tx.ExecContext(ctx, `DELETE FROM meta WHERE key = $1`, backend.MetaPaused)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		if paused = n > 0; err != nil || !paused {
			return err
		}
		return db.note(ctx, tx, Act{By: by, What: ActResume})
	})
	return paused && err == nil, err
}
