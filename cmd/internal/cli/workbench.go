package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/report"
	"duosync/state"
	dirsync "duosync/sync"
)

// present writes what make gives, beside an error, too. In JSON there is an object in
// any case.
func (a *app) present(ctx context.Context, opts listOptions, make func(context.Context, *config.Loaded) (document, error)) error {
	format, err := report.ParseFormat(opts.format)
	if err != nil {
		return fmt.Errorf("--format: %w", err)
	}
	loaded, err := a.load()
	if err != nil {
		return err
	}
	out, err := a.output(opts.output)
	if err != nil {
		return err
	}
	doc, err := make(ctx, loaded)
	if doc == nil && format == report.JSON {
		doc = problem(err)
	}
	if doc != nil {
		err = errors.Join(err, doc.Write(out, format, opts.output == "" && a.colour(a.OutTerminal)))
	}
	return errors.Join(err, out.Close())
}

// whole reports whether a report is asked for also where the message on stderr says
// it all.
func (o *listOptions) whole() bool { return o.format == string(report.JSON) || o.output != "" }

// bench is what a command works with that is no run of the ordinary kind.
type bench struct {
	*parts
	store  *state.DB
	engine *dirsync.Engine
}

// withBench opens the state, for reading only where dry is set, and puts an engine
// together for do. It does not look whose state it is.
func (a *app) withBench(ctx context.Context, loaded *config.Loaded, dry bool, do func(*bench) error) (err error) {
	p, err := a.assemble(loaded)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	store, err := openState(ctx, p, dry)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	line := a.progress()
	defer line.Close()
	err = do(&bench{parts: p, store: store, engine: &dirsync.Engine{
		Source: p.source, Target: p.target, Store: store, Rules: p.rules, Binding: p.binding, Flags: p.flags, Observer: line, Now: p.timing.now, Encode: report.Encode,
	}})
	for _, warning := range store.Warnings() {
		p.log.Warn(warning)
	}
	return err
}

// ended gives what is known of a run that began at started, in any case: run is nil
// where it did not begin, and err is why, or what went wrong besides.
func ended(run *dirsync.Run, id string, dry bool, started time.Time, err error) *dirsync.Run {
	if run == nil {
		run = &dirsync.Run{ID: id, DryRun: dry, Started: started, Finished: time.Now()}
	}
	if err = errors.Join(run.Err, err); errors.Is(err, context.Canceled) {
		err = dirsync.WithHint(errors.New("interrupted"), "What was done is written down; the next run goes on from there.")
	}
	if err != nil {
		run.Outcome, run.Err = dirsync.OutcomeFailed, err
	}
	return run
}
