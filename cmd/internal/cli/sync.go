package cli

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/daemon"
	"duosync/cmd/internal/report"
	"duosync/duo"
	"duosync/state"
	dirsync "duosync/sync"
)

type syncOptions struct {
	dryRun, refresh, detailed    bool
	only, adopt, approve, format string
	output, asOf, planOut        string
	redact                       bool
	apply                        string         // file of the plan to carry out; "": whatever is to be done
	at                           time.Time      // what asOf says; zero: now
	keep                         io.WriteCloser // for the plan; nil: it is not kept
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
	format, err := report.ParseFormat(opts.format)
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
	out, err := a.output(opts.output)
	if err != nil {
		return err
	}
	if opts.keep, err = a.openPlan(opts.planOut); err != nil {
		return errors.Join(err, out.Close())
	}
	progress := a.progress()
	watch := daemon.NewWatch(progress)
	run := a.attempt(ctx, loaded, opts, watch)
	progress.Close()
	// Where a run failed before it did anything, the message on stderr says it all.
	if err = nil; run.Err == nil || format == report.JSON || opts.output != "" || len(run.Operations) > 0 {
		err = report.Write(out, run, format, opts.output == "" && a.colour(a.OutTerminal))
	}
	err = errors.Join(statusOf(run, opts.detailed), err, out.Close())
	if opts.keep != nil {
		err = errors.Join(err, opts.keep.Close())
	}
	if !opts.dryRun && opts.only == "" && opts.apply == "" {
		err = errors.Join(err, a.tellOutside(ctx, loaded, run, watch))
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

// attempt makes one run, and gives what is known of it in any case.
func (a *app) attempt(ctx context.Context, loaded *config.Loaded, opts syncOptions, watch *daemon.Watch) *dirsync.Run {
	now := time.Now()
	id := newRunID(now)
	run, err := a.sync(ctx, loaded, opts, id, watch)
	if run == nil { // it did not begin
		run = &dirsync.Run{ID: id, DryRun: opts.dryRun, Started: now, Finished: time.Now()}
	}
	if err = errors.Join(run.Err, err); errors.Is(err, context.Canceled) {
		err = dirsync.WithHint(errors.New("interrupted"), "What was done is written down; the next run goes on from there.")
	}
	if err != nil {
		run.Outcome, run.Err = dirsync.OutcomeFailed, err
	}
	return run
}

// tellOutside writes the textfile of a run, and calls the heartbeat.
func (a *app) tellOutside(ctx context.Context, loaded *config.Loaded, run *dirsync.Run, watch *daemon.Watch) error {
	log, err := a.logger()
	if err != nil {
		return err
	}
	daemon.After(ctx, daemon.Ended{Config: &loaded.Config, Run: run, Watch: watch, Version: Version(), Log: log})
	return nil
}

// output opens what --output names, or standard output. A new file, or one that
// is there, appears whole or not at all; a new one is for its owner only, since
// reports name people. What is no plain file, such as a pipe, is written to.
func (a *app) output(path string) (io.WriteCloser, error) {
	if path == "" {
		return stream{a.Out}, nil
	}
	return wholeOrNot("--output", path, false)
}

// wholeOrNot opens a file that appears whole or not at all. It is for its owner
// only, unless one is there that is open to others, and private does not forbid it.
func wholeOrNot(flag, path string, private bool) (io.WriteCloser, error) {
	mode := os.FileMode(0o600)
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	switch info, err := os.Stat(path); {
	case err == nil && info.IsDir():
		return nil, dirsync.WithHint(fmt.Errorf("%s: %s is a folder", flag, path), "Name a file in it.")
	case err == nil && !info.Mode().IsRegular():
		return os.OpenFile(path, os.O_WRONLY, 0)
	case err == nil && !private:
		mode = info.Mode().Perm()
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".duosync-report-*")
	if err != nil {
		return nil, dirsync.WithHint(fmt.Errorf("%s: %w", flag, err), "Name a file in a folder that can be written.")
	}
	return &wholeFile{file: file, path: path}, file.Chmod(mode)
}

type stream struct{ io.Writer }

func (stream) Close() error { return nil }

type wholeFile struct {
	file *os.File
	path string
	err  error // of a write
}

func (f *wholeFile) Write(data []byte) (int, error) {
	n, err := f.file.Write(data)
	f.err = errors.Join(f.err, err)
	return n, err
}

// Close gives the file its name, unless nothing was written, or not all.
func (f *wholeFile) Close() error {
	info, err := f.file.Stat()
	err = errors.Join(err, f.file.Close())
	if f.err != nil || err != nil || info.Size() == 0 {
		return errors.Join(err, os.Remove(f.file.Name()))
	}
	return os.Rename(f.file.Name(), f.path)
}

// newRunID names a run: when it began, and a bit of chance.
func newRunID(now time.Time) string {
	var random [3]byte
	_, _ = rand.Read(random[:]) // it never fails
	return now.UTC().Format("20060102T150405Z") + "-" + hex.EncodeToString(random[:])
}

// openState opens the state for a run: a dry run gets a private copy.
func openState(ctx context.Context, parts *parts, dryRun bool) (*state.DB, error) {
	dsn := parts.config.State.DSN.Reveal()
	if dryRun {
		return state.OpenReadOnly(ctx, dsn)
	}
	return state.Open(ctx, dsn, state.Options{
		KeepHistory: parts.config.State.KeepHistory, Now: parts.timing.now,
		CallTime: cmp.Or(parts.timing.call, cmp.Or(parts.timing.operation, duo.OperationTime)+parts.config.Duo.Timeout),
	})
}
