package report

import (
	"io"
	"strconv"
	"time"

	dirsync "duosync/sync"
)

// underWay is the outcome of a run that goes on, in the history only.
const underWay = "under-way"

// interruption is the error of a run whose process ended before it could.
const interruption = "interrupted: the process ended before the run could. What was done is written down; the next run finds out what became of a call under way, and goes on from there."

// Unfinished gives the report of a run that has not made one: it is under way,
// or its process ended before it could. Operations are those that it had
// written down so far.
func Unfinished(id string, started time.Time, goesOn bool, operations []Operation) *Document {
	d := &Document{
		Head:       Head{Schema: schema, RunID: id, Mode: modeApply, Outcome: dirsync.OutcomeFailed, Error: interruption, Started: stamp(started), Interrupted: true},
		Operations: append([]Operation{}, operations...), Conflicts: []Conflict{}, Waiting: []Waiting{}, Guards: []Guard{}, Warnings: []string{},
	}
	if goesOn {
		d.Outcome, d.Error, d.Interrupted = underWay, "", false
	}
	for _, o := range operations {
		d.Summary.count(o.Action, o.phones)
		if o.Result == dirsync.ResultFailed {
			d.Summary.Failed++
		}
	}
	return d
}

// OperationOf gives an operation with its result: "applied", "failed" and so on.
func OperationOf(op *dirsync.Op, result, problem string) Operation {
	return operationOf(op, result, problem)
}

// History is a list of past runs.
type History struct {
	Runs []Head `json:"runs"`
	// Error says why there is no list; "" where there is one.
	Error string `json:"error,omitempty"`
}

// Write renders the history. Only the table is ever coloured.
func (h *History) Write(w io.Writer, format Format, colour bool) error {
	return write(w, h, format, colour)
}

func (h *History) encode() ([]byte, error) {
	if h.Runs == nil {
		return encode(&History{Runs: []Head{}, Error: h.Error})
	}
	return encode(h)
}

func (h *History) page() *page {
	p := &page{title: "Past runs, newest first", tone: strong}
	if len(h.Runs) == 0 {
		b := block{}
		b.say(prose, plain, "No run has been recorded yet. Dry runs leave no trace; the first of the others is made by duosync sync.")
		p.blocks = append(p.blocks, b)
		return p
	}
	l := &list{columns: []string{"run", "outcome", "took", "started (UTC)", "plan"}, lead: 3,
		heads: []string{"RUN (UTC)", "OUTCOME", "TOOK", "PLAN"}}
	for i := range h.Runs {
		run := &h.Runs[i]
		outcome, plan := run.Outcome, run.Summary.words()
		if run.Interrupted {
			outcome = "interrupted"
		}
		if run.Error != "" && !run.Interrupted {
			plan += "; " + value(run.Error)
		}
		l.rows = append(l.rows, row{tone: historyTone(run), cells: []string{run.RunID, outcome, tookWords(run), minute(run.Started), plan}, flow: []string{plan}})
	}
	p.blocks = append(p.blocks, block{list: l})
	return p
}

func historyTone(h *Head) tone {
	switch h.Outcome {
	case dirsync.OutcomeNoChanges, underWay:
		return plain
	case dirsync.OutcomeApplied:
		return good
	}
	return outcomeTone(h)
}

func (h *History) sheet() *sheet {
	s := &sheet{header: []string{"run_id", "started", "finished", "outcome", "approval_id", "read", "in_scope", "unchanged"}}
	for _, c := range new(Summary).counters() {
		s.header = append(s.header, c.word)
	}
	s.header = append(s.header, "failed", "held", "skipped", "conflict", "waiting", "calls", "retries", "error")
	for i := range h.Runs {
		run := &h.Runs[i]
		cells := []string{run.RunID, run.Started, run.Finished, run.Outcome, run.ApprovalID}
		number := func(values ...int) {
			for _, n := range values {
				cells = append(cells, strconv.Itoa(n))
			}
		}
		sum := &run.Summary
		number(run.Source.Read, run.Source.InScope, sum.Unchanged)
		for _, c := range sum.counters() {
			number(*c.n)
		}
		number(sum.Failed, sum.Held, sum.Skipped, sum.Conflict, sum.Waiting, run.Duo.Calls, run.Duo.Retries)
		s.add(append(cells, run.Error)...)
	}
	return s
}
