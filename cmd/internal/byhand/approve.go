package byhand

import (
	"context"
	"fmt"
	"time"

	"duosync/cmd/internal/report"
	"duosync/cmd/internal/wire"
	"duosync/state"
	dirsync "duosync/sync"
)

// Approve lets what is held under an id go through, once, for so long from now. It
// gives the approval, with all who have given it, once that is written down, and the state.
// by is who asks for it, as in the functions below.
func Approve(ctx context.Context, at *wire.Spot, id string, forSoLong time.Duration, by string) (done *dirsync.Approval, place *report.Place, err error) {
	err = at.ChangeOwn(ctx, func(db *state.DB) error {
		approval, err := wire.ApprovalOf(ctx, db, at.Binding, id)
		if err != nil {
			return err
		}
		now, before := time.Now(), ""
		if approval.Until.After(now) {
			before = approval.By
		}
		approval.Until, approval.By = now.Add(forSoLong), by
		if err := db.Approve(ctx, *approval); err != nil {
			return err
		}
		approval.By, done, place = dirsync.JoinNames(before, by), approval, placeOf(ctx, db)
		return nil
	})
	return done, place, err
}

// Revoke takes the approval of an id back. It gives the state that it did so in; nil: none.
func Revoke(ctx context.Context, at *wire.Spot, id, by string) (place *report.Place, err error) {
	err = at.ChangeOwn(ctx, func(db *state.DB) error {
		done, err := db.Revoke(ctx, id, by)
		switch {
		case err != nil:
			return err
		case !done:
			return dirsync.WithHint(fmt.Errorf("nothing is approved under the ID %s", dirsync.Quote(id)), "`duosync approve` lists what is; each approval can be used once.")
		}
		place = placeOf(ctx, db)
		return nil
	})
	return place, err
}
