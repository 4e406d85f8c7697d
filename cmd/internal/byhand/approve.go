package byhand

import (
	"context"
	"fmt"
	"time"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/wire"
	"duosync/state"
	dirsync "duosync/sync"
)

// Approve lets what is held under an id go through, once, for so long from now. It
// gives the approval, with all who have given it, once that is written down. by is who asks for it, as in the functions
// below.
func Approve(ctx context.Context, cfg *config.Config, id string, forSoLong time.Duration, by string) (done *dirsync.Approval, err error) {
	err = withOurState(ctx, cfg, func(db *state.DB) error {
		approval, err := wire.ApprovalOf(ctx, db, wire.BindingOf(cfg), id)
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
		approval.By, done = dirsync.JoinNames(before, by), approval
		return nil
	})
	return done, err
}

// Revoke takes the approval of an id back, and tells whether it did.
func Revoke(ctx context.Context, cfg *config.Config, id, by string) (done bool, err error) {
	err = withOurState(ctx, cfg, func(db *state.DB) error {
		if done, err = db.Revoke(ctx, id, by); err != nil || done {
			return err
		}
		return dirsync.WithHint(fmt.Errorf("nothing is approved under the ID %s", dirsync.Quote(id)), "`duosync approve` lists what is; each approval can be used once.")
	})
	return done, err
}

// withOurState opens the state for one change, where it is that of the configuration.
func withOurState(ctx context.Context, cfg *config.Config, do func(*state.DB) error) error {
	return wire.WithState(ctx, cfg, func(db *state.DB) error {
		if err := db.Check(ctx, wire.BindingOf(cfg)); err != nil {
			return err
		}
		return do(db)
	})
}
