package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"duosync/cmd/internal/byhand"
	"duosync/cmd/internal/cli/commandline"
	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/form"
	"duosync/sync/printed"
)

func newPauseCommand(a *app) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "pause",
		Short: "Stop all writing to Duo, by hand and scheduled, until resumed",
		Long: `pause stops all writing to Duo until duosync resume. A run that is under way ends
before its next call. Dry runs go on. It needs state.dsn of the configuration and
nothing else: other mistakes and missing secrets are warnings. It says which state it
has paused, and makes none.

Exit status: 0 paused; 1 there is no state, or it could not be written.`,
		Example: `  duosync pause --reason "migration of the directory"
  duosync pause --state /var/lib/duosync/duosync.db`,
		Args: commandline.None,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.change(cmd.Context(), func(ctx context.Context, at *spot, by string) (string, *report.Place, error) {
				place, err := byhand.Pause(ctx, &at.Spot, reason, by)
				return "Paused. Nothing is written to Duo until: " + printed.Command(a.flags, "resume"), place, err
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "`WHY`, for whoever meets the pause")
	a.stateFlag(cmd.Flags())
	a.byFlag(cmd.Flags(), loggedIn)
	return cmd
}

func newResumeCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "resume",
		Short: "Let writing to Duo go on after a pause",
		Long: `resume ends the pause of duosync pause: the next run writes again. It needs state.dsn
of the configuration and nothing else, and says which state it was.

Exit status: 0 resumed, or nothing was paused; 1 there is no state, or it could not be
written.`,
		Example: `  duosync resume
  duosync resume --state /var/lib/duosync/duosync.db`,
		Args: commandline.None,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.change(cmd.Context(), func(ctx context.Context, at *spot, by string) (string, *report.Place, error) {
				paused, place, err := byhand.Resume(ctx, &at.Spot, by)
				if !paused {
					return "Writing was not paused.", place, err
				}
				return "Resumed. The next run writes again.", place, err
			})
		},
	}
	a.stateFlag(cmd.Flags())
	a.byFlag(cmd.Flags(), loggedIn)
	return cmd
}

// change makes a change to the state, and tells what was done and to which state; place is
// nil where nothing was done.
func (a *app) change(ctx context.Context, do func(ctx context.Context, at *spot, by string) (done string, place *report.Place, err error)) error {
	at, err := a.spot()
	if err != nil {
		return err
	}
	by, err := a.who()
	if err != nil {
		return err
	}
	done, place, err := do(ctx, at, by)
	if place == nil {
		return err
	}
	_, failed := fmt.Fprintf(a.Out, "%s\nState: %s\n", form.CleanLines(done), form.CleanLines(place.Words()))
	return errors.Join(failed, err)
}
