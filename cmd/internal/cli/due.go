package cli

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"duosync/cmd/internal/report"
	"duosync/state"
	dirsync "duosync/sync"
)

func newDueCommand(a *app) *cobra.Command {
	var opts listOptions
	cmd := &cobra.Command{
		Use:   "due",
		Short: "List who waits for a removal, since when and until when, and who never enrolled",
		Long: `due lists what is waiting: the removals that are to come under the present rules,
with their day; what the last run over all held, each guard with the command that lets
it through or what else ends it; what is approved, and until when; a pause; who is kept
disabled (duosync disable); and who is active but has no device in Duo, as of the last
refresh.

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
	marks, err := standingMarks(ctx, p)
	if err != nil {
		return nil, err
	}
	for _, mark := range marks {
		d.Disable(mark)
	}
	last, err := p.lastHold(ctx)
	if err != nil {
		return nil, err
	}
	settled, err := p.settled(ctx, last)
	if err != nil {
		return nil, err
	}
	d.Hold(last, settled)
	return d, p.links(ctx, func(l *dirsync.Link) {
		if w, ok := rules.Due(l); ok {
			d.Wait(w)
		}
		if l.Active() && !l.Answered.Enrolled {
			d.NotEnrolled = append(d.NotEnrolled, report.NotEnrolled{Username: l.Answered.Username, SourceID: l.ID, User: l.User})
		}
	})
}

// links visits every link that is active or missing, in the order of their ids.
func (p *past) links(ctx context.Context, visit func(*dirsync.Link)) error {
	return eachLink(ctx, p.DB, func(b dirsync.Brief) bool { return b.Active || b.Missing }, visit)
}

// eachLink visits the links that wanted picks, in the order of their ids.
func eachLink(ctx context.Context, db *state.DB, wanted func(dirsync.Brief) bool, visit func(*dirsync.Link)) error {
	var ids []dirsync.SourceID
	if err := db.Scan(ctx, func(b dirsync.Brief) error {
		if wanted(b) {
			ids = append(ids, b.ID)
		}
		return nil
	}); err != nil {
		return err
	}
	for some := range slices.Chunk(ids, 500) {
		links, err := db.Load(ctx, some)
		if err != nil {
			return err
		}
		for i := range links {
			visit(&links[i])
		}
	}
	return nil
}
