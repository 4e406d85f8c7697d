package dirsync

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// keepExactly narrows the plan to the operations of one that was made before.
// The run has looked at the directory, the snapshot and Duo as they are now; an
// operation that it would not make just so any more has moved: it is left out, and
// what is different is told. One that guards split off is taken out of the whole.
func (r *runner) keepExactly(ctx context.Context, before []*Op) error {
	now, of := map[string]*Op{}, map[SourceID][]*Op{}
	for _, op := range r.plan.Ops() {
		now[op.exactly()] = op
		of[op.Source] = append(of[op.Source], op)
	}
	parts, err := r.parts(ctx)
	if err != nil {
		return err
	}
	kept := map[*Op]bool{}
	split := halves{}
	find := func(op *Op) *Op {
		text := op.exactly()
		if current := now[text]; current != nil && !kept[current] {
			return current
		}
		for _, current := range of[op.Source] {
			if part, ok := op.partOf(current); ok && parts[text] && !kept[current] {
				return split.takeOut(current, part)
			}
		}
		return nil
	}
	for _, op := range before {
		if current := find(op); current != nil {
			kept[current] = true
			continue
		}
		r.moved = append(r.moved, &Operation{Op: op, Result: ResultSkipped, Error: r.whatMoved(op)})
	}
	r.plan.insert(split)
	left := map[*Op]bool{}
	for _, op := range r.plan.Ops() {
		if !kept[op] {
			left[op] = true
		}
	}
	if len(r.moved)+len(left) == 0 {
		r.opts.Exactly = nil // nothing else is to be done, so this is a run like any other
		return nil
	}
	r.plan.unask(left)
	r.plan.narrow(func(op *Op) bool { return kept[op] })
	for _, s := range r.subjects { // nothing else is reported, either
		s.ops = slices.DeleteFunc(s.ops, func(op *Op) bool { return op.Blocked != "" })
	}
	r.run.Conflicts, r.run.Waiting = nil, nil
	return nil
}

// parts tells the operations of the plan as guards split them. The plan itself is let be.
func (r *runner) parts(ctx context.Context) (map[string]bool, error) {
	plan, warnings := r.plan, r.run.Warnings
	defer func() { r.plan, r.run.Guards, r.run.Warnings = plan, nil, warnings }()
	r.plan = plan.clone()
	if err := r.hold(ctx); err != nil {
		return nil, err
	}
	parts := map[string]bool{}
	for _, op := range r.plan.Ops() {
		parts[op.exactly()] = true
	}
	return parts, nil
}

func (p *Plan) clone() *Plan {
	var waves [][]*Op
	for _, wave := range p.Waves {
		var ops []*Op
		for _, o := range wave {
			op := *o
			op.Changes, op.Asked = slices.Clone(o.Changes), maps.Clone(o.Asked)
			ops = append(ops, &op)
		}
		waves = append(waves, ops)
	}
	return &Plan{Waves: waves}
}

// partOf gives what an update is of another one that does the same, and perhaps more,
// from the same start.
func (o *Op) partOf(whole *Op) (p part, ok bool) {
	if o.Action != Update || whole.Action != Update || o.User != whole.User {
		return p, false
	}
	for i := range o.Changes {
		c, in := &o.Changes[i], whole.Change(o.Changes[i].Field)
		switch {
		case in == nil, IsList(c.Field) && !c.onTheWay(in), !IsList(c.Field) && *c != *in:
			return p, false
		case !IsList(c.Field):
			p.fields = append(p.fields, c.Field)
		case c.Field != FieldGroups:
			taken, given := c.items()
			p.takes, p.gives = p.takes || len(taken) > 0, p.gives || len(given) > 0
		}
	}
	for _, field := range []string{FieldAliases, FieldPhones} { // of both, what is taken is taken at once
		taken, given := o.Change(field).items()
		allTaken, allGiven := whole.Change(field).items()
		if p.takes && !slices.Equal(taken, allTaken) || p.gives && !slices.Equal(given, allGiven) {
			return p, false
		}
	}
	p.joins, p.leaves = o.Joins, o.Leaves
	return p, within(o.Joins, whole.Joins) && within(o.Leaves, whole.Leaves) && within(o.Phones, whole.Phones)
}

// onTheWay reports whether the change of a list begins between the two ends of another
// one.
func (c *Change) onTheWay(whole *Change) bool {
	before, from, to := Items(c.Before), Items(whole.Before), Items(whole.After)
	return within(intersect(from, to), before) && within(before, slices.Concat(from, to))
}

// items gives what the change of a list takes, and what it gives.
func (c *Change) items() (taken, given []string) {
	if c == nil {
		return nil, nil
	}
	before, after := Items(c.Before), Items(c.After)
	return without(before, after), without(after, before)
}

func within[T comparable](items, others []T) bool {
	return !slices.ContainsFunc(items, func(item T) bool { return !slices.Contains(others, item) })
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
