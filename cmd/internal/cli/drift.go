package cli

import (
	"context"

	"github.com/spf13/cobra"

	"duosync/cmd/internal/cli/commandline"
	"duosync/cmd/internal/past"
	"duosync/cmd/internal/report/drift"
	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/wire"
	dirsync "duosync/sync"
)

func newDriftCommand(a *app) *cobra.Command {
	var opts formOptions
	cmd := &cobra.Command{
		Use:   "drift",
		Short: "Tell what Duo holds in another way than it was left",
		Long: `drift reads all users and groups from Duo and compares those that are duosync's own with
what it left there: values and statuses that were changed by hand, users who were
deleted or taken over by Duo's own directory sync, aliases, phones and memberships that
were taken away, groups that were deleted or renamed. What people enrolled and what
others added is no difference, nor are users who were released. It changes nothing,
takes no lock and can be used while a run is under way.

Exit status: 0 nothing differs; 1 it could not be found out; 2 something differs.`,
		Example: `  duosync drift
  duosync drift --output drift.csv`,
		Args: commandline.None,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.show(cmd.Context(), opts, problem, runDrift) },
	}
	opts.addFlags(cmd.Flags(), "list")
	return cmd
}

func runDrift(ctx context.Context, j *job) (form.Renderer, error) {
	var found *dirsync.Drifted
	var standing []dirsync.Attention
	err := wire.WithBench(ctx, j.Loaded, j.Setup, true, j.line, func(b *wire.Bench) (err error) {
		if err := b.Check(ctx, b.Store); err != nil {
			return err
		}
		if standing, err = past.Attention(ctx, b.Store, j.Flags()); err != nil {
			return err
		}
		found, err = b.Engine.Drift(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	doc := drift.Of(found, standing, j.Flags())
	return doc, statusOfDrift(doc)
}
