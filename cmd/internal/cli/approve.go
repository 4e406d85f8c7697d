package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"duosync/state"
	dirsync "duosync/sync"
)

type approveOptions struct {
	until time.Duration
}

func newApproveCommand(a *app) *cobra.Command {
	var opts approveOptions
	cmd := &cobra.Command{
		Use:   "approve ID",
		Short: "Let what a guard held go through, once",
		Long: `approve lets the operations that a guard held go through in the next run: those
operations, once, until the approval expires. More of them are held again.

The ID stands in the report of the held run. One from a dry run lets through only
the very same operations; after a held sync, fewer may pass, too.

Exit status: 0 approved; 1 the ID is not known.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.runApprove(cmd.Context(), args[0], opts) },
	}
	cmd.Flags().DurationVar(&opts.until, "until", 24*time.Hour, "how long the approval holds")
	return cmd
}

func (a *app) runApprove(ctx context.Context, id string, opts approveOptions) error {
	if opts.until <= 0 {
		return errors.New("--until must be above 0, such as 24h")
	}
	loaded, err := a.load()
	if err != nil {
		return err
	}
	return withState(ctx, loaded, func(store *state.DB) error { return a.approve(ctx, store, binding(&loaded.Config), id, opts) })
}

func (a *app) approve(ctx context.Context, store *state.DB, binding dirsync.Binding, id string, opts approveOptions) error {
	if err := store.Check(ctx, binding); err != nil {
		return err
	}
	approval, err := approvalOf(ctx, store, binding, id)
	if err != nil {
		return err
	}
	approval.Until = time.Now().Add(opts.until)
	if err := store.Approve(ctx, *approval); err != nil {
		return err
	}
	what := "the very operations of that dry run"
	if approval.Keys != nil {
		what = fmt.Sprintf("operations held: %d", len(approval.Keys))
	}
	_, err = fmt.Fprintf(a.Out, "Approved until %s: %s. They go through in the next run, once.\n", approval.Until.UTC().Format(time.RFC3339), what)
	return err
}
