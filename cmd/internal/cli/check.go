package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"duosync/cmd/internal/check"
	"duosync/cmd/internal/cli/commandline"
	"duosync/cmd/internal/notify"
	"duosync/cmd/internal/report/form"
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

func newNotifyCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "notify", Short: "Try the channels by which people are told",
		Long: `notify test sends a test message by each channel of the section notify.

Exit status: 0 done; 1 it could not be done.`,
		Example: `  duosync notify test
  duosync notify test --format json`,
		Args: commandline.None,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	var opts formOptions
	test := &cobra.Command{
		Use:   "test",
		Short: "Send a test message by each channel, and say what each answered",
		Long: `test sends a test message by each channel of the section notify, the webhook and mail,
and says what each answered. It needs no state, asks neither the directory nor Duo, and
has no bearing on what people are told of runs.

Exit status: 0 each channel took it; 1 one did not, or there is none.`,
		Example: `  duosync notify test
  duosync notify test --config /etc/duosync/config.yaml --format json`,
		Args: commandline.None,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runNotifyTest(cmd.Context(), opts) },
	}
	opts.addFlags(test.Flags(), "answers")
	cmd.AddCommand(test)
	return cmd
}

func (a *app) runNotifyTest(ctx context.Context, opts formOptions) error {
	return a.show(ctx, opts, problem, func(ctx context.Context, j *job) (form.Renderer, error) {
		found, err := notify.Try(ctx, &j.Config, notify.Options{Version: j.Version})
		if err != nil {
			return nil, err
		}
		return found, found.Err()
	})
}
