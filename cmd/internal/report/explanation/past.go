package explanation

import (
	"cmp"
	"fmt"
	"strings"

	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
)

// PastStep is an operation of a past run.
type PastStep struct {
	RunID   string `json:"run_id"`
	Started string `json:"started"`
	report.Operation
}

// Past is what runs did to a user, newest first.
type Past []PastStep

// AddStored adds the operations of a run, newest first, that keep accepts, up to most in
// all. stored is the run's report. Only one operation is in memory at a time.
func (p *Past) AddStored(id, started string, stored dirsync.Packed, most int, keep func(*report.Operation) bool) error {
	var found []PastStep
	err := report.EachOperation(stored, func(o *report.Operation) {
		if keep(o) {
			found = append(found, PastStep{RunID: id, Started: started, Operation: *o})
		}
	})
	if err != nil {
		return fmt.Errorf("reading the report of the run %s: %w", id, err)
	}
	p.add(found, most)
	return nil
}

// Add does the same for a run without a stored report.
func (p *Past) Add(d *report.Document, most int, keep func(*report.Operation) bool) {
	var found []PastStep
	for o := range d.Operations.All() {
		if keep(o) {
			found = append(found, PastStep{RunID: d.RunID, Started: d.Started, Operation: *o})
		}
	}
	p.add(found, most)
}

func (p *Past) add(found []PastStep, most int) {
	for i := len(found) - 1; i >= 0 && len(*p) < most; i-- {
		*p = append(*p, found[i])
	}
}

// is reports whether an id is the entry's: also the one of before its directory got a name.
func (e *Entry) is(id dirsync.SourceID) bool {
	_, before := e.SourceID.Split()
	return id == e.SourceID || e.Directory != "" && id == before
}

// block lists the operations. entry is the person who is explained; nil: there is none.
func (p Past) block(entry *Entry) form.Block {
	l := &form.List{Columns: []string{"run (UTC)", "action", "changes", "reason", "result"}, Lead: 2}
	for i := range p {
		h := &p[i]
		changes, result := h.Changed(), h.Became()
		reason := h.Reason
		if entry != nil && !entry.is(h.SourceID) && h.SourceID != "" {
			reason = fmt.Sprintf("of another person, %s: %s", h.SourceID, reason)
		}
		l.Add(form.Row{Tone: h.Tone(), Flow: report.Flow(changes, reason, result),
			Cells: []string{phrase.Minute(h.Started), string(h.Action), strings.Join(changes, ", "), reason, cmp.Or(result, h.Result)}})
	}
	return form.Block{Title: "past runs, newest first", List: l}
}
