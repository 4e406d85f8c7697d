package cli

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"duosync/cmd/internal/report"
	dirsync "duosync/sync"
)

func newDueCommand(a *app) *cobra.Command {
	var opts listOptions
	cmd := &cobra.Command{
		Use:   "due",
		Short: "List who waits for a removal, since when and until when, and who never enrolled",
		Long: `due lists what is waiting: the removals that are to come under the present rules,
with their day; what the last run held, what is approved, and a pause; and who is
active but has no device in Duo, as of the last refresh.

It reads the state only, changes nothing and can be used while a run is under way.

Exit status: 0 listed; 1 the state can't be read.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.list(cmd.Context(), opts, func(err error) document {
				due := report.NewDue(time.Now(), time.Time{})
				due.Error = report.Explain(err)
				return due
			}, due)
		},
	}
	opts.addFlags(cmd.Flags())
	return cmd
}

func due(ctx context.Context, p *past) (document, error) {
	rules, err := rules(p.config)
	if err != nil {
		return nil, err
	}
	if err := p.Check(ctx, binding(p.config)); err != nil {
		return nil, err
	}
	meta, err := p.Meta(ctx)
	if err != nil {
		return nil, err
	}
	d := report.NewDue(p.at, meta.Refreshed)
	if meta.Paused != nil {
		d.Pause(*meta.Paused)
	}
	approvals, err := p.Approvals(ctx, p.at)
	if err != nil {
		return nil, err
	}
	for _, approval := range approvals {
		d.Approve(approval)
	}
	if err := p.held(ctx, d); err != nil {
		return nil, err
	}
	return d, p.links(ctx, func(l *dirsync.Link) {
		if w, ok := rules.Due(l); ok {
			d.Wait(w)
		}
		if l.Active() && !l.Answered.Enrolled {
			d.NotEnrolled = append(d.NotEnrolled, report.NotEnrolled{Username: l.Answered.Username, SourceID: l.ID, User: l.User})
		}
	})
}

// held tells what the last run held that came to an end of its own, unless that
// is long ago.
func (p *past) held(ctx context.Context, d *report.Due) error {
	const most = 1000
	runs, err := p.Runs(ctx, most)
	if err != nil {
		return err
	}
	for i := range runs {
		if runs[i].Outcome == "" || runs[i].Outcome == dirsync.OutcomeFailed {
			continue
		}
		run, found, err := p.Run(ctx, runs[i].ID)
		if err != nil || !found || run.Report == nil {
			return err
		}
		last, err := report.Decode(run.Report)
		if err != nil {
			return err
		}
		d.Hold(last)
		return nil
	}
	return nil
}

// links visits every link, in the order of their ids.
func (p *past) links(ctx context.Context, visit func(*dirsync.Link)) error {
	var ids []dirsync.SourceID
	if err := p.Scan(ctx, func(b dirsync.Brief) error {
		if b.Active || b.Missing {
			ids = append(ids, b.ID)
		}
		return nil
	}); err != nil {
		return err
	}
	for some := range slices.Chunk(ids, 500) {
		links, err := p.Load(ctx, some)
		if err != nil {
			return err
		}
		for i := range links {
			visit(&links[i])
		}
	}
	return nil
}
