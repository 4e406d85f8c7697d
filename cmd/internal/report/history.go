package report

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"

	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
)

// History is a list of past runs, and of what was asked for beside them.
type History struct {
	Runs []Head `json:"runs"`
	// ByHand is newest first, as the runs are.
	ByHand []Act `json:"by_hand,omitempty"`
	// State is where this was read; nil where it could not be.
	State *Place `json:"state,omitempty"`
	// Error says why there is no list; "" where there is one.
	Error string `json:"error,omitempty"`
}

// NoHistory is what JSON has where there is no list, and why.
func NoHistory(err error) *History { return &History{Runs: []Head{}, Error: phrase.Error(err)} }

// Write renders the history. Only the table is ever coloured.
func (h *History) Write(out io.Writer, format form.Format, look form.Look) error {
	return form.Write(out, h, format, look)
}

// Page lists the runs.
func (h *History) Page() *form.Page {
	p := &form.Page{Title: "Past runs, newest first", Tone: form.Strong}
	h.State.say(p)
	if len(h.Runs) == 0 {
		b := form.Block{}
		b.Say(form.Plain, "No run has been recorded yet. Dry runs leave no trace; the first of the others leaves one.")
		p.Add(b, actsBlock(h.ByHand))
		return p
	}
	l := &form.List{Columns: []string{"run", "outcome", "took", "command", "by", "started (UTC)", "attention", "plan"}, Lead: 3,
		Heads: []string{"RUN (UTC)", "OUTCOME", "TOOK", "PLAN"}}
	for i := range h.Runs {
		run := &h.Runs[i]
		outcome, plan := run.Outcome, run.PlanWords()
		if run.Interrupted {
			outcome = "interrupted"
		}
		if run.Error != "" && !run.Interrupted {
			plan += "; " + phrase.Value(run.Error)
		}
		attention, flow := "", []string{plan}
		if n := run.Summary.Attention; n > 0 {
			attention = phrase.Count(n)
			flow = []string{plan + ";", run.Summary.needs()}
		}
		if made := run.Made(); made != "" {
			flow = append([]string{made + ":"}, flow...)
		}
		l.Add(form.Row{Tone: historyTone(run), Flow: flow,
			Cells: []string{run.RunID, outcome, tookWords(run), run.Command, run.By, phrase.Minute(run.Started), attention, plan}})
	}
	if len(h.Runs) > 1 {
		p.Drawings = append(p.Drawings, h.drawing())
	}
	p.Add(form.Block{List: l}, actsBlock(h.ByHand))
	return p
}

// drawing shows the runs, the newest last, by how much each had to do.
func (h *History) drawing() form.Drawing {
	d := form.Drawing{Name: "runs", Marks: make([]form.Mark, len(h.Runs)), Note: "changes, newest last"}
	signs := []struct{ sign, word string }{{"×", "failed"}, {"!", "held"}, {"?", "not ended"}}
	seen := map[string]bool{}
	for i := range h.Runs {
		run := &h.Runs[i]
		m := form.Mark{Tone: historyTone(run)}
		for _, c := range run.Summary.counters() {
			m.Size += *c.n
		}
		switch {
		case run.Interrupted || run.Outcome == underWay:
			m.Sign = "?"
		case run.Outcome == dirsync.OutcomeFailed:
			m.Sign = "×"
		case run.Outcome == dirsync.OutcomeHeld:
			m.Sign = "!"
		}
		seen[m.Sign] = true
		d.Marks[len(h.Runs)-1-i] = m
	}
	for _, s := range signs {
		if seen[s.sign] {
			d.Note += "; " + s.sign + " " + s.word
		}
	}
	return d
}

func historyTone(h *Head) form.Tone {
	switch h.Outcome {
	case underWay:
		return form.Plain
	case dirsync.OutcomeNoChanges, dirsync.OutcomeApplied:
		switch {
		case h.Summary.needs() != "" || h.Summary.Failed > 0:
			return form.Change
		case h.Outcome == dirsync.OutcomeApplied:
			return form.Good
		}
		return form.Plain
	}
	return outcomeTone(h)
}

// Sheet has a row for each run, then one for each act, whose command is what was asked for,
// and started when.
func (h *History) Sheet() *form.Sheet {
	header := []string{"run_id", "started", "finished", "outcome", "approval_id", "read", "in_scope", "unchanged"}
	for _, c := range new(Summary).counters() {
		header = append(header, c.word)
	}
	header = append(header, "failed", "held", "skipped", "conflict", "waiting", "calls", "retries", "error", "attention", "command", "by", "about", "reason")
	s := form.NewSheet(header...)
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
		s.Add(append(cells, run.Error, strconv.Itoa(sum.Attention), run.Command, run.By, "", "")...)
	}
	for _, a := range h.ByHand {
		cells := make([]string, len(header))
		cells[1] = a.At
		copy(cells[len(header)-4:], []string{a.What, a.By, a.About, a.Reason})
		s.Add(cells...)
	}
	return s
}

// Place names a state: where it is, whose it is, and what last happened there.
type Place struct {
	Path    string   `json:"path"`
	Exists  bool     `json:"exists"`
	Account string   `json:"account"`  // the host of the Duo account; "" while it is nobody's
	LastRun *LastRun `json:"last_run"` // nil: there was none
}

// LastRun is the newest run of a state. Outcome is "" for one that goes on, or was killed.
type LastRun struct {
	RunID   string `json:"run_id"`
	Started string `json:"started"`
	Outcome string `json:"outcome"`
}

// Words name the state in one line.
func (p *Place) Words() string {
	words := []string{p.Path, "nobody's yet", "no run yet"}
	switch {
	case !p.Exists:
		words = []string{p.Path, "where there is no state yet"}
	case p.Account != "":
		words[1] = "of " + p.Account
	}
	if last := p.LastRun; last != nil {
		words[2] = fmt.Sprintf("last run %s UTC, %s", phrase.Minute(last.Started), cmp.Or(last.Outcome, "not ended"))
	}
	return strings.Join(words, ", ")
}

// say tells on a page which state it is about; nil: nobody knows.
func (p *Place) say(page *form.Page) {
	if p != nil {
		page.Fact("state", p.Words())
		if p.Account != "" {
			page.Where = []form.Fact{{Text: p.Account}}
		}
	}
}
