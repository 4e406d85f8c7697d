package engine

import (
	"context"
	"fmt"
	"slices"

	dirsync "duosync/sync"
	"duosync/sync/assembly"
)

// keepExactly narrows the plan to the operations of one that was made before.
// The run has looked at the directory, the snapshot and Duo as they are now; an
// operation that it would not make just so any more has moved: it is left out, and
// what is different is told. One that guards split off is taken out of the whole.
func (r *runner) keepExactly(ctx context.Context, before []*dirsync.Op) error {
	now, of := map[string]*dirsync.Op{}, map[dirsync.SourceID][]*dirsync.Op{}
	for _, op := range r.plan.Ops() {
		now[assembly.Exactly(op)] = op
		of[op.Source] = append(of[op.Source], op)
	}
	parts, err := r.parts(ctx)
	if err != nil {
		return err
	}
	kept := map[*dirsync.Op]bool{}
	split := assembly.Halves{}
	find := func(op *dirsync.Op) *dirsync.Op {
		text := assembly.Exactly(op)
		if current := now[text]; current != nil && !kept[current] {
			return current
		}
		for _, current := range of[op.Source] {
			if part, ok := assembly.PartOf(op, current); ok && parts[text] && !kept[current] {
				return split.TakeOut(current, part)
			}
		}
		return nil
	}
	for _, op := range before {
		if current := find(op); current != nil {
			kept[current] = true
			continue
		}
		r.moved = append(r.moved, &dirsync.Operation{Op: op, Result: dirsync.ResultSkipped, Error: r.whatMoved(op)})
	}
	assembly.Insert(r.plan, split)
	left := map[*dirsync.Op]bool{}
	for _, op := range r.plan.Ops() {
		if !kept[op] {
			left[op] = true
		}
	}
	if len(r.moved)+len(left) == 0 {
		r.opts.Exactly = nil // nothing else is to be done, so this is a run like any other
		return nil
	}
	assembly.Unask(r.plan, left)
	r.plan.Narrow(func(op *dirsync.Op) bool { return kept[op] })
	for _, s := range r.subjects { // nothing else is reported, either
		s.ops = slices.DeleteFunc(s.ops, func(op *dirsync.Op) bool { return op.Blocked != "" })
	}
	r.run.Conflicts, r.run.Waiting = nil, nil
	return nil
}

// parts tells the operations of the plan as guards split them. The plan itself is let be.
func (r *runner) parts(ctx context.Context) (map[string]bool, error) {
	plan, warnings := r.plan, r.run.Warnings
	defer func() { r.plan, r.run.Guards, r.run.Warnings = plan, nil, warnings }()
	r.plan = assembly.Clone(plan)
	if err := r.hold(ctx); err != nil {
		return nil, err
	}
	parts := map[string]bool{}
	for _, op := range r.plan.Ops() {
		parts[assembly.Exactly(op)] = true
	}
	return parts, nil
}

// whatMoved says why a planned operation is not what the run would do now.
func (r *runner) whatMoved(planned *dirsync.Op) string {
	const since = "moved since the plan was made: "
	var current *dirsync.Op
	for _, op := range r.plan.Ops() {
		if op.Source == planned.Source && (current == nil || op.Action == planned.Action) {
			current = op
		}
	}
	i := slices.IndexFunc(r.subjects, func(s *subject) bool { return s.id == planned.Source })
	switch {
	case current != nil && current.Action == planned.Action && current.User == planned.User:
		return since + assembly.Differences(planned, current)
	case current != nil:
		return since + fmt.Sprintf("now it would be %s of %s", current.Action, dirsync.Quote(current.Username))
	case i >= 0 && r.subjects[i].problem != "":
		return since + r.subjects[i].problem
	case i >= 0 && r.subjects[i].wait != nil:
		return since + "it is not due any more"
	}
	return since + "there is nothing to do any more"
}
