package cli

import (
	"context"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"

	systemd "github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/cobra"

	"duosync/cmd/internal/cli/commandline"
	"duosync/cmd/internal/config"
	"duosync/cmd/internal/console"
	"duosync/cmd/internal/daemon"
	"duosync/cmd/internal/past"
	"duosync/cmd/internal/watch"
	"duosync/cmd/internal/wire"
	dirsync "duosync/sync"
)

func newRunCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Stay up, and make a run whenever the schedule says so",
		Long: `run stays up and makes runs, each one like duosync sync, whenever schedule.cron is due,
never two at once. SIGTERM and SIGINT end it cleanly: the call to Duo in flight is
finished and written down. SIGHUP reads the configuration anew; a bad one is told, and
the old one stays in force. http.listen serves health, readiness, metrics and pages for
people; under systemd it speaks sd_notify. At --log-level info a run has a line.

` + exitsOfRun,
		Example: `  duosync run
  duosync run --config /etc/duosync/config.yaml --log-format json --log-level info`,
		Args: commandline.None,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runRun(cmd.Context()) },
	}
	a.byFlag(cmd.Flags(), scheduled)
	return cmd
}

func (a *app) runRun(ctx context.Context) error {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)

	loaded, err := a.loadWhole()
	if err != nil {
		return err
	}
	setup, err := a.setup()
	if err != nil {
		return err
	}
	setup.LogsRuns = true
	if a.by == "" {
		setup.By = scheduled
	}
	watchdog, err := systemd.SdWatchdogEnabled(false)
	if err != nil {
		setup.Log.WithError(err).Warn("the service manager's watchdog is not answered")
	}
	return daemon.Run(ctx, loaded, daemon.Options{
		Load: a.loadWhole,
		Run: func(ctx context.Context, loaded *config.Loaded, watch *watch.Watch) *dirsync.Run {
			return wire.Attempt(ctx, loaded, setup, wire.RunOptions{}, watch)
		},
		Examine:  wire.ExamineState,
		Standing: standing,
		Glance:   glance,
		Rules:    rulesOf(),
		Entry: func(ctx context.Context, loaded *config.Loaded, dn string) (dirsync.SourceID, error) {
			return wire.EntryOf(ctx, loaded, setup.Log, dn)
		},
		Reload: hangup,
		Notify: func(state string) error {
			_, err := systemd.SdNotify(false, state)
			return err
		},
		Watchdog: watchdog,
		Log:      setup.Log,
		Version:  setup.Version,
	})
}

// standing gives what stands in the state of a configuration, and what pages tell beside.
func standing(ctx context.Context, loaded *config.Loaded) (found *past.Standing, err error) {
	err = glance(ctx, loaded, func(m *past.Moment) error {
		if found, err = m.Standing(ctx); err != nil {
			return err
		}
		found.Overview, err = m.Overview(ctx, found)
		return err
	})
	return found, err
}

// glance has what stands in the state of a configuration read, beside a run.
func glance(ctx context.Context, loaded *config.Loaded, look func(*past.Moment) error) error {
	return past.Glance(ctx, loaded.Config.State.DSN.Reveal(), loaded.Flags(), look)
}

// rulesOf gives what a configuration says of people. The last one is kept.
func rulesOf() func(*config.Loaded) (*console.Rules, error) {
	var mu sync.Mutex
	var of *config.Loaded
	var kept *console.Rules
	return func(loaded *config.Loaded) (*console.Rules, error) {
		mu.Lock()
		defer mu.Unlock()
		if of == loaded {
			return kept, nil
		}
		rules, err := wire.Rules(&loaded.Config)
		if err != nil {
			return nil, err
		}
		of, kept = loaded, &console.Rules{Due: rules.Due, Hidden: func(field string) bool {
			return slices.ContainsFunc(wire.Mappings(&rules), func(m wire.Mapped) bool { return m.Field == field && wire.Secret(m.From.Attributes()...) })
		}}
		return kept, nil
	}
}

// loadWhole reads the configuration, and tries whether the parts of a run can be
// made of it: that finds files it names that can't be used.
func (a *app) loadWhole() (*config.Loaded, error) {
	loaded, err := a.load()
	if err != nil {
		return nil, err
	}
	setup, err := a.setup()
	if err != nil {
		return nil, err
	}
	parts, err := wire.Assemble(loaded, setup)
	if err != nil {
		return nil, err
	}
	return loaded, parts.Close()
}
