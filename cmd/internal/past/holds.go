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

func (m *Moment) lastHold(ctx context.Context) (last *report.Document, err error) {
	err = m.eachRun(ctx, func(run *state.Run, head *report.Head) (done bool, err error) {
		switch {
		case !weighed(run, head):
			return false, nil
		case run.Outcome != dirsync.OutcomeHeld:
			return true, nil
		}
		whole, found, err := m.Run(ctx, run.ID)
		if err != nil || !found || whole.Report == nil {
			return true, err
		}
		if last, err = report.DecodeWhole(whole.Report); err == nil {
			last.Reflag(m.Flags)
		}
		return true, err
	})
	return last, err
}

// lastComplete gives the report of the newest run over all that read all; nil: there is none.
func (m *Moment) lastComplete(ctx context.Context) (last *report.Document, err error) {
	err = m.eachRun(ctx, func(run *state.Run, head *report.Head) (done bool, err error) {
		if !weighed(run, head) || !head.Source.Complete {
			return false, nil
		}
		whole, found, err := m.Run(ctx, run.ID)
		if err != nil || !found || whole.Report == nil {
			return false, err
		}
		last, err = report.DecodeBrief(whole.Report)
		return true, err
	})
	return last, err
}

// weighed reports whether a run was over all and came to an end of its own, with what
// guards say of it.
func weighed(run *state.Run, head *report.Head) bool {
	return run.Outcome != "" && run.Outcome != dirsync.OutcomeFailed && head != nil && !head.Narrowed
}

// eachRun visits the runs, the newest first, until visit is done; of one without a report
// head is nil. Those that are looked for are among the newest, as a rule.
func (m *Moment) eachRun(ctx context.Context, visit func(run *state.Run, head *report.Head) (done bool, err error)) error {
	seen := 0
	for _, most := range []int{20, 1000} {
		runs, err := m.Runs(ctx, most)
		if err != nil {
			return err
		}
		for i := seen; i < len(runs); i++ {
			var head *report.Head
			if runs[i].Summary != nil {
				if head, err = report.DecodeHead(runs[i].Summary); err != nil {
					return err
				}
			}
			if done, err := visit(&runs[i], head); done || err != nil {
				return err
			}
		}
		if seen = len(runs); seen < most {
			return nil
		}
	}
	return nil
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
