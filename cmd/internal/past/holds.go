package past

import (
	"context"
	"errors"

	"duosync/cmd/internal/report"
	"duosync/state"
	dirsync "duosync/sync"
)

// LastHold gives the report of the last run over all that came to an end of its own,
// where it held something; nil: it held nothing. Runs about some people only tell
// nothing of what else is held. settled says of each approval id of that report whether
// it was approved and still is, or was used up.
func (m *Moment) LastHold(ctx context.Context) (last *report.Document, settled func(id string) bool, err error) {
	if last, err = m.lastHold(ctx); err != nil {
		return nil, nil, err
	}
	if settled, err = m.settled(ctx, last); err != nil {
		return nil, nil, err
	}
	return last, settled, nil
}

func (m *Moment) lastHold(ctx context.Context) (*report.Document, error) {
	const most = 1000
	runs, err := m.Runs(ctx, most)
	if err != nil {
		return nil, err
	}
	for i := range runs {
		if runs[i].Outcome == "" || runs[i].Outcome == dirsync.OutcomeFailed || runs[i].Summary == nil {
			continue
		}
		head, err := report.DecodeHead(runs[i].Summary)
		switch {
		case err != nil:
			return nil, err
		case head.Narrowed:
			continue
		case runs[i].Outcome != dirsync.OutcomeHeld:
			return nil, nil
		}
		run, found, err := m.Run(ctx, runs[i].ID)
		if err != nil || !found || run.Report == nil {
			return nil, err
		}
		return report.Decode(run.Report)
	}
	return nil, nil
}

func (m *Moment) settled(ctx context.Context, last *report.Document) (func(id string) bool, error) {
	done := map[string]bool{}
	if last != nil {
		ids := []string{last.ApprovalID}
		for i := range last.Guards {
			ids = append(ids, last.Guards[i].ApprovalID)
		}
		for _, id := range ids {
			held, found, err := m.Hold(ctx, id)
			if err != nil && !errors.Is(err, state.ErrNotOpen) {
				return nil, err
			}
			done[id] = err != nil || found && held.Until.After(m.At)
		}
	}
	return func(id string) bool { return done[id] }, nil
}
