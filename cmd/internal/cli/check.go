package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"duosync/cmd/internal/check"
	"duosync/cmd/internal/cli/commandline"
)

func newCheckCommand(a *app) *cobra.Command {
	var opts formOptions
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Try everything that a run needs, and change nothing",
		Long: `check is the preflight: it tries the configuration, each LDAP server, the login, the
bases and the search, shows one person before and after mapping, looks for attributes
that come back for nobody, for limits of the server and for locks; then Duo's host,
clock, keys and rights, and the state. Each line is ok, or says what to do. It changes
nothing: the right to write to Duo is proved by a request that Duo must refuse.

Exit status: 0 no check failed; 1 one did.`,
		Example: `  duosync check
  duosync check --config /etc/duosync/config.yaml --format json`,
		Args: commandline.None,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runCheck(cmd.Context(), opts) },
	}
	opts.addFlags(cmd.Flags(), "result")
	return cmd
}

// runCheck is no job like the others: that there is a configuration is a check, too.
func (a *app) runCheck(ctx context.Context, opts formOptions) error {
	format, err := opts.parse()
	if err != nil {
		return err
	}
	setup, err := a.setup()
	if err != nil {
		return err
	}
	found := check.All(ctx, a.load, setup)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	out, err := a.output(opts.output)
	if err != nil {
		return err
	}
	return errors.Join(found.Err(), a.write(out, found, format, opts.quiet))
}
