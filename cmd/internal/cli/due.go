package cli

import (
	"context"

	"github.com/spf13/cobra"

	"duosync/cmd/internal/cli/commandline"
	"duosync/cmd/internal/past"
	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/wire"
)

func newDueCommand(a *app) *cobra.Command {
	var opts formOptions
	cmd := &cobra.Command{
		Use:   "due",
		Short: "List who waits for a removal, since when and until when, and who never enrolled",
		Long: `due lists what is waiting: the removals that are to come under the present rules, with
their day; what the last run over all held, each guard with the command that lets it
through or what else ends it; what is approved, and until when; a pause; who is kept
disabled (duosync disable); and how many are active but have no device in Duo, as of the
last refresh: --verbose names them, as JSON and CSV do. It reads the state only and can
be used while a run is under way. Where the configuration has mistakes, the removals are
those that the last complete run saw.

Exit status: 0 listed; 1 the state can't be read.`,
		Example: `  duosync due
  duosync due --verbose
  duosync due --output due.csv`,
		Args: commandline.None,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.list(cmd.Context(), opts, func(err error) form.Renderer { return report.NoDue(err) }, func(ctx context.Context, at *spot, m *past.Moment) (form.Renderer, error) {
				d, err := due(ctx, at, m)
				if d != nil {
					d.Verbose = opts.verbose
				}
				return known(d, err)
			})
		},
	}
	opts.addFlags(cmd.Flags(), "list")
	opts.addVerbose(cmd.Flags(), "list the people without a device in Duo, too")
	a.stateFlag(cmd.Flags())
	return cmd
}

func due(ctx context.Context, at *spot, m *past.Moment) (*report.Due, error) {
	if at.config == nil {
		return m.Due(ctx, nil)
	}
	rules, err := wire.Rules(at.config)
	if err != nil {
		return nil, err
	}
	if _, err := wire.Owner(ctx, at.config, &rules, m.DB); err != nil {
		return nil, err
	}
	return m.Due(ctx, &rules)
}
