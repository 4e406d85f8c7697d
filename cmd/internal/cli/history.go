package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/report"
	"duosync/state"
	dirsync "duosync/sync"
)

// listOptions are those of commands that list something from the state.
type listOptions struct{ format, output string }

func (o *listOptions) addFlags(f *pflag.FlagSet) {
	f.StringVar(&o.format, "format", string(report.Table), fmt.Sprintf("`FORM` of the list: %v", report.Formats()))
	f.StringVar(&o.output, "output", "", "write the list to this `FILE`")
}

// document is what a command has to say, in any form.
type document interface {
	Write(w io.Writer, format report.Format, colour bool) error
}

func newHistoryCommand(a *app) *cobra.Command {
	var opts listOptions
	var limit int
	cmd := &cobra.Command{
		Use:   "history [RUN]",
		Short: "List past runs, or show one with each of its operations",
		Long: `history lists the runs that the state remembers (state.keep_history), newest
first. Dry runs leave no trace there.

With RUN, the id of a run or how it begins, it shows that run's report. Of a run
that was killed it shows what the run had written down.

It changes nothing and can be used while a run is under way.

Exit status: 0 shown; 1 there is no such run, or the state can't be read.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if limit < 1 {
				return errors.New("--limit must be at least 1")
			}
			if len(args) == 0 {
				return a.list(cmd.Context(), opts, func(err error) document { return &report.History{Error: report.Explain(err)} },
					func(ctx context.Context, past *past) (document, error) { return past.list(ctx, limit) })
			}
			return a.list(cmd.Context(), opts, problem, func(ctx context.Context, past *past) (document, error) { return past.run(ctx, args[0]) })
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 20, "show no more than `N` runs")
	opts.addFlags(cmd.Flags())
	return cmd
}

// problem is the object that JSON has in place of what could not be found.
func problem(err error) document { return &report.Problem{Error: report.Explain(err)} }

// list reads the state and renders what show makes of it. In JSON there is an
// object also where that fails, as failed gives it.
func (a *app) list(ctx context.Context, opts listOptions, failed func(error) document, show func(context.Context, *past) (document, error)) error {
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
	doc, err := a.readPast(ctx, loaded, show)
	if err != nil && format == report.JSON {
		doc = failed(err)
	}
	if doc != nil {
		err = errors.Join(err, doc.Write(out, format, opts.output == "" && a.colour(a.OutTerminal)))
	}
	return errors.Join(err, out.Close())
}

// past is the state as it was at one moment.
type past struct {
	*state.DB
	config *config.Config
	at     time.Time // when it was looked whether a run is under way
	holder string    // who held the lock then; "" for nobody
}

func (a *app) readPast(ctx context.Context, loaded *config.Loaded, show func(context.Context, *past) (document, error)) (doc document, err error) {
	dsn := loaded.Config.State.DSN.Reveal()
	p := &past{config: &loaded.Config, at: time.Now()}
	if p.holder, err = state.Holder(dsn); err != nil {
		return nil, err
	}
	if p.DB, err = state.OpenReadOnly(ctx, dsn); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	return show(ctx, p)
}

func (p *past) list(ctx context.Context, limit int) (document, error) {
	runs, err := p.Runs(ctx, limit)
	if err != nil {
		return nil, err
	}
	history := &report.History{}
	for i := range runs {
		head, err := p.head(ctx, &runs[i])
		if err != nil {
			return nil, fmt.Errorf("run %s: %w", runs[i].ID, err)
		}
		history.Runs = append(history.Runs, *head)
	}
	return history, nil
}

func (p *past) head(ctx context.Context, run *state.Run) (*report.Head, error) {
	if run.Summary != nil {
		return report.DecodeHead(run.Summary)
	}
	doc, err := p.unfinished(ctx, run)
	if err != nil {
		return nil, err
	}
	return &doc.Head, nil
}

// run gives the report of the run whose id begins with prefix.
func (p *past) run(ctx context.Context, prefix string) (document, error) {
	ids, err := p.RunIDs(ctx, prefix, 5)
	if err != nil {
		return nil, err
	}
	id := prefix
	switch {
	case slices.Contains(ids, prefix): // also when others begin with it
	case len(ids) == 1:
		id = ids[0]
	case len(ids) > 1:
		return nil, dirsync.WithHint(fmt.Errorf("several runs begin with %s: %s", dirsync.Quote(prefix), strings.Join(ids, ", ")),
			"Give more of the id.")
	}
	run, found, err := p.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	if !found || prefix == "" {
		return nil, dirsync.WithHint(fmt.Errorf("there is no run %s in the history", dirsync.Quote(prefix)),
			"Take the id from `duosync history`; dry runs and what is older than state.keep_history are not there.")
	}
	if run.Report != nil {
		return report.Stored(run.Report), nil
	}
	return p.unfinished(ctx, run)
}

// noteDone is the note that the core leaves of an operation that was done; any
// other says why it was not.
const noteDone = "done"

// unfinished reports on a run that has not made a report, from its journal. The
// lock tells whether it goes on: it was taken before the run began, and goes with
// its process.
func (p *past) unfinished(ctx context.Context, run *state.Run) (*report.Document, error) {
	steps, err := p.Steps(ctx, run.ID)
	if err != nil {
		return nil, err
	}
	goesOn := run.Outcome == "" && (p.holder != "" || run.Started.After(p.at))
	operations := make([]report.Operation, len(steps))
	for i, step := range steps {
		result, problem := dirsync.ResultApplied, ""
		switch {
		case step.Done.IsZero() && goesOn:
			result = dirsync.ResultPlanned
		case step.Done.IsZero():
			result, problem = dirsync.ResultFailed, "what became of it is not known yet; the next run finds out"
		case step.Note != noteDone:
			result, problem = dirsync.ResultFailed, step.Note
		}
		operations[i] = report.OperationOf(step.Op, result, problem)
	}
	return report.Unfinished(run.ID, run.Started, goesOn, operations), nil
}
