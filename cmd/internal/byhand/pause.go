package byhand

import (
	"context"
	"time"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/wire"
	"duosync/state"
	dirsync "duosync/sync"
)

// Pause stops all writing to Duo, and tells whether it did.
func Pause(ctx context.Context, cfg *config.Config, reason, by string) (done bool, err error) {
	err = wire.WithState(ctx, cfg, func(db *state.DB) error {
		err := db.Pause(ctx, dirsync.Pause{Since: time.Now(), Reason: reason, By: by})
		done = err == nil
		return err
	})
	return done, err
}

// Resume lets writing go on. It tells whether it did, and whether that was paused.
func Resume(ctx context.Context, cfg *config.Config, by string) (done, paused bool, err error) {
	err = wire.WithState(ctx, cfg, func(db *state.DB) (err error) {
		paused, err = db.Resume(ctx, by)
		done = err == nil
		return err
	})
	return done, paused, err
}
