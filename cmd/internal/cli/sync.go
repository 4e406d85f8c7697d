package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"duosync/cmd/internal/afterrun"
	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/watch"
	"duosync/cmd/internal/wire"
	dirsync "duosync/sync"
)

type syncOptions struct {
	formOptions
	dryRun, refresh, detailed bool
	only, adopt, approve      string
	asOf, planOut             string
	redact                    bool
	apply                     string         // file of the plan to carry out; "": whatever is to be done
	at                        time.Time      // what asOf says; zero: now
	keep                      io.WriteCloser // for the plan; nil: it is not kept
}

func (o *syncOptions) addFlags(f *pflag.FlagSet) {
	f.BoolVar(&o.dryRun, "dry-run", false, "report what the run would do; write nothing anywhere")
	f.BoolVar(&o.refresh, "refresh", false, "read all of Duo, due or not, and mend what was changed there")
	f.BoolVar(&o.detailed, "detailed-exitcode", false, "with --dry-run: exit as the run itself would (3, 4), or 2 when changes are pending")
	f.StringVar(&o.asOf, "as-of", "", "with --dry-run: report what would be due at this `TIME`: 2026-03-31, 2026-03-31T12:00:00Z, or so long from now, such as 720h")
	f.StringVar(&o.only, "only", "", "narrow the plan to this `USER` (mapped username)")
	f.StringVar(&o.adopt, "adopt", "", "take over this `USER`, who exists in Duo already")
	f.StringVar(&o.planOut, "plan-out", "", "with --dry-run: keep the plan in this `FILE`, for duosync apply")
	f.BoolVar(&o.redact, "redact", false, "with --plan-out: digests in place of names, numbers, addresses and ids; such a plan is for reading only")
	o.addReportFlags(f)
}

// run gives what is asked of the run itself.
func (o *syncOptions) run() wire.RunOptions {
	return wire.RunOptions{
		DryRun: o.dryRun, Refresh: o.refresh, Only: o.only, Adopt: o.adopt, Approve: o.approve,
		AsOf: o.at, Plan: o.apply, Keep: o.keep, Redact: o.redact,
	}
}

func newSyncCommand(a *app) *cobra.Command {
	var opts syncOptions
	cmd := &cobra.Command{
		Use:   "sync",
		Short: "Make one run: read the directory, compare, guard, apply",
		Long: `sync reads the whole directory, compares it with what the last run left in Duo,
weighs the difference against the limits, and applies it. For cron, a systemd
timer or a container job.

With --dry-run it reports what that run would do and writes nothing: not to Duo,
not to the directory, not to the state. --plan-out keeps that plan in a file, of which
duosync apply carries out exactly these operations.

Exit status: 0 done; 1 it could not be done; 2 changes are pending (--dry-run
--detailed-exitcode); 3 a guard wants a human: max_remove, min_source and state_lost
hold the whole run; every other guard holds what follows from it, and all else goes
on; 4 some objects failed or are in a conflict not told before, all others were
applied.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runSync(cmd.Context(), opts) },
	}
	opts.addFlags(cmd.Flags())
	return cmd
}

func (a *app) runSync(ctx context.Context, opts syncOptions) error {
	format, err := form.Parse(opts.format)
	if err != nil {
		return fmt.Errorf("--format: %w", err)
	}
	if opts.at, err = parseAsOf(opts.asOf, opts.dryRun, time.Now()); err != nil {
		return fmt.Errorf("--as-of: %w", err)
	}
	if err := opts.planFlags(); err != nil {
		return err
	}
	loaded, err := a.load()
	if err != nil {
		return err
	}
	setup, err := a.setup()
	if err != nil {
		return err
	}
	out, err := a.output(opts.output)
	if err != nil {
		return err
	}
	if opts.keep, err = a.openPlan(opts.planOut); err != nil {
		return errors.Join(err, out.Close())
	}
	progress := a.progress()
	observer := watch.New(progress)
	run := wire.Attempt(ctx, loaded, setup, opts.run(), observer)
	progress.Close()
	// Where a run failed before it did anything, the message on stderr says it all.
	if err = nil; run.Err == nil || format == form.JSON || opts.output != "" || len(run.Operations) > 0 {
		err = report.Of(run).Write(out, format, opts.output == "" && a.colour(a.OutTerminal))
	}
	err = errors.Join(statusOf(run, opts.detailed), err, out.Close())
	if opts.keep != nil {
		err = errors.Join(err, opts.keep.Close())
	}
	if !opts.dryRun && opts.only == "" && opts.apply == "" {
		after := afterrun.New(afterrun.Options{Version: setup.Version, Log: setup.Log})
		after.Resume(loaded.Config.Notify.Textfile)
		after.Follow(ctx, &loaded.Config, run, observer.Took())
	}
	return err
}

// parseAsOf reads a time in RFC 3339's form, a date, which begins in UTC, or a
// duration from now. Nothing gives the zero time.
func parseAsOf(text string, dryRun bool, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if !dryRun {
		return time.Time{}, dirsync.WithHint(errors.New("a run that writes does what is due now"), "Give --dry-run, too, or leave --as-of out.")
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return now.Add(d), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, dirsync.WithHint(fmt.Errorf("%s is no time", dirsync.Quote(text)), "Such as 2026-03-31, 2026-03-31T12:00:00Z, or 720h for so long from now.")
}
