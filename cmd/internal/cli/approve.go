package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"duosync/cmd/internal/report"
	"duosync/state"
	dirsync "duosync/sync"
)

type approveOptions struct {
	listOptions
	until  time.Duration
	revoke bool
}

func newApproveCommand(a *app) *cobra.Command {
	var opts approveOptions
	cmd := &cobra.Command{
		Use:   "approve [ID]",
		Short: "Let what a guard held go through, once",
		Long: `approve lets the operations that a guard held go through in the next run: those
operations, once, until the approval expires.

Each guard has an ID of its own in the report, and one stands for all of them. Of
what a guard holds in part, the approved operations pass and further ones stay held.
Where a guard holds the whole run, fewer than approved pass, and more do not. An ID
from a dry run lets through only the very same operations; after a held sync, fewer
may pass, too. What a run that broke off did not get to stays approved.

Without ID it lists what can be approved now, with figures, and what is approved
already. --revoke takes an approval back.

Exit status: 0 approved, taken back or listed; 1 the ID is not known, or used.`,
		Example: `  duosync approve
  duosync approve 6a93c168d1e024050095 --until 2h
  duosync approve --revoke 6a93c168d1e024050095`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 1:
				return a.runApprove(cmd.Context(), args[0], opts)
			case opts.revoke:
				return dirsync.WithHint(errors.New("--revoke needs the ID of an approval"), "`duosync approve` lists them.")
			}
			return a.list(cmd.Context(), opts.listOptions, func(err error) document { return &report.Approvals{Error: report.Explain(err)} }, approvable)
		},
	}
	cmd.Flags().DurationVar(&opts.until, "until", 24*time.Hour, "how long the approval holds")
	cmd.Flags().BoolVar(&opts.revoke, "revoke", false, "take the approval of this ID back")
	opts.addFlags(cmd.Flags())
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
	return withState(ctx, loaded, func(store *state.DB) error {
		if err := store.Check(ctx, binding(&loaded.Config)); err != nil {
			return err
		}
		if opts.revoke {
			return a.revoke(ctx, store, id)
		}
		return a.approve(ctx, store, binding(&loaded.Config), id, opts)
	})
}

func (a *app) approve(ctx context.Context, store *state.DB, binding dirsync.Binding, id string, opts approveOptions) error {
	approval, err := approvalOf(ctx, store, binding, id)
	if err != nil {
		return err
	}
	approval.Until = time.Now().Add(opts.until)
	if err := store.Approve(ctx, *approval); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.Out, "Approved until %s: %s. What is approved goes through in the next run, once.\n",
		approval.Until.UTC().Format(time.RFC3339), report.ApprovalWords(approval))
	return err
}

func (a *app) revoke(ctx context.Context, store *state.DB, id string) error {
	revoked, err := store.Revoke(ctx, id)
	if err != nil {
		return err
	}
	if !revoked {
		return dirsync.WithHint(fmt.Errorf("nothing is approved under the ID %s", dirsync.Quote(id)), "`duosync approve` lists what is; each approval can be used once.")
	}
	_, err = fmt.Fprintf(a.Out, "Taken back: %s is not approved any more. A run that has begun to carry it out goes on.\n", id)
	return err
}

// approvable lists what can be approved, and what is.
func approvable(ctx context.Context, p *past) (document, error) {
	if err := p.Check(ctx, binding(p.config)); err != nil {
		return nil, err
	}
	approvals, err := p.Approvals(ctx, p.at)
	if err != nil {
		return nil, err
	}
	last, err := p.lastHold(ctx)
	if err != nil {
		return nil, err
	}
	settled, err := p.settled(ctx, last)
	if err != nil {
		return nil, err
	}
	return report.NewApprovals(p.at, last, approvals, settled), nil
}

// approvalOf gives the approval that an id stands for: the operations that a
// held run wrote down under it, or the very ones that a dry run reported.
func approvalOf(ctx context.Context, store *state.DB, binding dirsync.Binding, id string) (*dirsync.Approval, error) {
	if id == "" {
		return nil, nil
	}
	held, found, err := store.Hold(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case found:
		return held, nil
	case dirsync.KnownApproval(id, binding):
		return &dirsync.Approval{ID: id}, nil
	}
	return nil, dirsync.WithHint(fmt.Errorf("nothing is held under the ID %s", dirsync.Quote(id)),
		"Take the ID from the report of the run that was held, or from `duosync approve`; each can be used once.")
}

// aRun is for how long sync --approve approves: the run looks once, as it begins.
const aRun = time.Minute

// approveForRun gives what --approve stands for, nil where it was not given. What is
// approved already keeps its time; else the approval is for the run that begins now.
func (p *parts) approveForRun(ctx context.Context, store *state.DB, opts syncOptions) (*dirsync.Approval, error) {
	approval, err := approvalOf(ctx, store, p.binding, opts.approve)
	if err != nil || approval == nil || opts.dryRun {
		return approval, err
	}
	now := time.Now()
	if p.timing.now != nil {
		now = p.timing.now()
	}
	if approval.Until.After(now) {
		return approval, nil
	}
	approval.Until = now.Add(aRun)
	return approval, store.Approve(ctx, *approval)
}
