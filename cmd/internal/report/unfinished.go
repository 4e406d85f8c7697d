package report

import (
	"time"

	"duosync/cmd/internal/report/operations"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
)

// interruption is the error of a run whose process ended before it could.
const interruption = "interrupted: the process ended before the run could. What was done is written down; the next run finds out what became of a call under way, and goes on from there."

// Unfinished gives the report of a run that has not made one: it is under way,
// or its process ended before it could. Operations are those that it had
// written down so far, which each adds one by one.
func Unfinished(id string, started time.Time, goesOn bool, each func(add func(Operation) error) error) (*Document, error) {
	d := &Document{
		Head:      Head{Schema: schema, RunID: id, Mode: modeApply, Outcome: dirsync.OutcomeFailed, Error: interruption, Started: phrase.Stamp(started), Interrupted: true},
		Conflicts: []Conflict{}, Waiting: []Waiting{}, Guards: []Guard{}, Attention: []Attention{}, Shadowed: []Shadowed{}, Warnings: []string{},
	}
	if goesOn {
		d.Outcome, d.Error, d.Interrupted = underWay, "", false
	}
	var err error
	counters, undone := d.Summary.counters(), &Summary{}
	d.Operations, err = operations.Collect(func(add func(*Operation) error) error {
		return each(func(o Operation) error {
			d.Summary.count(counters, o.Action, o.PhoneSteps())
			if o.Result == dirsync.ResultFailed {
				d.Summary.Failed++
			}
			if o.Result != dirsync.ResultApplied {
				undone.count(undone.counters(), o.Action, o.PhoneSteps())
			}
			return add(&o)
		})
	})
	d.Undone = undone.byWord()
	return d, err
}

// Unreported is what a list tells of a run that has made no report: that it is under way, or
// was interrupted, or ended and left none.
func Unreported(id, by string, started, finished time.Time, goesOn bool) Head {
	h := Head{Schema: schema, RunID: id, By: by, Mode: modeApply, Outcome: dirsync.OutcomeFailed, Started: phrase.Stamp(started), Finished: phrase.Stamp(finished), Interrupted: finished.IsZero()}
	if goesOn {
		h.Outcome, h.Interrupted = underWay, false
	}
	return h
}

// GoesOn reports whether the run has not ended.
func (h *Head) GoesOn() bool { return h.Outcome == underWay }

// Took says how long a run took; "?" where that is not known.
func (h *Head) Took() string { return tookWords(h) }

// ApproveAll gives the command that lets through what several guards of the run hold; "" where
// one does, or none can.
func (d *Document) ApproveAll() string {
	if d.ApprovalID == "" || approvable(d.Guards) < 2 {
		return ""
	}
	return approveAll(d.Guards, d.ApprovalID)
}
