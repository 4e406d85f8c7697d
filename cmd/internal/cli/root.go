// Package cli is duosync's command line: one file a command, each with its
// options, its flags and a run function; the tree is put together here, and
// exit codes come from exit.go alone.
package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"duosync/cmd/internal/wire"
	dirsync "duosync/sync"
)

// Stdio is the world around a command.
type Stdio struct {
	In       io.Reader // nil: the process's
	Out, Err io.Writer
	Env      func(name string) (string, bool)
	// OutTerminal and ErrTerminal report whether a person looks at them.
	OutTerminal, ErrTerminal bool
}

// Process gives this process's own world.
func Process() Stdio {
	return Stdio{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Env: os.LookupEnv,
		OutTerminal: term.IsTerminal(int(os.Stdout.Fd())),
		ErrTerminal: term.IsTerminal(int(os.Stderr.Fd())),
	}
}

// Main runs a command line and gives the exit code. SIGINT and SIGTERM end a
// command cleanly: the call in flight is finished and written down. A second one
// ends the process at once.
func Main(args []string, stdio Stdio) int { return (&app{Stdio: stdio}).main(args) }

func (a *app) main(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return a.run(ctx, args)
}

func run(ctx context.Context, args []string, stdio Stdio) int {
	return (&app{Stdio: stdio}).run(ctx, args)
}

func (a *app) run(ctx context.Context, args []string) int {
	root := newRootCommand(a)
	root.SetArgs(args)
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	return a.exit(root.ExecuteContext(ctx))
}

// app is what all commands share.
type app struct {
	Stdio
	configPath string
	logLevel   string
	logFormat  string
	timing     wire.Timing // zero; tests have others
}

func newRootCommand(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "duosync",
		Short: "Keep Duo Security's users in step with an LDAP directory",
		Long: `duosync reads the users of an LDAP directory (WSO2 Identity Server's user
store, OpenLDAP, 389 Directory Server, Active Directory), compares them with what it last left in Duo, and applies the
difference through Duo's Admin API.

Start with a dry run, which writes nothing anywhere:

  duosync sync --dry-run

Exit status: 0 done; 1 it could not be done; 2 changes are pending (where asked
for); 3 a guard wants a human: max_remove, min_source and state_lost hold the whole
run; every other guard holds what follows from it, and all else goes on; 4 some
objects failed or are in a conflict not told before, all others were applied.`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		Args:              cobra.NoArgs,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return refuseEmpty(cmd.Flags()) },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())
	})
	flags := root.PersistentFlags()
	flags.StringVar(&a.configPath, "config", "", "configuration `FILE` (default: DUOSYNC_CONFIG, ./config.yaml, /etc/duosync/config.yaml)")
	flags.StringVar(&a.logLevel, "log-level", "warning", "`LEVEL` of messages on stderr: error, warning, info, debug")
	flags.StringVar(&a.logFormat, "log-format", "text", "`FORMAT` of messages on stderr: text, json")
	root.AddCommand(
		newSyncCommand(a),
		newApplyCommand(a),
		newRunCommand(a),
		newApproveCommand(a),
		newCheckCommand(a),
		newExplainCommand(a),
		newVerifyCommand(a),
		newDisableCommand(a),
		newEnableCommand(a),
		newPauseCommand(a),
		newResumeCommand(a),
		newHistoryCommand(a),
		newDueCommand(a),
		newDriftCommand(a),
		newUndoCommand(a),
		newRebuildCommand(a),
		newConfigCommand(a),
		newSimulatorCommand(a),
		newDemoCommand(a),
		newVersionCommand(a),
	)
	return root
}

// refuseEmpty refuses flags that are given and empty: an unset variable in
// somebody's script must not turn a run for one person into one for all.
func refuseEmpty(flags *pflag.FlagSet) error {
	var err error
	flags.Visit(func(f *pflag.Flag) {
		if f.Value.Type() == "string" && f.Value.String() == "" && f.Name != "reason" {
			err = dirsync.WithHint(fmt.Errorf("--%s is empty", f.Name), "Leave it out, or give it a value.")
		}
	})
	return err
}

// setup gives what the parts of a run need besides the configuration.
func (a *app) setup() (wire.Setup, error) {
	log, err := a.logger()
	return wire.Setup{Log: log, Version: Version(), Timing: a.timing}, err
}

// logger makes the one logger of a command.
func (a *app) logger() (*logrus.Logger, error) {
	log := logrus.New()
	log.SetOutput(a.Err)
	level, err := logrus.ParseLevel(a.logLevel)
	if err != nil {
		return nil, fmt.Errorf("--log-level: there is no level %q; there are error, warning, info and debug", a.logLevel)
	}
	log.SetLevel(level)
	switch a.logFormat {
	case "text":
		log.SetFormatter(&logrus.TextFormatter{DisableColors: !a.colour(a.ErrTerminal), FullTimestamp: true})
	case "json":
		log.SetFormatter(&logrus.JSONFormatter{})
	default:
		return nil, fmt.Errorf("--log-format: there is no format %q; there are text and json", a.logFormat)
	}
	return log, nil
}

// colour reports whether output to a terminal is coloured (no-color.org).
func (a *app) colour(terminal bool) bool {
	value, set := a.Env("NO_COLOR")
	kind, _ := a.Env("TERM")
	return terminal && (!set || value == "") && kind != "dumb"
}
