package console

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"time"

	"duosync/cmd/internal/console/pages"
	"duosync/cmd/internal/past"
	"duosync/cmd/internal/report"
	dirsync "duosync/sync"
	"duosync/sync/packing"
)

// keptRun is a run as pages need it: the report without its operations, and these in blocks,
// by action, each packed.
type keptRun struct {
	of     string // the state
	doc    *report.Document
	whole  bool // it has ended: it stays as it is
	at     time.Time
	groups []*keptGroup
	drift  []report.Operation // the first that mend what was changed in Duo by hand
	drifts int
}

type keptGroup struct {
	action dirsync.Action
	all    int
	blocks []dirsync.Packed
	open   []report.Operation // of the block that is not full yet
}

// is reports whether it is the run of an id, in a state.
func (k *keptRun) is(state, id string) bool { return k.of == state && k.doc.RunID == id }

const (
	blockSize  = 200 // operations of a page of a run
	someOf     = 50  // of an action, where all actions are shown
	driftsKept = 500
)

// keep reads a run; nil where there is none.
func keep(ctx context.Context, m *past.Moment, id string) (*keptRun, error) {
	run, found, err := m.Run(ctx, id)
	if err != nil || !found {
		return nil, err
	}
	k := &keptRun{of: m.Name(), whole: run.Report != nil, at: time.Now()}
	failed, skipped := 0, 0
	take := func(o *report.Operation) error {
		switch o.Result {
		case dirsync.ResultFailed:
			failed++
		case dirsync.ResultSkipped:
			skipped++
		}
		return k.add(o)
	}
	if run.Report == nil {
		if k.doc, err = m.Unfinished(ctx, run); err != nil {
			return nil, err
		}
		for o := range k.doc.Operations.All() {
			if err := take(o); err != nil {
				return nil, err
			}
		}
	} else {
		if k.doc, err = report.DecodeVisiting(run.Report, take); err != nil {
			return nil, err
		}
	}
	for _, g := range k.groups {
		if err := g.close(); err != nil {
			return nil, err
		}
	}
	// The words of a report count what failed and what was left out.
	var counted []report.Operation
	for range failed {
		counted = append(counted, report.Operation{Result: dirsync.ResultFailed})
	}
	for range skipped {
		counted = append(counted, report.Operation{Result: dirsync.ResultSkipped})
	}
	k.doc.Operations = report.ListOf(counted...)
	return k, nil
}

func (k *keptRun) add(o *report.Operation) error {
	if strings.Contains(o.Reason, dirsync.InDuoByHand) {
		if k.drifts++; len(k.drift) < driftsKept {
			k.drift = append(k.drift, *o)
		}
	}
	for _, g := range k.groups {
		if g.action == o.Action {
			return g.add(o)
		}
	}
	g := &keptGroup{action: o.Action}
	k.groups = append(k.groups, g)
	return g.add(o)
}

func (g *keptGroup) add(o *report.Operation) error {
	g.all++
	if g.open = append(g.open, *o); len(g.open) < blockSize {
		return nil
	}
	return g.close()
}

// close packs the block that is being filled.
func (g *keptGroup) close() error {
	if len(g.open) == 0 {
		return nil
	}
	packed, err := packing.Pack(func(w io.Writer) error { return json.NewEncoder(w).Encode(g.open) })
	g.blocks, g.open = append(g.blocks, packed), nil
	return err
}

// block gives the operations of a block.
func (g *keptGroup) block(n int) []report.Operation {
	in, err := packing.Open(g.blocks[n])
	if err != nil { // it was packed here
		return nil
	}
	var all []report.Operation
	_ = json.NewDecoder(in).Decode(&all)
	return all
}

// part gives the first operations of each action, or a page of those of one; the page is
// brought within bounds.
func (k *keptRun) part(only dirsync.Action, page *int) []pages.Operations {
	var groups []pages.Operations
	for _, g := range k.groups {
		switch only {
		case "":
			some := g.block(0)
			groups = append(groups, pages.Operations{Action: g.action, All: g.all, Some: some[:min(len(some), someOf)]})
		case g.action:
			*page = min(*page, len(g.blocks))
			groups = append(groups, pages.Operations{Action: g.action, All: g.all, Some: g.block(*page - 1)})
		}
	}
	return groups
}
