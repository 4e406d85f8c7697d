package report

import (
	"fmt"
	"strings"
	"time"

	dirsync "duosync/sync"
)

// page tells of a run: the verdict first, then what is held and why, then each
// operation, then what a human should know.
func (d *Document) page() *page {
	mode := "Run"
	if d.dryRun() {
		mode = "Dry run"
	}
	p := &page{title: mode + ": " + d.outcomeWords(), tone: outcomeTone(&d.Head), facts: d.facts()}
	if d.Error != "" {
		b := block{}
		b.say(prose, bad, d.Error)
		p.blocks = append(p.blocks, b)
	}
	if d.held() {
		p.blocks = append(p.blocks, d.heldBlock())
	}
	for _, b := range []block{d.operationsBlock(), d.conflictsBlock(), waitingBlock(d.Waiting), d.warningsBlock()} {
		if len(b.paras) > 0 || b.list != nil && len(b.list.rows) > 0 {
			p.blocks = append(p.blocks, b)
		}
	}
	return p
}

func (d *Document) facts() []fact {
	var facts []fact
	switch {
	case d.Source.Complete:
		facts = append(facts, fact{"directory", fmt.Sprintf("%s read, %s in scope, %s unchanged",
			count(d.Source.Read), count(d.Source.InScope), count(d.Summary.Unchanged))})
	case d.Source.Read > 0:
		facts = append(facts, fact{"directory", count(d.Source.Read) + " read, then the read failed"})
	}
	run := d.RunID + ", started " + minute(d.Started) + " UTC"
	if _, ended := d.took(); ended {
		run += ", took " + tookWords(&d.Head)
	}
	return append(facts, fact{"plan", d.Summary.words()}, fact{"Duo", d.callWords()}, fact{"run", run})
}

func (d *Document) callWords() string {
	text := plural(d.Duo.Calls, "call") + " made"
	if d.Duo.Retries > 0 {
		text += fmt.Sprintf(", %s of them retries", count(d.Duo.Retries))
	}
	if d.Refresh.Done {
		text += fmt.Sprintf("; read whole (%s)", reasonWords(d.Refresh.Reason))
	}
	if d.dryRun() && d.Duo.ExpectedCalls > 0 {
		text += fmt.Sprintf("; the run would make %s, about %s", plural(d.Duo.ExpectedCalls, "call"), seconds(d.Duo.ExpectedSeconds))
	}
	return text
}

// heldBlock says what each guard holds and how that goes on, then what it means for
// the run.
func (d *Document) heldBlock() block {
	b := block{title: "held"}
	started, _ := time.Parse(time.RFC3339, d.Started)
	b.sayGuards(d.Guards, started)
	switch {
	case !d.stopped() && approvable(d.Guards) == 0:
		b.say(prose, plain, "What follows from it is left as it is, in each run until the cause is gone. All else goes on.")
	case d.stopped():
		b.say(prose, plain, "Nothing was written, and each further run will be held the same way.")
	case d.dryRun():
		b.say(prose, plain, "What is marked HELD would not be done, and all else would. It is held in each run until it is approved or the cause is gone.")
	default:
		b.say(prose, plain, "What is marked HELD was not done, and all else was. It is held in each run until it is approved or the cause is gone.")
	}
	if d.ApprovalID == "" {
		return b
	}
	b.say(prose, plain, "If it is wrong, mend the directory or the configuration. If it is right, approve it and run again: these operations pass once, others do not.")
	if approvable(d.Guards) > 1 {
		b.say(prose, plain, "All of it at once:")
		b.say(command, strong, approveAll(d.Guards, d.ApprovalID))
	}
	return b
}

func (d *Document) operationsBlock() block {
	l := &list{columns: []string{"action", "user", "changes", "reason", "result"}, lead: 2}
	for i := range d.Operations {
		o := &d.Operations[i]
		changes, result := changeWords(o), resultWords(o)
		flow := commas(changes)
		if o.Action != dirsync.Create && o.Reason != "" {
			flow = append(flow, "("+o.Reason+")")
		}
		if result != "" {
			flow = append(flow, result)
		}
		if result == "" {
			result = o.Result
		}
		l.rows = append(l.rows, row{
			tone:  operationTone(o),
			cells: []string{string(o.Action), name(o.Username, o.SourceID), strings.Join(changes, ", "), o.Reason, result},
			flow:  flow,
		})
	}
	return block{title: "operations", list: l}
}

func operationTone(o *Operation) tone {
	switch {
	case o.Result == dirsync.ResultFailed, o.Result == dirsync.ResultHeld, o.removes():
		return bad
	case o.Action == dirsync.Update || o.Action == dirsync.Adopt || o.Action == dirsync.GroupUpdate:
		return change
	}
	return good
}

func (d *Document) conflictsBlock() block {
	l := &list{columns: []string{"user", "reason"}, lead: 1}
	for _, c := range d.Conflicts {
		reason := c.Reason
		if !c.New {
			reason += " (told before)"
		}
		l.rows = append(l.rows, row{tone: conflicting, cells: []string{name(c.Username, c.Sources...), reason}})
	}
	return block{title: "conflicts", list: l}
}

func waitingBlock(waiting []Waiting) block {
	l := &list{columns: []string{"user", "what", "when (UTC)", "missing since (UTC)"}, lead: 1}
	for _, w := range waiting {
		l.rows = append(l.rows, row{
			cells: []string{name(w.Username, w.SourceID), string(w.Action), minute(w.Due), minute(w.Since)},
			flow:  []string{fmt.Sprintf("%s on %s UTC; missing since %s UTC", w.Action, minute(w.Due), minute(w.Since))},
		})
	}
	return block{title: "waiting", list: l}
}

func (d *Document) warningsBlock() block {
	b := block{title: "warnings"}
	for _, text := range d.Warnings {
		b.say(item, plain, text)
	}
	return b
}
