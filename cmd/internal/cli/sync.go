package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"duosync/cmd/internal/afterrun"
	"duosync/cmd/internal/cli/commandline"
	"duosync/cmd/internal/config/strict"
	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/watch"
	"duosync/cmd/internal/wholefile"
	"duosync/cmd/internal/wire"
	dirsync "duosync/sync"
)

// syncOptions are those of sync, and of apply, which makes the same run of a plan.
type syncOptions struct {
	formOptions
	dryRun, refresh, detailed bool
	only, approve             string
	adopt                     []string
	adoptFile                 string
	asOf, planOut             string
	redact                    bool
	apply                     string // file of the plan to carry out; "": whatever is to be done
}

func (o *syncOptions) addFlags(f *pflag.FlagSet) {
	f.BoolVar(&o.dryRun, "dry-run", false, "report what the run would do; write nothing anywhere")
	f.BoolVar(&o.refresh, "refresh", false, "read all of Duo, due or not, and mend what was changed there")
	f.BoolVar(&o.detailed, "detailed-exitcode", false, "with --dry-run: exit as the run itself would (3, 4), or 2 when changes are pending")
	f.StringVar(&o.asOf, "as-of", "", "with --dry-run: report what would be due at this `TIME`: 2026-03-31, 2026-03-31T12:00:00Z, or so long from now, such as 30d")
	f.StringVar(&o.only, "only", "", "narrow the plan to this `USER` (mapped username)")
	f.StringArrayVar(&o.adopt, "adopt", nil, "take over this `USER`, who exists in Duo already; may be repeated")
	f.StringVar(&o.adoptFile, "adopt-file", "", "take over the users in this `FILE`, one username a line")
	f.StringVar(&o.planOut, "plan-out", "", "with --dry-run: keep the plan in this `FILE`, for duosync apply")
	f.BoolVar(&o.redact, "redact", false, "with --plan-out: digests in place of names, numbers, addresses and ids; such a plan is for reading only")
	o.addReportFlags(f)
}

// run gives what is asked of the run itself: what is due at a time, zero for now, and
// where its plan is kept; nil: nowhere.
func (o *syncOptions) run(at time.Time, plan io.Writer) wire.RunOptions {
	return wire.RunOptions{
		DryRun: o.dryRun, Refresh: o.refresh, Only: o.only, Adopt: o.adopt, Approve: o.approve,
		AsOf: at, Plan: o.apply, Keep: plan, Redact: o.redact,
	}
}

// addReportFlags adds those that sync and apply share.
func (o *syncOptions) addReportFlags(f *pflag.FlagSet) {
	f.StringVar(&o.approve, "approve", "", "let through, in this run, what was held under this `ID`, of the report or of one of its guards; what is approved already keeps its time")
	o.formOptions.addFlags(f, "report")
	o.addVerbose(f, "name the people, too, for whom nothing is done by rule")
}

func newSyncCommand(a *app) *cobra.Command {
	var opts syncOptions
	cmd := &cobra.Command{
		Use:   "sync",
		Short: "Make one run: read the directory, compare, guard, apply",
		Long: `sync reads the whole directory, compares it with what the last run left in Duo, weighs
the difference against the limits, and applies it: for cron, a systemd timer or a
container job. With --dry-run it reports what that run would do and writes nothing:
not to Duo, not to the directory, not to the state. --plan-out keeps that plan in a
file, of which duosync apply carries out exactly these operations.

` + exitsOfSync,
		Example: `  duosync sync --dry-run
  duosync sync --format json --output report.json`,
		Args: commandline.None,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runSync(cmd.Context(), opts) },
	}
	opts.addFlags(cmd.Flags())
	a.byFlag(cmd.Flags(), loggedIn)
	return cmd
}

func newApplyCommand(a *app) *cobra.Command {
	var opts syncOptions
	cmd := &cobra.Command{
		Use:   "apply FILE",
		Short: "Carry out exactly the plan that a dry run kept",
		Long: `apply carries out the plan that duosync sync --dry-run --plan-out FILE kept: these
operations and no others. What has moved since is left out, and told with what is
different now; the limits weigh what is left, as in every run. A plan belongs to one
Duo account, one state, and the sections ldap and sync as they were: under others, with
a state restored from an older copy, or with a single byte changed, it is refused
before Duo is called.

` + exitsOfApply,
		Example: `  duosync apply plan.json
  duosync apply plan.json --approve 6a93c168d1e024050095`,
		Args: commandline.One("FILE", "Name the file that `duosync sync --dry-run --plan-out FILE` wrote."),
		RunE: func(cmd *cobra.Command, args []string) error {
			if opts.apply = args[0]; opts.apply == "" {
				return errors.New("the name of the plan's file is empty")
			}
			return a.runSync(cmd.Context(), opts)
		},
	}
	opts.addReportFlags(cmd.Flags())
	a.byFlag(cmd.Flags(), loggedIn)
	return cmd
}

func (a *app) runSync(ctx context.Context, opts syncOptions) error {
	at, err := parseAsOf(opts.asOf, opts.dryRun, time.Now())
	if err != nil {
		return fmt.Errorf("--as-of: %w", err)
	}
	if err := opts.planFlags(); err != nil {
		return err
	}
	if opts.adoptFile != "" {
		names, err := commandline.NamesIn(opts.adoptFile)
		if err != nil {
			return fmt.Errorf("--adopt-file: %w", err)
		}
		opts.adopt = append(opts.adopt, names...)
	}
	var follow func()
	err = a.show(ctx, opts.formOptions, nil, func(ctx context.Context, j *job) (form.Renderer, error) {
		plan, err := openPlan(opts.planOut)
		if err != nil {
			return nil, err
		}
		observer := watch.New(j.line)
		run := wire.Attempt(ctx, j.Loaded, j.Setup, opts.run(at, plan), observer)
		if !opts.dryRun && opts.only == "" {
			follow = func() { opts.follow(ctx, j, run, observer.Took()) }
		}
		err = statusOfRun(run, opts.detailed)
		if plan != nil {
			err = errors.Join(err, plan.Close())
		}
		if !opts.wants(run) {
			return nil, err
		}
		doc := report.Of(run)
		doc.Verbose = opts.verbose
		return doc, err
	})
	if follow != nil { // the report comes first
		follow()
	}
	return err
}

// follow does what follows a run. One of a plan is none to count: it was not about everybody.
func (o *syncOptions) follow(ctx context.Context, j *job, run *dirsync.Run, took map[string]time.Duration) {
	after := afterrun.New(afterrun.Options{Version: j.Version, Log: j.Log})
	if o.apply != "" {
		after.Tell(ctx, &j.Config, run)
		return
	}
	after.Resume(j.Config.Notify.Textfile)
	after.Follow(ctx, &j.Config, run, took)
}

// planFlags refuses flags that do not go with a plan, or it with them.
func (o *syncOptions) planFlags() error {
	switch {
	case o.redact && o.planOut == "":
		return dirsync.WithHint(errors.New("--redact is about the file of --plan-out"), "Give --plan-out FILE, too, or leave it out.")
	case o.planOut == "":
		return nil
	case !o.dryRun:
		return dirsync.WithHint(errors.New("--plan-out: a run that writes keeps no plan"), "Give --dry-run, too, and then: `duosync apply FILE`")
	case o.asOf != "":
		return dirsync.WithHint(errors.New("--plan-out: what is due at another time can't be applied now"), "Leave out one of --plan-out and --as-of.")
	case filepath.Clean(o.planOut) == filepath.Clean(o.output):
		return errors.New("--plan-out and --output name the same file")
	}
	return nil
}

// openPlan opens the file that is to hold the plan; nil where none is asked for.
// What was no success leaves no file.
func openPlan(path string) (io.WriteCloser, error) {
	if path == "" {
		return nil, nil
	}
	return wholefile.Create("--plan-out", path, true)
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
	if d, err := strict.ParseDuration(text); err == nil && d >= 0 {
		return now.Add(d), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, dirsync.WithHint(fmt.Errorf("%s is no time", dirsync.Quote(text)), "Such as 2026-03-31, 2026-03-31T12:00:00Z, or 30d for so long from now.")
}
