package cli

import (
	"context"

	"github.com/spf13/cobra"

	"duosync/cmd/internal/byhand"
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
