package cli

import (
	"context"
	"errors"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"duosync/cmd/internal/check"
	"duosync/cmd/internal/cli/commandline"
	"duosync/cmd/internal/cli/statusline"
	"duosync/cmd/internal/config"
	"duosync/cmd/internal/notify"
	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/version"
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
	cmd.AddCommand(test, newNotifyFailureCommand(a))
	return cmd
}

func newNotifyFailureCommand(a *app) *cobra.Command {
	var opts formOptions
	cmd := &cobra.Command{
		Use:   "failure UNIT",
		Short: "Tell people that a unit of systemd failed, if its run did not",
		Long: `failure is for OnFailure= of duosync's units, by way of duosync-notify@.service: it sends
a message by each channel of the section notify, where notify.on has failure. How the
unit ended systemd tells in the environment (MONITOR_SERVICE_RESULT and its kin). A run
tells people itself how it ended: so nothing is sent of exit 3 and 4, of exit 1 while
people know that runs fail, and of the same failure again within a day. Of the
configuration the section notify is enough; any other mistake in it is a warning.

Exit status: 0 done, or there was nothing to tell; 1 it could not be done.`,
		Example: `  duosync notify failure duosync.service
  duosync notify failure duosync-daemon.service --config /etc/duosync/config.yaml`,
		Args: commandline.One("UNIT", "Give the unit that failed, such as duosync.service."),
		RunE: func(cmd *cobra.Command, args []string) error { return a.runNotifyFailure(cmd.Context(), args[0], opts) },
	}
	opts.addFlags(cmd.Flags(), "answers")
	return cmd
}

func (a *app) runNotifyFailure(ctx context.Context, unit string, opts formOptions) error {
	var c *config.Config
	var log *logrus.Logger
	return a.present(opts, problem, func() error {
		path, err := a.configFile()
		if err != nil {
			return err
		}
		if log, err = a.logger(); err != nil {
			return err
		}
		found, mistakes, err := config.LoadNotify(path, a.Env)
		if err != nil {
			return err
		}
		a.flags = (&config.Loaded{File: path}).Flags()
		for _, mistake := range mistakes {
			log.Warn(a.command + " goes on with the section notify alone: " + mistake)
		}
		c = found
		return nil
	}, func(*statusline.Line) (form.Renderer, error) {
		found, err := notify.Failed(ctx, c, notify.UnitOf(unit, a.Env), notify.Options{Version: version.Number()})
		if errors.Is(err, notify.ErrNobody) { // the unit is there for those who set it, too
			log.Warn(err)
			return nil, nil
		}
		if found == nil {
			return nil, err
		}
		return found, errors.Join(err, found.Err())
	})
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
