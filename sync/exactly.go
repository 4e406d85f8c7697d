package dirsync

import (
	"fmt"
	"slices"
	"strings"
)

// keepExactly narrows the plan to the operations of one that was made before.
// The run has looked at the directory, the snapshot and Duo as they are now; an
// operation that it would not make just so any more has moved: it is left out, and
// what is different is told.
func (r *runner) keepExactly(before []*Op) {
	now := map[string]*Op{}
	for _, op := range r.plan.Ops() {
		now[op.exactly()] = op
	}
	kept := map[*Op]bool{}
	for _, op := range before {
		if current := now[op.exactly()]; current != nil && !kept[current] {
			kept[current] = true
			continue
		}
		r.moved = append(r.moved, &Operation{Op: op, Result: ResultSkipped, Error: r.whatMoved(op)})
	}
	if len(r.moved) == 0 && len(kept) == len(now) {
		r.opts.Exactly = nil // nothing else is to be done, so this is a run like any other
		return
	}
	r.plan.narrow(func(op *Op) bool { return kept[op] })
	for _, s := range r.subjects { // nothing else is reported, either
		s.ops = slices.DeleteFunc(s.ops, func(op *Op) bool { return op.Blocked != "" })
	}
	r.run.Conflicts, r.run.Waiting = nil, nil
}

// exactly is a text that two operations share when they do the same from the same
// start.
func (o *Op) exactly() string {
	var b strings.Builder
	b.WriteString(o.Key())
	for _, c := range o.Changes {
		fmt.Fprintf(&b, " %s=%q", c.Field, c.Before)
	}
	return b.String()
}

// whatMoved says why a planned operation is not what the run would do now.
func (r *runner) whatMoved(planned *Op) string {
	const since = "moved since the plan was made: "
	var current *Op
	for _, op := range r.plan.Ops() {
		if op.Source == planned.Source && (current == nil || op.Action == planned.Action) {
			current = op
		}
	}
	i := slices.IndexFunc(r.subjects, func(s *subject) bool { return s.id == planned.Source })
	switch {
	case current != nil && current.Action == planned.Action && current.User == planned.User:
		return since + differences(planned, current)
	case current != nil:
		return since + fmt.Sprintf("now it would be %s of %s", current.Action, Quote(current.Username))
	case i >= 0 && r.subjects[i].problem != "":
		return since + r.subjects[i].problem
	case i >= 0 && r.subjects[i].wait != nil:
		return since + "it is not due any more"
	}
	return since + "there is nothing to do any more"
}

// differences says in which fields two operations differ.
func differences(planned, current *Op) string {
	var parts []string
	fields := map[string]bool{}
	for _, c := range slices.Concat(planned.Changes, current.Changes) {
		if fields[c.Field] {
			continue
		}
		fields[c.Field] = true
		was, is := planned.Change(c.Field), current.Change(c.Field)
		switch {
		case was == nil:
			parts = append(parts, fmt.Sprintf("%s would change, too, to %s", c.Field, shown(is.After)))
		case is == nil:
			parts = append(parts, fmt.Sprintf("%s would not change any more", c.Field))
		case was.Before != is.Before:
			parts = append(parts, fmt.Sprintf("%s was %s in Duo, and is %s", c.Field, shown(was.Before), shown(is.Before)))
		case was.After != is.After:
			parts = append(parts, fmt.Sprintf("%s was to be %s, and would be %s", c.Field, shown(was.After), shown(is.After)))
		}
	}
	if len(parts) == 0 {
		return "the name or the user is another one"
	}
	return strings.Join(parts, "; ")
}

func shown(value string) string { return Quote(strings.Join(Items(value), ", ")) }
