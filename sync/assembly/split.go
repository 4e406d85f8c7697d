package assembly

import (
	"slices"

	dirsync "duosync/sync"
)

// Part is what of an operation a guard is about: some of its fields, and of the
// groups some memberships. whole: all of it.
type Part struct {
	Whole  bool
	Fields []string
	Joins  []dirsync.Membership
	Leaves []dirsync.Membership
	Gives  bool // of aliases and phones: what is added
	Takes  bool // of aliases and phones: what is taken
}

// Empty reports whether the part is nothing.
func (p *Part) Empty() bool {
	return !p.Whole && len(p.Fields) == 0 && len(p.Joins) == 0 && len(p.Leaves) == 0 && !p.Gives && !p.Takes
}

// onlyTakes reports whether a part is nothing but what is taken from lists.
func (p *Part) onlyTakes() bool {
	return !p.Whole && len(p.Fields) == 0 && len(p.Joins) == 0 && !p.Gives
}

// Halves are what was split off of operations, one after another, by what is left of
// these.
type Halves map[*dirsync.Op][]half

type half struct {
	Op    *dirsync.Op
	first bool // it comes before what is left
}

// TakeOut splits off of an operation what a part says. An operation that is no update is
// not split: its part is all of it. What only takes from lists comes first: it frees
// places for what is given.
func (h Halves) TakeOut(o *dirsync.Op, part Part) *dirsync.Op {
	if part.Whole || o.Action != dirsync.Update {
		return o
	}
	taken := UpdateOf(o, dirsync.Change{}, o.Reason)
	taken.Changes, taken.Stage = nil, o.Stage
	for _, field := range part.Fields {
		MoveField(taken, o, field)
	}
	first := part.onlyTakes()
	MoveGroups(taken, o, part.Joins, part.Leaves, first)
	MoveItems(taken, o, &part, first)
	switch {
	case len(o.Changes) == 0 && !steps(o):
		*o = *taken
		return o
	case len(taken.Changes) == 0:
		return o
	}
	h[o] = append(h[o], half{taken, first})
	return taken
}

// Insert puts halves beside what is left.
func Insert(p *dirsync.Plan, h Halves) {
	if len(h) == 0 {
		return
	}
	for i, wave := range p.Waves {
		all := make([]*dirsync.Op, 0, len(wave))
		for _, o := range wave {
			for _, half := range h[o] {
				if half.first {
					all = append(all, half.Op)
				}
			}
			all = append(all, o)
			for _, half := range slices.Backward(h[o]) { // the last one builds on what is left
				if !half.first {
					all = append(all, half.Op)
				}
			}
		}
		p.Waves[i] = all
	}
}

func steps(o *dirsync.Op) bool { return len(o.Joins)+len(o.Leaves)+len(o.Phones) > 0 }

// MoveField moves the change of a field, with what carries it out.
func MoveField(o *dirsync.Op, from *dirsync.Op, field string) {
	c := from.Change(field)
	if c == nil {
		return
	}
	o.Changes = append(o.Changes, *c)
	if asked, ok := from.Asked[field]; ok {
		o.Ask(field, asked)
	}
	from.Drop(field)
	switch field {
	case dirsync.FieldGroups:
		o.Joins, o.Leaves, from.Joins, from.Leaves = append(o.Joins, from.Joins...), append(o.Leaves, from.Leaves...), nil, nil
	case dirsync.FieldPhones:
		o.Phones, from.Phones = append(o.Phones, from.Phones...), nil
	}
}

// A side is what one of two operations does of the change of a list; a nil change is
// nothing.
type side struct {
	op     *dirsync.Op
	change func(before []string) dirsync.Change
}

// share divides the change of a list between an operation and what it is split off of.
// Who comes first begins at what is there, and the other one builds on it. What was
// asked for goes with the last: it is not done before all of it is.
func share(o *dirsync.Op, from *dirsync.Op, field string, mine, rest func(before []string) dirsync.Change, first bool) {
	sides := []side{{from, rest}, {o, mine}}
	if first {
		slices.Reverse(sides)
	}
	sides = slices.DeleteFunc(sides, func(s side) bool { return s.change == nil })
	before := dirsync.Items(from.Change(field).Before)
	asked, ours := from.Asked[field]
	from.Drop(field)
	for _, s := range sides {
		c := s.change(before)
		s.op.Changes, before = append(s.op.Changes, c), dirsync.Items(c.After)
	}
	if ours {
		sides[len(sides)-1].op.Asked[field] = asked
	}
}

// MoveGroups moves some memberships.
func MoveGroups(o *dirsync.Op, from *dirsync.Op, joins, leaves []dirsync.Membership, first bool) {
	in := func(list []dirsync.Membership) func(dirsync.Membership) bool {
		return func(m dirsync.Membership) bool { return slices.Contains(list, m) }
	}
	if from.Change(dirsync.FieldGroups) == nil || !slices.ContainsFunc(from.Joins, in(joins)) && !slices.ContainsFunc(from.Leaves, in(leaves)) {
		return
	}
	from.Joins, o.Joins = parted(from.Joins, in(joins))
	from.Leaves, o.Leaves = parted(from.Leaves, in(leaves))
	mine := func(before []string) dirsync.Change { return namesChange(before, o.Joins, o.Leaves) }
	var rest func([]string) dirsync.Change
	if len(from.Joins)+len(from.Leaves) > 0 {
		rest = func(before []string) dirsync.Change { return namesChange(before, from.Joins, from.Leaves) }
	}
	share(o, from, dirsync.FieldGroups, mine, rest, first)
}

// parted gives the items that stay, and those that are moved.
func parted[T any](items []T, moved func(T) bool) (kept, gone []T) {
	for _, item := range items {
		if moved(item) {
			gone = append(gone, item)
		} else {
			kept = append(kept, item)
		}
	}
	return kept, gone
}

func namesChange(before []string, joins, leaves []dirsync.Membership) dirsync.Change {
	after := slices.Clone(before)
	for _, m := range leaves {
		after = dirsync.Without(after, []string{m.Name})
	}
	for _, m := range joins {
		after = append(after, m.Name)
	}
	return dirsync.Change{Field: dirsync.FieldGroups, Before: dirsync.ListOf(before), After: dirsync.ListOf(after)}
}

// MoveItems moves what is taken, or given, of aliases and phones.
func MoveItems(o *dirsync.Op, from *dirsync.Op, p *Part, first bool) {
	if p.Takes || p.Gives {
		movePhones(o, from, func(s dirsync.PhoneStep) bool { return p.moves(s.Do == dirsync.PhoneRemove) }, first)
		moveAliases(o, from, p, first)
	}
}

// movePhones moves some steps with phones.
func movePhones(o, from *dirsync.Op, moved func(dirsync.PhoneStep) bool, first bool) {
	if from.Change(dirsync.FieldPhones) == nil {
		return
	}
	kept, gone := parted(from.Phones, moved)
	if len(gone) == 0 {
		return
	}
	from.Phones, o.Phones = kept, append(o.Phones, gone...)
	mine := func(before []string) dirsync.Change { return PhoneChange(before, gone) }
	var rest func([]string) dirsync.Change
	if len(kept) > 0 {
		rest = func(before []string) dirsync.Change { return PhoneChange(before, kept) }
	}
	share(o, from, dirsync.FieldPhones, mine, rest, first)
}

// moveAliases moves the aliases that a part takes, or gives.
func moveAliases(o, from *dirsync.Op, p *Part, first bool) {
	c := from.Change(dirsync.FieldAliases)
	if c == nil {
		return
	}
	taken, given := items(c)
	change := func(mine bool) func([]string) dirsync.Change {
		var less, more []string
		if p.moves(true) == mine {
			less = taken
		}
		if p.moves(false) == mine {
			more = given
		}
		if len(less)+len(more) == 0 {
			return nil
		}
		return func(before []string) dirsync.Change {
			return dirsync.Change{Field: dirsync.FieldAliases, Before: dirsync.ListOf(before), After: dirsync.ListOf(append(dirsync.Without(before, less), more...))}
		}
	}
	if mine := change(true); mine != nil {
		share(o, from, dirsync.FieldAliases, mine, change(false), first)
	}
}

// moves reports whether a part has what takes an alias or phone, or what gives one.
func (p *Part) moves(takes bool) bool { return takes && p.Takes || !takes && p.Gives }

// PhoneChange gives what steps change, on top of the numbers held.
func PhoneChange(held []string, steps []dirsync.PhoneStep) dirsync.Change {
	after := slices.Clone(held)
	for _, step := range steps {
		if step.Do == dirsync.PhoneRemove {
			after = dirsync.Without(after, []string{step.Text()})
		} else {
			after = append(after, step.Text())
		}
	}
	return dirsync.Change{Field: dirsync.FieldPhones, Before: dirsync.ListOf(held), After: dirsync.ListOf(after)}
}

// UpdateOf makes an update of one change of an operation.
func UpdateOf(o *dirsync.Op, c dirsync.Change, reason string) *dirsync.Op {
	return &dirsync.Op{Action: dirsync.Update, Username: o.Username, Source: o.Source, User: o.User, Reason: reason, Changes: []dirsync.Change{c}, Asked: dirsync.Fields{}}
}

// split makes an update of an operation's changes of some fields, and takes them
// out of the operation.
func split(o *dirsync.Op, fields ...string) *dirsync.Op {
	half := UpdateOf(o, dirsync.Change{}, dirsync.ChangedInDirectory)
	half.Changes = nil
	for _, field := range fields {
		if c := o.Change(field); c != nil {
			half.Changes = append(half.Changes, *c)
		}
		if asked, ok := o.Asked[field]; ok {
			half.Asked[field] = asked
		}
		o.Drop(field)
	}
	return half
}
