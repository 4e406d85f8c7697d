// Package cli is duosync's command line: a file for each command, or for two that belong
// together, with its options, its flags and a run function; exit.go alone has the exit
// codes, decides them by what dirsync.Run says of a run, and has what the help says of those
// of runs. root.go has the tree, app.go what all commands
// share, output.go how they show what they find.
package cli

import (
	"context"
	"io"
	stdlog "log"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"duosync/cmd/internal/cli/commandline"
	"duosync/cmd/internal/memlimit"
	"duosync/cmd/internal/version"
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
	root.InitDefaultHelpCmd()
	if _, err := commandline.Find(root, args); err != nil && !completes(args) {
		return a.exit(err)
	}
	return a.exit(root.ExecuteContext(ctx))
}

// Root gives the tree of commands, for what reads it and runs none.
func Root(stdio Stdio) *cobra.Command { return newRootCommand(&app{Stdio: stdio}) }

func newRootCommand(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "duosync",
		Short: "Keep Duo Security's users in step with an LDAP directory",
		Long: `duosync reads the users of an LDAP directory (WSO2 Identity Server's user store,
OpenLDAP, 389 Directory Server, Active Directory and others), compares them with what it
last left in Duo, and applies the difference through Duo's Admin API. Start with a dry
run, which writes nothing anywhere.

` + exitsOfAll,
		SilenceErrors: true,
		SilenceUsage:  true,
		Example: `  duosync config init --preset openldap
  duosync sync --dry-run`,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			a.command = cmd.Name()
			return commandline.RefuseEmpty(cmd.Flags(), "reason")
		},
	}
	root.SetFlagErrorFunc(commandline.FlagError)
	root.Version = version.Number()
	root.SetVersionTemplate(version.Line())
	root.Flags().Bool("version", false, "print the version")
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetHelpCommand(newHelpCommand())
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
		newNotifyCommand(a),
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
		newCompletionCommand(),
	)
	completeFlags(root)
	return root
}

// completeFlags has shells complete the words that flags of a command, and of those below it,
// take.
func completeFlags(cmd *cobra.Command) {
	words := map[string][]string{"log-level": {"error", "warning", "info", "debug"}, "log-format": {"text", "json"}}
	if f := cmd.Flags().Lookup("format"); f != nil {
		words["format"] = f.Annotations[takenForms]
	}
	for name, values := range words {
		if cmd.Flags().Lookup(name) != nil || cmd.PersistentFlags().Lookup(name) != nil {
			// It fails only for a flag that is not there.
			_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
		}
	}
	for _, below := range cmd.Commands() {
		completeFlags(below)
	}
}

func newVersionCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Long: `version prints the version of duosync, the commit it was made of and its day, the
version of Go, and what it was built for.

Exit status: 0.`,
		Example: `  duosync version
  duosync --version`,
		Args: commandline.None,
		RunE: func(*cobra.Command, []string) error {
			_, err := io.WriteString(a.Out, version.Line())
			return err
		},
	}
}

func newHelpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Tell more of a command",
		Long: `help tells what a command is for, its flags and its exit codes, as COMMAND --help
does.

Exit status: 0 told; 1 there is no such command.`,
		Example: `  duosync help sync
  duosync help config init`,
		RunE: func(cmd *cobra.Command, args []string) error {
			meant, err := commandline.Find(cmd.Root(), args)
			if err != nil {
				return err
			}
			meant.InitDefaultHelpFlag()
			return meant.Help()
		},
	}
}

// shells are those for which there is completion.
var shells = []string{"bash", "zsh", "fish", "powershell"}

func newCompletionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print what completes commands in a shell",
		Long: `completion prints a script for SHELL: bash, zsh, fish or powershell. Once that is
loaded, the shell completes commands, flags, forms, presets and the ids of past runs.

Exit status: 0 printed; 1 there is no such shell.`,
		Example: `  source <(duosync completion bash)
  duosync completion fish > ~/.config/fish/completions/duosync.fish`,
		ValidArgs: shells,
		Args:      commandline.One("SHELL", "One of "+strings.Join(shells, ", ")+"."),
		RunE: func(cmd *cobra.Command, args []string) error {
			root, out := cmd.Root(), cmd.OutOrStdout()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(out, true)
			case "zsh":
				return root.GenZshCompletion(out)
			case "fish":
				return root.GenFishCompletion(out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(out)
			}
			return commandline.Unknown("shell", args[0], shells)
		},
	}
}

// completes reports whether a shell asks what a command line can go on with.
func completes(args []string) bool {
	return len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd)
}
