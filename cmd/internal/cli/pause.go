package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"duosync/cmd/internal/config"
	"duosync/state"
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
			return withState(cmd.Context(), loaded, func(db *state.DB) error {
				if err := db.Pause(cmd.Context(), dirsync.Pause{Since: time.Now(), Reason: reason}); err != nil {
					return err
				}
				_, err := fmt.Fprintln(a.Out, "Paused. Nothing is written to Duo until: duosync resume")
				return err
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for whoever meets the pause")
	return cmd
}

func newResumeCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "resume",
		Short: "Let writing to Duo go on after a pause",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			loaded, err := a.load()
			if err != nil {
				return err
			}
			return withState(cmd.Context(), loaded, func(db *state.DB) error {
				paused, err := db.Resume(cmd.Context())
				if err != nil {
					return err
				}
				text := "Resumed. The next run writes again."
				if !paused {
					text = "Writing was not paused."
				}
				_, err = fmt.Fprintln(a.Out, text)
				return err
			})
		},
	}
}

// withState opens the state beside a run that may be under way, for one change.
func withState(ctx context.Context, loaded *config.Loaded, do func(*state.DB) error) error {
	db, err := state.OpenBeside(ctx, loaded.Config.State.DSN.Reveal(), state.Options{KeepHistory: loaded.Config.State.KeepHistory})
	if err != nil {
		return err
	}
	return errors.Join(do(db), db.Close())
}
