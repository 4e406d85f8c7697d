package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/report"
	dirsync "duosync/sync"
)

type rebuildOptions struct {
	listOptions
	only  string
	write bool
}

func newRebuildCommand(a *app) *cobra.Command {
	var opts rebuildOptions
	cmd := &cobra.Command{
		Use:   "rebuild",
		Short: "Pair the directory and Duo anew after the state was lost, or ids have changed",
		Long: `rebuild reads the whole directory and all of Duo, and pairs people in scope with the
users of the same username, groups that sync.groups mirrors with those of the same
name. It writes the state only, and nothing to Duo, ever. What the state knows
already is kept.

Where the directory's ids have changed, a person who is missing under the old id goes
on under the new one: the same username and e-mail address (or, without any, the same
full name), and the only one in scope. --only USER does that for one person.

It shows what it would do and writes nothing, unless --write is given.

Nobody knows any more who was made by duosync. So everybody who is paired counts as
taken over: never deleted, only disabled or trashed; and phones and memberships that
are there now stay when the directory drops them. Read the report: whoever has a name
of somebody in the directory becomes duosync's own.

The state belongs to one integration key. After a change of keys, rebuild --write
binds it to the new one, once 9 of 10 users that it knows are found in the account.
Another host or another directory is refused.

Exit status: 0 done, or it was shown what would be done; 1 it could not be done, or
was refused; 4 (with --write) somebody is in a conflict not told before, all others
are paired.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.present(cmd.Context(), opts.listOptions, func(ctx context.Context, loaded *config.Loaded) (document, error) {
				rebuilt, formerKey := a.rebuild(ctx, loaded, opts)
				run := rebuilt.Run
				if run.Err != nil && len(run.Operations) == 0 && !opts.whole() {
					return nil, run.Err
				}
				return report.RebuildingOf(rebuilt, formerKey), statusOf(run, false)
			})
		},
	}
	cmd.Flags().StringVar(&opts.only, "only", "", "pair only this `USER` (mapped username)")
	cmd.Flags().BoolVar(&opts.write, "write", false, "write the state; without this flag, only show what would be written")
	opts.addFlags(cmd.Flags())
	return cmd
}

// rebuild pairs anew, and gives the integration key that the state belonged to where
// that changes.
func (a *app) rebuild(ctx context.Context, loaded *config.Loaded, asked rebuildOptions) (rebuilt *dirsync.Rebuilt, formerKey string) {
	now := time.Now()
	write := asked.write
	opts := dirsync.Options{RunID: newRunID(now), DryRun: !write, Only: asked.only}
	rebuilt = &dirsync.Rebuilt{}
	err := a.withBench(ctx, loaded, !write, func(b *bench) (err error) {
		if formerKey, err = b.otherKey(ctx); err != nil {
			return err
		}
		if formerKey == "" {
			rebuilt = b.engine.Rebuild(ctx, opts)
			return nil
		}
		look := opts
		look.DryRun = true
		if rebuilt = b.engine.Rebuild(ctx, look); rebuilt.Err != nil {
			return nil
		}
		if err := sameAccount(rebuilt, formerKey); err != nil || !write {
			return err
		}
		if meta, err := b.store.Meta(ctx); err != nil || meta.Paused != nil {
			return errors.Join(err, paused(meta))
		}
		if err := b.store.Rebind(ctx, b.binding); err != nil {
			return err
		}
		rebuilt = b.engine.Rebuild(ctx, opts)
		return nil
	})
	rebuilt.Run = ended(rebuilt.Run, opts.RunID, !write, now, err)
	return rebuilt, formerKey
}

// otherKey gives the integration key that the state belongs to, where that is all in
// which its owner differs from the configuration; "" where nothing differs. Any
// other difference is an error.
func (b *bench) otherKey(ctx context.Context) (string, error) {
	meta, err := b.store.Meta(ctx)
	if err != nil || meta.Binding == nil {
		return "", err
	}
	as := b.binding
	as.Key = meta.Binding.Key
	if err := b.store.Check(ctx, as); err != nil {
		return "", fmt.Errorf("rebuild changes the integration key only, and a host is an account of its own: %w", err)
	}
	if as.Key == b.binding.Key {
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
