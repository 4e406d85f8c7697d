package cli

import (
	"context"

	"github.com/spf13/cobra"

	"duosync/cmd/internal/byhand"
	"duosync/cmd/internal/cli/commandline"
	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/form"
)

func newUndoCommand(a *app) *cobra.Command {
	var opts formOptions
	var asked byhand.UndoOptions
	cmd := &cobra.Command{
		Use:   "undo RUN",
		Short: "Restore and enable whom a run removed",
		Long: `undo gives back what a past run took: users whom it disabled are enabled, and those whom
it put into Duo's Trash are restored, with their devices. RUN is the id of the run, how
that begins, or "last". It shows the plan and writes nothing, unless --write is given.
Only what is still as the run left it is given back; users who were deleted are lost.
No guard holds an undo.
Where a person is still missing or disabled in the directory, the next run removes the
user again: the report says so, and duosync pause gives you time to mend that first.

Exit status: 0 done, or the plan was shown; 1 there is no such run, or it could not
be done; 4 (with --write) some could not be given back, all others were.`,
		Example: `  duosync undo last
  duosync undo 20261124T1000 --only alice --write`,
		ValidArgsFunction: a.completeRun,
		Args:              commandline.One("RUN", "`duosync history` lists the runs; `duosync undo last` is about the newest."),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.show(cmd.Context(), opts, problem, func(ctx context.Context, j *job) (form.Renderer, error) {
				asked.Run = args[0]
				run, undoes := byhand.Undo(ctx, j.Loaded, j.Setup, asked, j.line)
				if !opts.wants(run) {
					return nil, run.Err
				}
				return report.UndoingOf(run, undoes), statusOfRun(run, false)
			})
		},
	}
	cmd.Flags().StringVar(&asked.Only, "only", "", "give back only this `USER`")
	cmd.Flags().BoolVar(&asked.Write, "write", false, "do it; without this flag, only show the plan")
	opts.addFlags(cmd.Flags(), "list")
	a.byFlag(cmd.Flags(), loggedIn)
	return cmd
}
