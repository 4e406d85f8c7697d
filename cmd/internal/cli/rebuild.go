package cli

import (
	"context"

	"github.com/spf13/cobra"

	"duosync/cmd/internal/byhand"
	"duosync/cmd/internal/cli/commandline"
	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/form"
)

type rebuildOptions struct {
	formOptions
	byhand.RebuildOptions
}

func newRebuildCommand(a *app) *cobra.Command {
	var opts rebuildOptions
	cmd := &cobra.Command{
		Use:   "rebuild",
		Short: "Pair the directory and Duo anew after the state was lost, or ids have changed",
		Long: `rebuild reads the whole directory and all of Duo, and pairs people in scope with the
users of the same username, groups that sync.groups mirrors with those of the same name.
It writes the state only, and nothing to Duo, ever; without --write it only shows what
it would do. Where the directory's ids have changed, a person goes on under the new one:
the same username and e-mail address, and the only one in scope. Whoever is paired
counts as taken over: never deleted, only disabled or trashed. After a change of keys it
binds the state to the new one, once 9 of 10 users that it knows are in the account.

Exit status: 0 done, or it was shown what would be done; 1 it could not be done, or
was refused; 4 (with --write) somebody is in a conflict not told before, all others
are paired.`,
		Example: `  duosync rebuild
  duosync rebuild --only alice --write`,
		Args: commandline.None,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.show(cmd.Context(), opts.formOptions, problem, func(ctx context.Context, j *job) (form.Renderer, error) {
				rebuilt, formerKey := byhand.Rebuild(ctx, j.Loaded, j.Setup, opts.RebuildOptions, j.line)
				if !opts.wants(rebuilt.Run) {
					return nil, rebuilt.Err
				}
				return report.RebuildingOf(rebuilt, formerKey), statusOfRun(rebuilt.Run, false)
			})
		},
	}
	cmd.Flags().StringVar(&opts.Only, "only", "", "pair only this `USER` (mapped username)")
	cmd.Flags().BoolVar(&opts.Write, "write", false, "write the state; without this flag, only show what would be written")
	opts.addFlags(cmd.Flags(), "list")
	a.byFlag(cmd.Flags(), loggedIn)
	return cmd
}
