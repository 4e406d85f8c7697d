package byhand

import (
	"context"
	"errors"
	"fmt"
	"time"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/wire"
	"duosync/state"
	dirsync "duosync/sync"
	"duosync/sync/engine"
)

// RebuildOptions say what is paired anew.
type RebuildOptions struct {
	Only  string // a mapped username; "": everybody
	Write bool   // write the state; else only show what would be written
}

// Rebuild pairs anew, and gives the integration key that the state belonged to where
// that changes.
func Rebuild(ctx context.Context, loaded *config.Loaded, setup wire.Setup, asked RebuildOptions, observer dirsync.Observer) (rebuilt *dirsync.Rebuilt, formerKey string) {
	now := time.Now()
	write := asked.Write
	opts := engine.Options{RunID: wire.NewRunID(now), DryRun: !write, Only: asked.Only}
	rebuilt = &dirsync.Rebuilt{}
	err := wire.WithBench(ctx, loaded, setup, !write, observer, func(b *wire.Bench) (err error) {
		if formerKey, err = otherKey(ctx, b); err != nil {
			return err
		}
		if formerKey == "" {
			if err := noteRebuild(ctx, b, opts); err != nil {
				return err
			}
			rebuilt = b.Engine.Rebuild(ctx, opts)
			return nil
		}
		look := opts
		look.DryRun = true
		if rebuilt = b.Engine.Rebuild(ctx, look); rebuilt.Err != nil {
			return nil
		}
		if err := sameAccount(rebuilt, formerKey); err != nil || !write {
			return err
		}
		if meta, err := b.Store.Meta(ctx); err != nil || meta.Paused != nil {
			return errors.Join(err, paused(meta))
		}
		if err := noteRebuild(ctx, b, opts); err != nil {
			return err
		}
		if err := b.Store.Rebind(ctx, b.Binding); err != nil {
			return err
		}
		rebuilt = b.Engine.Rebuild(ctx, opts)
		return nil
	})
	rebuilt.Run = wire.Ended(rebuilt.Run, wire.Begun{ID: opts.RunID, By: setup.By, Command: setup.Command, Flags: loaded.Flags(), DryRun: !write, At: now, Binding: wire.BindingOf(&loaded.Config)}, err)
	return rebuilt, formerKey
}

// noteRebuild notes who pairs anew, before it is done.
func noteRebuild(ctx context.Context, b *wire.Bench, opts engine.Options) error {
	if opts.DryRun {
		return nil
	}
	return b.Store.Note(ctx, state.Act{What: state.ActRebuild, By: b.By, Reason: opts.Only, ActDetails: state.ActDetails{Run: opts.RunID}})
}

// otherKey gives the integration key that the state belongs to, where that is all in
// which its owner differs from the configuration; "" where nothing differs. Any
// other difference is an error.
func otherKey(ctx context.Context, b *wire.Bench) (string, error) {
	meta, err := b.Store.Meta(ctx)
	if err != nil || meta.Binding == nil {
		return "", err
	}
	as := b.Binding
	as.Key = meta.Binding.Key
	if err := b.Store.Check(ctx, as); err != nil {
		return "", fmt.Errorf("rebuild changes the integration key only, and a host is an account of its own: %w", err)
	}
	if as.Key == b.Binding.Key {
		return "", nil
	}
	return as.Key, nil
}

// sameAccount fails unless enough of the users whom the state knows are in the
// account of the new keys.
func sameAccount(b *dirsync.Rebuilt, formerKey string) error {
	if 10*b.Found >= 9*b.Known {
		return nil
	}
	return dirsync.WithHint(fmt.Errorf("of %d users whom the state knows under the integration key %s, %d are in the account of the new one; at least 9 of 10 must be",
		b.Known, formerKey, b.Found), "Take keys of the account that the state belongs to, or set state.dsn to a new state. Nothing was written.")
}

func paused(meta dirsync.Meta) error {
	if meta.Paused == nil {
		return nil
	}
	return dirsync.WithHint(meta.Paused, "Dry runs go on; `duosync resume` lets writing go on.")
}
