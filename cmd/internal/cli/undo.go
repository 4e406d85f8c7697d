package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/report"
	"duosync/state"
	dirsync "duosync/sync"
)

// lastRun stands for the newest run in place of an id.
const lastRun = "last"

func newUndoCommand(a *app) *cobra.Command {
	var opts listOptions
	var write bool
	cmd := &cobra.Command{
		Use:   "undo RUN",
		Short: "Restore and enable whom a run removed",
		Long: `undo gives back what a past run took: users whom it disabled are enabled, and those
whom it put into Duo's Trash are restored, with their devices. RUN is the id of the
run as duosync history lists it, how that id begins, or "last" for the newest run.

It shows the plan and writes nothing, unless --write is given. Only what is still as
the run left it is given back: whom others have disabled, trashed or taken over since
stays so. Users who were deleted are lost, with their devices. No limit holds an undo.

The directory is as it is: where a person is still missing or disabled there, the
next run removes the user again. The report says so; duosync pause gives you time to
mend the directory or the configuration first.

Exit status: 0 done, or the plan was shown; 1 there is no such run, or it could not
be done; 4 (with --write) some could not be given back, all others were.`,
		Example: `  duosync undo last
  duosync undo 20261124T1000 --write`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.present(cmd.Context(), opts, func(ctx context.Context, loaded *config.Loaded) (document, error) {
				run, undoes := a.undo(ctx, loaded, args[0], write)
				if run.Err != nil && len(run.Operations) == 0 && !opts.whole() {
					return nil, run.Err
				}
				return report.UndoingOf(run, undoes), statusOf(run, false)
			})
		},
	}
	cmd.Flags().BoolVar(&write, "write", false, "do it; without this flag, only show the plan")
	opts.addFlags(cmd.Flags())
	return cmd
}

// undo makes the run that undoes another one, and gives the other's id.
func (a *app) undo(ctx context.Context, loaded *config.Loaded, name string, write bool) (run *dirsync.Run, undoes string) {
	now := time.Now()
	id := newRunID(now)
	holder, err := state.Holder(loaded.Config.State.DSN.Reveal())
	if err != nil {
		return ended(nil, id, !write, now, err), ""
	}
	err = a.withBench(ctx, loaded, !write, func(b *bench) error {
		if err := b.store.Check(ctx, b.binding); err != nil {
			return err
		}
		past, err := pickRun(ctx, b.store, name)
		if err != nil {
			return err
		}
		if past.Outcome == "" && !write && (holder != "" || past.Started.After(now)) {
			return dirsync.WithHint(fmt.Errorf("the run %s is still under way", past.ID), "Wait until it has ended; `duosync pause` ends it before its next call.")
		}
		undoes = past.ID
		removed, err := removedBy(ctx, b.store, past.ID)
		if err != nil {
			return err
		}
		nothing := len(removed) == 0 // to undo nothing leaves no trace
		run = b.engine.Undo(ctx, dirsync.Options{RunID: id, DryRun: !write || nothing}, past.ID, removed)
		if nothing && run.Err == nil {
			other, err := lastRemoval(ctx, b.store, past.ID)
			run.Warnings = append(run.Warnings, fmt.Sprintf("run %s took nothing from anybody%s", past.ID, other))
			return err
		}
		return nil
	})
	return ended(run, id, !write, now, err), undoes
}

// pickRun finds the run that is meant: by its id, how that begins, or lastRun.
func pickRun(ctx context.Context, store *state.DB, name string) (*state.Run, error) {
	newest, err := store.Runs(ctx, 5)
	if err != nil {
		return nil, err
	}
	ids, err := store.RunIDs(ctx, name, 5)
	if err != nil {
		return nil, err
	}
	switch {
	case name == lastRun && len(newest) > 0:
		return &newest[0], nil
	case len(newest) == 0:
		return nil, dirsync.WithHint(errors.New("the history has no run yet"), "Dry runs leave no trace there, and a state that was lost has lost its history.")
	case name != "" && slices.Contains(ids, name): // also when others begin with it
		ids = []string{name}
	case name != "" && len(ids) > 1:
		return nil, dirsync.WithHint(fmt.Errorf("several runs begin with %s: %s", dirsync.Quote(name), strings.Join(ids, ", ")), "Give more of the id.")
	case name == "" || len(ids) == 0:
		var some []string
		for i := range newest {
			some = append(some, newest[i].ID)
		}
		return nil, dirsync.WithHint(fmt.Errorf("there is no run %s in the history; the newest are %s", dirsync.Quote(name), strings.Join(some, ", ")),
			"`duosync history` lists them; dry runs and what is older than state.keep_history are not there.")
	}
	run, found, err := store.Run(ctx, ids[0])
	if err == nil && !found {
		err = fmt.Errorf("the run %s is gone from the history", ids[0])
	}
	return run, err
}

// removedBy lists what a run took, as its journal has it: that knows also what
// became of a call that was open when the run ended. One that is open still is
// among them, since the undoing finds out first.
func removedBy(ctx context.Context, store *state.DB, id string) ([]dirsync.Removed, error) {
	steps, err := store.Steps(ctx, id)
	if err != nil {
		return nil, err
	}
	var removed []dirsync.Removed
	for _, step := range steps {
		if op := step.Op; op.Removes() && (step.Done.IsZero() || step.Note == noteDone) {
			removed = append(removed, dirsync.Removed{Source: op.Source, User: op.User, Username: op.Username, Action: op.Action})
		}
	}
	return removed, nil
}

// lastRemoval names the newest run, other than one, that took something from
// somebody.
func lastRemoval(ctx context.Context, store *state.DB, except string) (string, error) {
	const most = 1000
	runs, err := store.Runs(ctx, most)
	if err != nil {
		return "", err
	}
	for i := range runs {
		if runs[i].ID == except || runs[i].Outcome == dirsync.OutcomeNoChanges {
			continue
		}
		removed, err := removedBy(ctx, store, runs[i].ID)
		if err != nil {
			return "", err
		}
		if len(removed) > 0 {
			return "; the newest that did is " + runs[i].ID, nil
		}
	}
	return "", nil
}
