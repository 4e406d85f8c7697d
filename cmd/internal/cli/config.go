package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"duosync/cmd/internal/config"
	dirsync "duosync/sync"
)

func newConfigCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Begin a configuration, or look at it", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(&cobra.Command{
		Use:   "show",
		Short: "Print the effective configuration, secrets hidden, and where each value comes from",
		Args:  cobra.NoArgs,
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
	return &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write a commented configuration to start from",
		Long: `init writes a configuration with every key, its default and what it is for to FILE
(default: --config, else config.yaml), readable for you only; to standard output
if FILE is -. It never overwrites a file.

Exit status: 0 written; 1 the file is there already, or can't be written.`,
		Args: atMostOne("FILE"),
		RunE: func(_ *cobra.Command, args []string) error {
			path := "config.yaml"
			if a.configPath != "" {
				path = a.configPath
			}
			if len(args) > 0 {
				path = args[0]
			}
			return a.initConfig(path)
		},
	}
}

func (a *app) initConfig(path string) error {
	if path == "-" {
		_, err := a.Out.Write(config.Example())
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
	_, err = file.Write(config.Example())
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(path)) // half a configuration is none
	}
	_, err = fmt.Fprintf(a.Out, "Wrote %s. Fill in the keys marked (1), then try it: %s\n", path, dirsync.Command("", "check", "--config", path))
	return err
}
