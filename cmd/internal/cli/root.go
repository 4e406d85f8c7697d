// Package cli is duosync's command line: a file for each command, or for two that belong
// together, with its options, its flags and a run function; exit.go alone has the exit
// codes and what the help says of them. root.go has the tree, app.go what all commands
// share, output.go how they show what they find.
package cli

import (
	"context"
	"fmt"
	"io"
	stdlog "log"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"duosync/cmd/internal/memlimit"
	dirsync "duosync/sync"
)

// Main runs a command line and gives the exit code. SIGINT and SIGTERM end a
// command cleanly: the call in flight is finished and written down. A second one
// ends the process at once. What the standard library has to log is left out: net/http
// writes there, as it is, what a server says out of turn.
func Main(args []string, stdio Stdio) int {
	stdlog.SetOutput(io.Discard)
	return (&app{Stdio: stdio}).main(args)
}

func (a *app) main(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	if a.own {
		defer memlimit.Keep()()
	}
	return a.run(ctx, args)
}

func (a *app) run(ctx context.Context, args []string) int {
	root := newRootCommand(a)
	root.SetArgs(args)
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	return a.exit(root.ExecuteContext(ctx))
}

// Root gives the tree of commands, for what reads it and runs none.
func Root(stdio Stdio) *cobra.Command { return newRootCommand(&app{Stdio: stdio}) }

func newRootCommand(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "duosync",
		Short: "Keep Duo Security's users in step with an LDAP directory",
		Long: `duosync reads the users of an LDAP directory (WSO2 Identity Server's user
store, OpenLDAP, 389 Directory Server, Active Directory), compares them with what it last left in Duo, and applies the
difference through Duo's Admin API.

Start with a dry run, which writes nothing anywhere:

  duosync sync --dry-run

` + exitsOfAll,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			a.command = cmd.Name()
			return refuseEmpty(cmd.Flags())
		},
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

// version is stamped by the Makefile (-X); a build without it says so.
var version = ""

// Version is the version that duosync calls itself by.
func Version() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "dev"
}

func newVersionCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(a.Out, "duosync %s (%s, %s/%s)\n", Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}
