package wire

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"time"

	"duosync/cmd/internal/audit"
	"duosync/cmd/internal/config"
	dirsync "duosync/sync"
	"duosync/sync/engine"
)

// RunOptions are what is asked of one run.
type RunOptions struct {
	DryRun, Refresh bool
	Only, Approve   string
	Adopt           []string
	AsOf            time.Time // zero: now
	Plan            string    // file of the plan to carry out; "": whatever is to be done
	Keep            io.Writer // for the plan; nil: it is not kept
	Redact          bool      // digests in place of names in the plan that is kept
}

// Watcher observes a run, and may count its calls to Duo meanwhile.
type Watcher interface {
	dirsync.Observer
	CountCalls(count func() int)
}

// Attempt makes one run, and gives what is known of it in any case.
func Attempt(ctx context.Context, loaded *config.Loaded, setup Setup, opts RunOptions, watch Watcher) *dirsync.Run {
	now := time.Now()
	id := NewRunID(now)
	run, err := Run(ctx, loaded, setup, opts, id, watch)
	return Ended(run, Begun{ID: id, By: setup.By, Command: setup.Command, Flags: loaded.Flags(), DryRun: opts.DryRun, At: now, Binding: BindingOf(&loaded.Config)}, err)
}

// Run makes one run, which watch observes. Without a run, the error says why it
// did not begin; beside one, what could not be closed after it.
func Run(ctx context.Context, loaded *config.Loaded, setup Setup, opts RunOptions, id string, watch Watcher) (run *dirsync.Run, err error) {
	plan, err := readPlan(ctx, &loaded.Config, opts.Plan)
	if err != nil {
		return nil, err
	}
	err = WithBench(ctx, loaded, setup, opts.DryRun, watch, func(b *Bench) error {
		watch.CountCalls(func() int { return b.Target.Usage().Calls })
		if err := b.Check(ctx, b.Store); err != nil {
			return err
		}
		if plan != nil { // once more, now that nobody else can write
			if err := knownTo(ctx, b.Store, plan); err != nil {
				return err
			}
		}
		approval, err := b.approve(ctx, b.Store, &opts)
		if err != nil {
			return err
		}
		options := engine.Options{
			RunID: id, DryRun: opts.DryRun, Refresh: opts.Refresh, Only: opts.Only, Adopt: opts.Adopt, Approve: approval, AsOf: opts.AsOf,
		}
		if plan != nil {
			exactly(&options, plan)
		}
		run = b.Engine.Run(ctx, options)
		if problem := b.tell(ctx); problem != "" { // a log of runs has their warnings
			if !audit.Warned(run) {
				run.Warnings = append(run.Warnings, problem)
			}
			b.told = setup.LogsRuns
		}
		return b.keepPlan(ctx, b.Store, run, &opts)
	})
	return run, err
}

// Begun is what is known of a run before it begins.
type Begun struct {
	ID, By, Command, Flags string
	Binding                dirsync.Binding
	DryRun                 bool
	At                     time.Time
	// Again is the command between backticks that goes on where the run was ended; "": the next
	// run does.
	Again string
}

// Ended gives what is known of a run in any case: run is nil where it did not begin, and
// err is why, or what went wrong besides.
func Ended(run *dirsync.Run, begun Begun, err error) *dirsync.Run {
	if run == nil {
		run = &dirsync.Run{ID: begun.ID, By: begun.By, Command: begun.Command, Flags: begun.Flags, DryRun: begun.DryRun, Started: begun.At, Finished: time.Now(),
			Account: begun.Binding.Host, Directory: begun.Binding.Where()}
	}
	if err = interrupted(errors.Join(run.Err, err), begun.Again); err != nil {
		run.Outcome, run.Err = dirsync.OutcomeFailed, err
	}
	return run
}

// Interrupted gives the words for a run that was ended from outside; any other error
// stays as it is.
func Interrupted(err error) error { return interrupted(err, "") }

func interrupted(err error, again string) error {
	if errors.Is(err, context.Canceled) {
		next := "the next run goes on from there"
		if again != "" {
			next = "no other run does the rest, but " + again
		}
		return dirsync.WithHint(errors.New("interrupted"), "What was done is written down; "+next+".")
	}
	return err
}

// NewRunID names a run: when it began, and a bit of chance.
func NewRunID(now time.Time) string {
	var random [3]byte
	_, _ = rand.Read(random[:]) // it never fails
	return now.UTC().Format("20060102T150405Z") + "-" + hex.EncodeToString(random[:])
}
