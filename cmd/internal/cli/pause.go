package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"duosync/cmd/internal/byhand"
	dirsync "duosync/sync"
)

func newPauseCommand(a *app) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "pause",
		Short: "Stop all writing to Duo, by hand and scheduled, until resumed",
		Long: `pause stops all writing to Duo until duosync resume. A run that is under way
ends before its next call. Dry runs go on.

Exit status: 0 paused; 1 the state could not be written.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			loaded, err := a.load()
			if err != nil {
				return err
			}
			by, err := a.who()
			if err != nil {
				return err
			}
			paused, err := byhand.Pause(cmd.Context(), &loaded.Config, reason, by)
			if !paused {
				return err
			}
			_, failed := fmt.Fprintf(a.Out, "Paused. Nothing is written to Duo until: %s\n", dirsync.Command(a.flags, "resume"))
			return errors.Join(failed, err)
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for whoever meets the pause")
	a.byFlag(cmd.Flags(), loggedIn)
	return cmd
}

func newResumeCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "resume",
		Short: "Let writing to Duo go on after a pause",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			loaded, err := a.load()
			if err != nil {
				return err
			}
			by, err := a.who()
			if err != nil {
				return err
			}
			resumed, paused, err := byhand.Resume(cmd.Context(), &loaded.Config, by)
			if !resumed {
				return err
			}
			text := "Resumed. The next run writes again."
			if !paused {
				text = "Writing was not paused."
			}
			_, failed := fmt.Fprintln(a.Out, text)
			return errors.Join(failed, err)
		},
	}
	a.byFlag(cmd.Flags(), loggedIn)
	return cmd
}
