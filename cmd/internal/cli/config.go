package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"duosync/cmd/internal/cli/commandline"
	"duosync/cmd/internal/config"
	dirsync "duosync/sync"
	"duosync/sync/printed"
)

func newConfigCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Begin a configuration, or look at it",
		Long: `config init begins a configuration; config show prints the effective one, secrets
hidden.

Exit status: 0 done; 1 it could not be done.`,
		Example: `  duosync config init --preset openldap
  duosync config show`,
		Args: commandline.None,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(&cobra.Command{
		Use:   "show",
		Short: "Print the effective configuration, secrets hidden, and where each value comes from",
		Long: `show prints every key with the value that is in force, secrets hidden, and where that
comes from: a line of the file, a variable, a secret's file, the preset or the default.

Exit status: 0 printed; 1 the configuration can't be read, or has mistakes.`,
		Example: `  duosync config show
  duosync config show --config /etc/duosync/config.yaml`,
		Args: commandline.None,
		RunE: func(*cobra.Command, []string) error {
			loaded, err := a.load()
			if err != nil {
				return err
			}
			_, err = a.Out.Write(config.Show(loaded))
			return err
		},
	}, newConfigInitCommand(a))
	return cmd
}

func newConfigInitCommand(a *app) *cobra.Command {
	var preset string
	var units bool
	cmd := &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write a commented configuration to start from",
		Long: `init writes a configuration for a kind of directory to FILE (default: --config, else
config.yaml), readable for you only; to standard output if FILE is -. It never overwrites
a file. The few keys that must be edited are live and marked (1); every other key stands
as a remark, with the value that is in force: what the preset fills in, or the default.
With --units it is what a package installs: the secrets come from files that the units of
systemd hand over (CREDENTIALS_DIRECTORY).

Exit status: 0 written; 1 the file is there already, can't be written, or there is
no such preset.`,
		Example: `  duosync config init --preset openldap
  duosync config init /etc/duosync/config.yaml --preset activedirectory`,
		Args: commandline.AtMostOne("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := "config.yaml"
			if a.configPath != "" {
				path = a.configPath
			}
			if len(args) > 0 {
				path = args[0]
			}
			start := config.Start
			if units {
				start = config.StartForUnits
			}
			text, edit, err := start(preset)
			if err != nil {
				return err
			}
			return a.initConfig(path, text, edit)
		},
	}
	cmd.Flags().BoolVar(&units, "units", false, "for the units of systemd: secrets from files, the state in /var/lib/duosync")
	cmd.Flags().StringVar(&preset, "preset", config.Presets()[0], "the kind of directory: "+strings.Join(config.Presets(), ", "))
	// It fails only for a flag that is not there.
	_ = cmd.RegisterFlagCompletionFunc("preset", cobra.FixedCompletions(config.Presets(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (a *app) initConfig(path string, text []byte, edit []string) error {
	if path == "-" {
		_, err := a.Out.Write(text)
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return dirsync.WithHint(fmt.Errorf("%s is there already; it was left as it is", path),
			"Name another file: duosync config init FILE. To compare: duosync config init - | diff - FILE")
	case err != nil:
		return dirsync.WithHint(err, "Name a file in a folder that is there and can be written.")
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(path)) // half a configuration is none
	}
	_, err = fmt.Fprintf(a.Out, "Wrote %s. Edit %s in it, then try it: %s\n", path, strings.Join(edit, ", "), printed.Command("", "check", "--config", path))
	return err
}
