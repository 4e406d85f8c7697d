package cli

import (
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newApplyCommand(a *app) *cobra.Command {
	var opts syncOptions
	cmd := &cobra.Command{
		Use:   "apply FILE",
		Short: "Carry out exactly the plan that a dry run kept",
		Long: `apply carries out the plan that duosync sync --dry-run --plan-out FILE kept: these
operations and no others.

It looks at the directory, the state and Duo anew. What has moved since the plan
was made is left out, and told with what is different now. The limits weigh what
is left, as in every run, and the report gives the command to approve what they hold.

A plan belongs to one Duo account, one state, and the sections ldap and sync as
they were. Under others, with a state restored from an older copy, or with a single
byte changed, it is refused: nothing is written, and Duo is not called.

Exit status: 0 done; 1 it was refused, or could not be done; 3 a guard wants a
human: max_remove, min_source and state_lost hold the whole run; every other guard
holds what follows from it, and all else goes on; 4 some operations failed or have
moved, all others were applied.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if opts.apply = args[0]; opts.apply == "" {
				return errors.New("the name of the plan's file is empty")
			}
			return a.runSync(cmd.Context(), opts)
		},
	}
	opts.addReportFlags(cmd.Flags())
	return cmd
}

// addReportFlags adds those that sync and apply share.
func (o *syncOptions) addReportFlags(f *pflag.FlagSet) {
	f.StringVar(&o.approve, "approve", "", "let through, in this run, what was held under this `ID`, of the report or of one of its guards; what is approved already keeps its time")
	o.formOptions.addFlags(f, "report")
}
