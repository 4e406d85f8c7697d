package past

import (
	"context"

	"duosync/cmd/internal/report"
	dirsync "duosync/sync"
	"duosync/sync/decide"
)

// Due lists what waits under these rules, what is held, approved or paused, and who is
// kept disabled or has no device. Without rules (nil) it is who waited at the end of the last
// complete run.
func (m *Moment) Due(ctx context.Context, rules *decide.Rules) (*report.Due, error) {
	meta, err := m.Meta(ctx)
	if err != nil {
		return nil, err
	}
	links, err := m.CountLinks(ctx)
	if err != nil {
		return nil, err
	}
	d := report.NewDue(m.At, meta.Refreshed, m.Flags)
	if links == 0 {
		d.KnowsNobody()
	}
	if meta.Paused != nil {
		d.Pause(*meta.Paused)
	}
	if err := m.byHand(ctx, d); err != nil {
		return nil, err
	}
	if d.State, err = PlaceOf(ctx, m.DB); err != nil {
		return nil, err
	}
	if rules != nil && rules.Directories.Named() || rules == nil && meta.Binding != nil && meta.Binding.Directories != nil {
		d.Named()
	}
	if rules == nil {
		complete, err := m.lastComplete(ctx)
		if err != nil {
			return nil, err
		}
		d.WaitAsOf(complete)
	}
	last, settled, err := m.LastHold(ctx)
	if err != nil {
		return nil, err
	}
	d.Hold(last, settled)
	if err := m.standsIn(ctx, d); err != nil {
		return nil, err
	}
	activeOrMissing := func(b dirsync.Brief) bool { return b.Active || b.Missing }
	missing := map[dirsync.SourceID]*dirsync.Account{}
	err = EachLink(ctx, m.DB, activeOrMissing, func(l *dirsync.Link) {
		if l.Missing != nil {
			missing[l.ID] = &l.Answered
		}
		if rules != nil {
			if w, ok := rules.Due(l); ok {
				d.Wait(w)
			}
		}
		if l.NeverEnrolled() {
			d.Enroll(l)
		}
	})
	d.Know(missing)
	return d, err
}

// standsIn tells who waits for a human, and what does not work beside the runs.
func (m *Moment) standsIn(ctx context.Context, d *report.Due) error {
	standing, err := Attention(ctx, m.DB, m.Flags)
	if err != nil {
		return err
	}
	d.Attend(standing)
	d.Troubles, err = TroublesOf(ctx, m.DB)
	return err
}

// byHand tells what somebody has approved, or keeps disabled.
func (m *Moment) byHand(ctx context.Context, d *report.Due) error {
	approvals, err := m.Approvals(ctx, m.At)
	if err != nil {
		return err
	}
	for _, approval := range approvals {
		d.Approve(approval)
	}
	marks, err := StandingMarks(ctx, m.DB)
	if err != nil {
		return err
	}
	for _, mark := range marks {
		d.Disable(mark)
	}
	return nil
}

// Approvable lists what can be approved, and what is.
func (m *Moment) Approvable(ctx context.Context) (*report.Approvals, error) {
	approvals, err := m.Approvals(ctx, m.At)
	if err != nil {
		return nil, err
	}
	last, settled, err := m.LastHold(ctx)
	if err != nil {
		return nil, err
	}
	standing, err := Attention(ctx, m.DB, m.Flags)
	if err != nil {
		return nil, err
	}
	a := report.NewApprovals(m.At, last, approvals, settled, m.Flags)
	a.Attend(standing)
	a.State, err = PlaceOf(ctx, m.DB)
	return a, err
}
