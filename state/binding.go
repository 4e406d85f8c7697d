package state

import (
	"context"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"duosync/state/backend"
	dirsync "duosync/sync"
)

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
		return backend.SetMeta(ctx, tx, backend.MetaBinding, b)
	})
}

func compareBinding(bound, b dirsync.Binding) error {
	if bound == b {
		return nil
	}
	var differs []string
	for _, part := range []struct{ name, bound, now string }{
		{"Duo host", bound.Host, b.Host},
		{"integration key", bound.Key, b.Key},
		{"directory", bound.Directory, b.Directory},
	} {
		if part.bound != part.now {
			differs = append(differs, fmt.Sprintf("its %s is %q, not %q", part.name, part.bound, part.now))
		}
	}
	advice := "put the old value back, or set state.dsn to a state of its own"
	if bound.Host == b.Host && bound.Directory == b.Directory {
		advice += "; if these are new keys of the same account, `duosync rebuild` binds the state to them"
	}
	return dirsync.WithHint(fmt.Errorf("%w: %s", ErrBinding, strings.Join(differs, ", ")), advice)
}

// readBinding returns whose state it is, or nil.
func readBinding(ctx context.Context, tx *sqlx.Tx) (*dirsync.Binding, error) {
	return backend.GetMeta[*dirsync.Binding](ctx, tx, backend.MetaBinding)
}
