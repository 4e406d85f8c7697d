package byhand

import (
	"context"
	"fmt"
	"time"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/past"
	"duosync/cmd/internal/wire"
	"duosync/state"
	dirsync "duosync/sync"
	"duosync/sync/engine"
)

// Undo makes the run that undoes another one, and gives the other's id.
func Undo(ctx context.Context, loaded *config.Loaded, setup wire.Setup, name string, write bool, observer dirsync.Observer) (run *dirsync.Run, undoes string) {
	now := time.Now()
	id := wire.NewRunID(now)
	begun := wire.Begun{ID: id, By: setup.By, DryRun: !write, At: now}
	holder, err := state.Holder(loaded.Config.State.DSN.Reveal())
	if err != nil {
		return wire.Ended(nil, begun, err), ""
	}
	err = wire.WithBench(ctx, loaded, setup, !write, observer, func(b *wire.Bench) error {
		if err := b.Store.Check(ctx, b.Binding); err != nil {
			return err
		}
		other, err := past.Pick(ctx, b.Store, name)
		if err != nil {
			return err
		}
		if !write && past.UnderWay(other, holder, now) {
			return dirsync.WithHint(fmt.Errorf("the run %s is still under way", other.ID), "Wait until it has ended; `duosync pause` ends it before its next call.")
		}
		undoes = other.ID
		removed, err := past.Removed(ctx, b.Store, other.ID)
		if err != nil {
			return err
		}
		nothing := len(removed) == 0 // to undo nothing leaves no trace
		run = b.Engine.Undo(ctx, engine.Options{RunID: id, DryRun: !write || nothing}, other.ID, removed)
		if nothing && run.Err == nil {
			did, err := past.LastRemoval(ctx, b.Store, other.ID)
			if did != "" {
				did = "; the newest that did is " + did
			}
			run.Warnings = append(run.Warnings, fmt.Sprintf("run %s took nothing from anybody%s", other.ID, did))
			return err
		}
		return nil
	})
	return wire.Ended(run, begun, err), undoes
}
