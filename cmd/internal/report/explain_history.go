package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	dirsync "duosync/sync"
)

// Planned counts the operations of a run, whatever became of them.
func (h *Head) Planned() int {
	n := h.Summary.Failed
	for _, c := range h.Summary.counters() {
		n += *c.n
	}
	return n
}

// Past adds the operations of a run, newest first, that keep accepts, up to most in
// all. stored is the run's report. Only one operation is in memory at a time.
func (e *Explanation) Past(id, started string, stored []byte, most int, keep func(*Operation) bool) error {
	var found []PastStep
	err := eachOperation(stored, func(o *Operation) {
		if keep(o) {
			found = append(found, PastStep{RunID: id, Started: started, Operation: *o})
		}
	})
	if err != nil {
		return fmt.Errorf("reading the report of the run %s: %w", id, err)
	}
	e.addPast(found, most)
	return nil
}

// PastOf does the same for a run without a stored report.
func (e *Explanation) PastOf(d *Document, most int, keep func(*Operation) bool) {
	var found []PastStep
	for i := range d.Operations {
		if keep(&d.Operations[i]) {
			found = append(found, PastStep{RunID: d.RunID, Started: d.Started, Operation: d.Operations[i]})
		}
	}
	e.addPast(found, most)
}

func (e *Explanation) addPast(found []PastStep, most int) {
	for i := len(found) - 1; i >= 0 && len(e.History) < most; i-- {
		e.History = append(e.History, found[i])
	}
}

// Mentions reports whether a stored report has one of these texts, whole, as the
// value of a key. It is quick.
func Mentions(stored []byte, texts ...string) bool {
	for _, text := range texts {
		quoted, err := encode(text)
		if err == nil && text != "" && bytes.Contains(stored, quoted) {
			return true
		}
	}
	return false
}

// eachOperation reads a report's operations one by one.
func eachOperation(stored []byte, visit func(*Operation)) error {
	d := json.NewDecoder(bytes.NewReader(stored))
	if err := expect(d, '{'); err != nil {
		return err
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		if key != "operations" {
			var skip json.RawMessage
			if err := d.Decode(&skip); err != nil {
				return err
			}
			continue
		}
		if err := expect(d, '['); err != nil {
			return err
		}
		for d.More() {
			var o Operation
			if err := d.Decode(&o); err != nil {
				return err
			}
			visit(&o)
		}
		return nil
	}
	return nil
}

func expect(d *json.Decoder, delim json.Delim) error {
	token, err := d.Token()
	if err == nil && token != delim {
		err = fmt.Errorf("%v where %v was expected", token, delim)
	}
	return err
}

// Decided takes over what a dry run decided.
func (n *Next) Decided(d *dirsync.Decision) {
	for _, o := range d.Operations {
		n.Operations = append(n.Operations, operationOf(o.Op, o.Result, o.Error))
	}
	for _, c := range d.Conflicts {
		n.Conflicts = append(n.Conflicts, Conflict{Username: c.Username, Sources: c.Sources, Reason: c.Reason, New: c.New})
	}
	if d.Waiting != nil {
		n.Waiting = append(n.Waiting, waitingOf(*d.Waiting))
	}
}

// GuardHold tells of a guard that will hold the next run, or what it does to one
// person.
func GuardHold(g *dirsync.Guard) Hold {
	form := guardOf(g, "") // its words alone are given
	return Hold{Kind: HoldGuard, Name: g.Name, Reason: guardWords(&form)}
}

// HeldIn tells what keeps back a past run's operations on a person, nil where nothing
// does. settled is that of OpenGuards; concerns reports of a guard that holds a part of
// the run whether that part is the person's.
func (d *Document) HeldIn(keep func(*Operation) bool, settled func(id string) bool, concerns func(*Guard) bool) []Hold {
	held := slices.ContainsFunc(d.Operations, func(o Operation) bool {
		return (o.Result == dirsync.ResultHeld || d.stopped() && o.Result != dirsync.ResultFailed) && keep(&o)
	})
	if !held {
		return nil
	}
	started, _ := time.Parse(time.RFC3339, d.Started)
	var holds []Hold
	for _, g := range d.OpenGuards(settled) {
		if g.WholeRun || concerns(&g) {
			holds = append(holds, Hold{Kind: HoldRun, Name: g.Name, RunID: d.RunID, Reason: g.heldWords(started), Approve: g.Approve, Remedy: g.Remedy})
		}
	}
	return holds
}
