package cli

import (
	"context"

	"github.com/spf13/cobra"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/report"
	dirsync "duosync/sync"
)

func newDriftCommand(a *app) *cobra.Command {
	var opts listOptions
	cmd := &cobra.Command{
		Use:   "drift",
		Short: "Tell what Duo holds in another way than it was left",
		Long: `drift reads all users and groups from Duo and compares those that are duosync's own
with what it left there: values and statuses that were changed by hand, users who
were deleted or taken over by Duo's own directory sync, aliases, phones and
memberships that were taken away, groups that were deleted or renamed, and other
users who have a name now that one of ours was left with.

What people enrolled and what others added is no difference. Nor are users of whom
duosync has let go.

It reads Duo and the state only, changes nothing, takes no lock and can be used while
a run is under way.

Exit status: 0 nothing differs; 1 it could not be found out; 2 something differs.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.present(cmd.Context(), opts, a.drift) },
	}
	opts.addFlags(cmd.Flags())
	return cmd
}

func (a *app) drift(ctx context.Context, loaded *config.Loaded) (document, error) {
	var found *dirsync.Drifted
	err := a.withBench(ctx, loaded, true, func(b *bench) (err error) {
		if err := b.store.Check(ctx, b.binding); err != nil {
			return err
		}
		found, err = b.engine.Drift(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	doc := report.DriftOf(found)
	if doc.Differs() {
		return doc, status(exitPending)
	}
	return doc, nil
}
