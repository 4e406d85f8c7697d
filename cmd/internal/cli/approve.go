package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"duosync/cmd/internal/byhand"
	"duosync/cmd/internal/cli/commandline"
	"duosync/cmd/internal/past"
	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/form"
	dirsync "duosync/sync"
)

type approveOptions struct {
	formOptions
	until  time.Duration
	revoke bool
}

func newApproveCommand(a *app) *cobra.Command {
	var opts approveOptions
	cmd := &cobra.Command{
		Use:   "approve [ID]",
		Short: "Let what a guard held go through, once",
		Long: `approve lets the operations that a guard held go through in the next run: those
operations, once, until the approval expires. Each guard has an ID of its own in the
report, and one stands for all of them. Of what a guard holds in part, the approved
operations pass and further ones stay held; where a guard holds the whole run, fewer
than approved pass, and more do not. An ID from a dry run lets through only the very
same operations. Without ID it lists what can be approved now, with figures, and what
is approved already. It needs state.dsn and nothing else of the configuration.

Exit status: 0 approved, taken back or listed; 1 the ID is not known, or used.`,
		Example: `  duosync approve
  duosync approve 6a93c168d1e024050095 --until 2h
  duosync approve --revoke 6a93c168d1e024050095`,
		Args: commandline.AtMostOne("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 1:
				return a.runApprove(cmd.Context(), args[0], opts)
			case opts.revoke:
				return dirsync.WithHint(errors.New("--revoke needs the ID of an approval"), "`duosync approve` lists them.")
			}
			return a.list(cmd.Context(), opts.formOptions, func(err error) form.Renderer { return report.NoApprovals(err) }, approvable)
		},
	}
	cmd.Flags().Var(commandline.Duration(&opts.until, 24*time.Hour), "until", "how long the approval holds, such as 2h or 3d (`TIME`)")
	cmd.Flags().BoolVar(&opts.revoke, "revoke", false, "take the approval of this ID back")
	opts.addFlags(cmd.Flags(), "list")
	a.stateFlag(cmd.Flags())
	a.byFlag(cmd.Flags(), loggedIn)
	return cmd
}

func (a *app) runApprove(ctx context.Context, id string, opts approveOptions) error {
	if opts.until <= 0 {
		return dirsync.WithHint(errors.New("--until must be above 0"), "Such as 24h.")
	}
	return a.change(ctx, func(ctx context.Context, at *spot, by string) (string, *report.Place, error) {
		if opts.revoke {
			place, err := byhand.Revoke(ctx, &at.Spot, id, by)
			return fmt.Sprintf("Taken back: %s is not approved any more. A run that has begun to carry it out goes on.", id), place, err
		}
		approval, place, err := byhand.Approve(ctx, &at.Spot, id, opts.until, by)
		if approval == nil {
			return "", nil, err
		}
		done := fmt.Sprintf("Approved until %s: %s. What is approved goes through in the next run, once.", approval.Until.UTC().Format(time.RFC3339), approval.Words())
		if approval.By != by {
			done += fmt.Sprintf(" It was approved before; reports name all who did: %s.", approval.By)
		}
		return done, place, err
	})
}

// approvable lists what can be approved, and what is.
func approvable(ctx context.Context, at *spot, m *past.Moment) (form.Renderer, error) {
	if at.Binding != nil {
		if err := m.Check(ctx, *at.Binding); err != nil {
			return nil, err
		}
	}
	return known(m.Approvable(ctx))
}
