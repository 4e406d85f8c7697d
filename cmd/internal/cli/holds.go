package cli

import (
	"context"
	"errors"

	"duosync/cmd/internal/report"
	"duosync/state"
	dirsync "duosync/sync"
)

// lastHold gives the report of the last run over all that came to an end of its own,
// where it held something; nil: it held nothing. Runs about some people only tell
// nothing of what else is held.
func (p *past) lastHold(ctx context.Context) (*report.Document, error) {
	const most = 1000
	runs, err := p.Runs(ctx, most)
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
		run, found, err := p.Run(ctx, runs[i].ID)
		if err != nil || !found || run.Report == nil {
			return nil, err
		}
		return report.Decode(run.Report)
	}
	return nil, nil
}

// settled says of each approval id of a report whether it was approved and still is,
// or was used up. A report that is nil has none.
func (p *past) settled(ctx context.Context, last *report.Document) (func(id string) bool, error) {
	done := map[string]bool{}
	if last != nil {
		ids := []string{last.ApprovalID}
		for i := range last.Guards {
			ids = append(ids, last.Guards[i].ApprovalID)
		}
		for _, id := range ids {
			held, found, err := p.Hold(ctx, id)
			if err != nil && !errors.Is(err, state.ErrNotOpen) {
				return nil, err
			}
			done[id] = err != nil || found && held.Until.After(p.at)
		}
	}
	return func(id string) bool { return done[id] }, nil
}
