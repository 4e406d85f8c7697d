package byhand

import (
	"context"
	"time"

	"duosync/cmd/internal/past"
	"duosync/cmd/internal/report"
	"duosync/cmd/internal/wire"
	"duosync/state"
	dirsync "duosync/sync"
)

// Pause stops all writing to Duo. It gives the state that it did so in; nil: none.
func Pause(ctx context.Context, at *wire.Spot, reason, by string) (done *report.Place, err error) {
	err = at.Change(ctx, func(db *state.DB) error {
		if err := db.Pause(ctx, dirsync.Pause{Since: time.Now(), Reason: reason, By: by}); err != nil {
			return err
		}
		done = placeOf(ctx, db)
		return nil
	})
	return done, err
}

// Resume lets writing go on. It tells whether that was paused, and in which state; nil: it
// was not done.
func Resume(ctx context.Context, at *wire.Spot, by string) (paused bool, done *report.Place, err error) {
	err = at.Change(ctx, func(db *state.DB) (err error) {
		if paused, err = db.Resume(ctx, by); err == nil {
			done = placeOf(ctx, db)
		}
		return err
	})
	return paused, done, err
}

// placeOf names a state that was changed: by its name alone, where more can't be read.
func placeOf(ctx context.Context, db *state.DB) *report.Place {
	place, err := past.PlaceOf(ctx, db)
	if err != nil {
		return &report.Place{Path: db.Name(), Exists: true}
	}
	return place
}
