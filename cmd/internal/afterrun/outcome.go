package afterrun

import (
	"context"
	"errors"

	"duosync/cmd/internal/report"
	"duosync/state"
	dirsync "duosync/sync"
)

// skipped is the outcome of a run that did not begin, because writing is paused
// or another process works with the state. The core calls it failed.
const skipped = "skipped"

// outcomes lists the words of the metric.
func outcomes() []string {
	return []string{
		dirsync.OutcomeNoChanges, dirsync.OutcomeApplied, dirsync.OutcomePartial,
		dirsync.OutcomeHeld, dirsync.OutcomeFailed, skipped,
	}
}

func outcomeOf(run *dirsync.Run) string {
	if WhySkipped(run) != nil {
		return skipped
	}
	return run.Outcome
}

// WhySkipped gives the error that kept a run from beginning, or nil. A run that
// was paused under way has begun.
func WhySkipped(run *dirsync.Run) error {
	for _, why := range []error{dirsync.ErrPaused, state.ErrLocked} {
		if !run.Complete && errors.Is(run.Err, why) {
			return why
		}
	}
	return nil
}

// complete reports whether a run came to its end over a directory that was read
// whole, and no guard held all of it. Heartbeat and the time of the last success go
// by it.
func complete(run *dirsync.Run) bool {
	return run.Err == nil && run.Complete && run.Outcome != dirsync.OutcomeFailed && !report.HeldWhole(run)
}

// interrupted reports whether a run ended early because we were asked to stop.
func interrupted(ctx context.Context, run *dirsync.Run) bool {
	return ctx.Err() != nil && errors.Is(run.Err, context.Canceled)
}
