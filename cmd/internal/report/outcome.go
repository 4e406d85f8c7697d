package report

import (
	"time"

	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
)

// underWay is the outcome of a run that goes on, in the history only.
const underWay = "under-way"

func outcomeWords(h *Head) string {
	switch h.Outcome {
	case dirsync.OutcomeNoChanges:
		return "nothing to do"
	case dirsync.OutcomePlanned:
		return "this is what the run would do; nothing was written"
	case dirsync.OutcomeApplied:
		return "all done"
	case dirsync.OutcomePartial:
		if h.Mode == modeDryRun {
			return "this is what the run would do, but for some objects; nothing was written"
		}
		return "done, but for some objects"
	case dirsync.OutcomeHeld:
		return "HELD by a guard"
	case underWay:
		return "under way"
	}
	if h.Interrupted {
		return "INTERRUPTED"
	}
	return "FAILED"
}

// outcomeWords says of a run that a guard holds whether that goes for all of it.
func (d *Document) outcomeWords() string {
	switch {
	case d.Outcome != dirsync.OutcomeHeld:
		return outcomeWords(&d.Head)
	case d.Stopped():
		return "HELD by a guard; nothing was written"
	case d.dryRun():
		return "HELD in part by a guard; nothing was written"
	}
	return "HELD in part by a guard; all else was done"
}

// doneWords tells how far a run got that is not a run of the ordinary kind.
func (d *Document) doneWords() string {
	if d.dryRun() && (d.Outcome == dirsync.OutcomePlanned || d.Outcome == dirsync.OutcomePartial) {
		text := "this is what it would do"
		if d.Outcome == dirsync.OutcomePartial {
			text = "this is what it would do, but for some"
		}
		return text + "; nothing was written. Add --write to do it"
	}
	return outcomeWords(&d.Head)
}

func outcomeTone(h *Head) form.Tone {
	switch h.Outcome {
	case dirsync.OutcomeFailed, dirsync.OutcomeHeld:
		return form.Bad
	case dirsync.OutcomePartial:
		return form.Change
	}
	return form.Strong
}

// RefreshWords say why all of Duo was read, or will be.
func RefreshWords(reason string) string {
	switch reason {
	case "first":
		return "for the first time"
	case "flag":
		return "as asked"
	}
	return reason
}

// took gives how long a run took, to the second; ok is false for one that has
// not ended.
func (h *Head) took() (d time.Duration, ok bool) {
	started, err1 := time.Parse(time.RFC3339, h.Started)
	finished, err2 := time.Parse(time.RFC3339, h.Finished)
	return finished.Sub(started), err1 == nil && err2 == nil && !finished.Before(started)
}

func tookWords(h *Head) string {
	took, ok := h.took()
	switch {
	case !ok:
		return "?"
	case took < time.Second:
		return "<1s"
	}
	return phrase.Seconds(int(took / time.Second))
}
