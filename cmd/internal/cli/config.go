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
	cmd := &cobra.Command{Use: "config", Short: "Look at the configuration", Args: cobra.NoArgs,
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
	})
	return cmd
}

// load reads the configuration: --config, else DUOSYNC_CONFIG, else the first
// of the usual places.
func (a *app) load() (*config.Loaded, error) {
	path := a.configPath
	if path == "" {
		path, _ = a.Env("DUOSYNC_CONFIG")
	}
	if path == "" {
		places := []string{"config.yaml", "/etc/duosync/config.yaml"}
		for _, place := range places {
			if _, err := os.Stat(place); !errors.Is(err, fs.ErrNotExist) {
				path = place
				break
			}
		}
		if path == "" {
			return nil, dirsync.WithHint(fmt.Errorf("there is no configuration: none of %v exists", places),
				"Copy config.example.yaml to config.yaml and fill it in, or name a file with --config.")
		}
	}
	loaded, err := config.Load(path, a.Env)
	if err != nil {
		return nil, err
	}
	log, err := a.logger()
	if err != nil {
		return nil, err
	}
	for _, warning := range loaded.Warnings {
		log.Warn(warning)
	}
	return loaded, nil
}
