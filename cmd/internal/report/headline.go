package report

import (
	"strings"
	"time"

	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
)

// underWay is the outcome of a run that goes on, in the history only.
const underWay = "under-way"

// Verdict says in a line how a run went. It never says that all is well above something
// that failed, was left out or needs a human.
func (d *Document) Verdict() string {
	switch d.Outcome {
	case dirsync.OutcomeNoChanges:
		return But("nothing to do", d.undone(), d.needs())
	case dirsync.OutcomePlanned, dirsync.OutcomePartial, dirsync.OutcomeApplied:
		if d.dryRun() {
			return d.foreseen("the run")
		}
		return d.done()
	case dirsync.OutcomeHeld:
		return d.heldWords()
	case underWay:
		return "under way"
	}
	if d.Interrupted {
		return "INTERRUPTED"
	}
	return "FAILED"
}

// word is the verdict in a word or two. As the verdict, it never says that all is well where
// somebody needs a human.
func (d *Document) word() string {
	word := "Failed"
	switch d.Outcome {
	case underWay:
		return "Under way"
	case dirsync.OutcomeHeld:
		if d.Stopped() {
			return "Held"
		}
		return "Held in part"
	case dirsync.OutcomePartial:
		word = "Done in part"
		if d.dryRun() {
			word = "Planned in part"
		}
		return word
	case dirsync.OutcomeApplied:
		word = "Done"
	case dirsync.OutcomePlanned:
		return "Planned"
	case dirsync.OutcomeNoChanges:
		word = "Nothing to do"
	default:
		if d.Interrupted {
			word = "Interrupted"
		}
		return word
	}
	if d.undone() != "" || d.needs() != "" {
		return "Attention"
	}
	return word
}

// asked is the verdict on a run that is not of the ordinary kind, and writes only when told
// to.
func (d *Document) asked() string {
	if d.dryRun() && (d.Outcome == dirsync.OutcomePlanned || d.Outcome == dirsync.OutcomePartial) {
		return d.foreseen("it") + ". Add --write to do it"
	}
	return d.Verdict()
}

func (d *Document) done() string {
	undone, needs := d.undone(), d.needs()
	switch {
	case undone == "" && d.Outcome == dirsync.OutcomePartial:
		return But("done", "for some objects", needs)
	case undone == "" && needs == "":
		return "all done"
	}
	return But("done", undone, needs)
}

// foreseen is the verdict on a dry run of what it would do.
func (d *Document) foreseen(it string) string {
	text := "this is what " + it + " would do"
	undone := d.undone()
	if undone == "" && d.Outcome == dirsync.OutcomePartial {
		undone = "for some objects"
	}
	return Then(But(text, undone)+"; nothing was written", d.needs())
}

// heldWords says of a run that a guard holds whether that goes for all of it.
func (d *Document) heldWords() string {
	switch {
	case d.Stopped():
		return Then("HELD by a guard; nothing was written", d.needs())
	case d.dryRun():
		return Then(But("HELD in part by a guard", d.undone())+"; nothing was written", d.needs())
	}
	return But("HELD in part by a guard; all else was done", d.undone(), d.needs())
}

// Then adds a further sentence, if there is one.
func Then(text, further string) string {
	if further == "" {
		return text
	}
	return text + "; " + further
}

// undone counts the operations that failed or were left out; "" for none.
func (d *Document) undone() string {
	if d.left == nil {
		d.left = &leftCount{}
		for o := range d.Operations.All() {
			d.left.add(o)
		}
	}
	failed, left := d.left.failed, d.left.skipped
	were, didFail := "were", " failed"
	if left == 1 {
		were = "was"
	}
	if d.dryRun() {
		didFail = " can't be done"
		if were = "are"; left == 1 {
			were = "is"
		}
	}
	switch {
	case failed > 0 && left > 0:
		return phrase.Plural(failed, "operation") + didFail + ", " + phrase.Count(left) + " more " + were + " left out"
	case failed > 0:
		return phrase.Plural(failed, "operation") + didFail
	case left > 0:
		return phrase.Plural(left, "operation") + " " + were + " left out"
	}
	return ""
}

// leftCount counts the operations that were not done, but for what is held.
type leftCount struct{ failed, skipped int }

func (c *leftCount) add(o *Operation) {
	switch o.Result {
	case dirsync.ResultFailed:
		c.failed++
	case dirsync.ResultSkipped:
		c.skipped++
	}
}

// needs says how many need a human, and what is held that this run was not about; "" for
// none. A report of an earlier version knows the conflicts.
func (d *Document) needs() string {
	needs, held := d.Summary.needs(), ""
	if d.Attention != nil {
		needs = NeedsAttention(d.Attention)
	}
	if len(d.StillHeld) > 0 {
		held = "the last run over all people is held (" + strings.Join(d.StillHeld, ", ") + ")"
	}
	if needs != "" && held != "" {
		return needs + ", and " + held
	}
	return needs + held
}

// needs does the same of the figures alone.
func (s *Summary) needs() string {
	switch n := max(s.Attention, s.Conflict); n {
	case 0:
		return ""
	case 1:
		return "1 needs attention"
	default:
		return phrase.Count(n) + " need attention"
	}
}

func outcomeTone(h *Head) form.Tone {
	switch h.Outcome {
	case dirsync.OutcomeFailed, dirsync.OutcomeHeld:
		return form.Bad
	case dirsync.OutcomePartial:
		return form.Change
	}
	if h.Summary.needs() != "" || h.Summary.Failed > 0 {
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
