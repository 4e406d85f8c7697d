package assembly

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	dirsync "duosync/sync"
)

// Clone copies a plan with its operations, as far as splitting changes them.
func Clone(p *dirsync.Plan) *dirsync.Plan {
	var waves [][]*dirsync.Op
	for _, wave := range p.Waves {
		var ops []*dirsync.Op
		for _, o := range wave {
			op := *o
			op.Changes, op.Asked = slices.Clone(o.Changes), maps.Clone(o.Asked)
			ops = append(ops, &op)
		}
		waves = append(waves, ops)
	}
	return &dirsync.Plan{Waves: waves}
}

// PartOf gives what an update is of another one that does the same, and perhaps more,
// from the same start.
func PartOf(o, whole *dirsync.Op) (p Part, ok bool) {
	if o.Action != dirsync.Update || whole.Action != dirsync.Update || o.User != whole.User {
		return p, false
	}
	for i := range o.Changes {
		c, in := &o.Changes[i], whole.Change(o.Changes[i].Field)
		switch {
		case in == nil, dirsync.IsList(c.Field) && !onTheWay(c, in), !dirsync.IsList(c.Field) && *c != *in:
			return p, false
		case !dirsync.IsList(c.Field):
			p.Fields = append(p.Fields, c.Field)
		case c.Field != dirsync.FieldGroups:
			taken, given := items(c)
			p.Takes, p.Gives = p.Takes || len(taken) > 0, p.Gives || len(given) > 0
		}
	}
	for _, field := range []string{dirsync.FieldAliases, dirsync.FieldPhones} { // of both, what is taken is taken at once
		taken, given := items(o.Change(field))
		allTaken, allGiven := items(whole.Change(field))
		if p.Takes && !slices.Equal(taken, allTaken) || p.Gives && !slices.Equal(given, allGiven) {
			return p, false
		}
	}
	p.Joins, p.Leaves = o.Joins, o.Leaves
	return p, within(o.Joins, whole.Joins) && within(o.Leaves, whole.Leaves) && within(o.Phones, whole.Phones)
}

// onTheWay reports whether the change of a list begins between the two ends of another
// one.
func onTheWay(c, whole *dirsync.Change) bool {
	before, from, to := dirsync.Items(c.Before), dirsync.Items(whole.Before), dirsync.Items(whole.After)
	return within(intersect(from, to), before) && within(before, slices.Concat(from, to))
}

// items gives what the change of a list takes, and what it gives.
func items(c *dirsync.Change) (taken, given []string) {
	if c == nil {
		return nil, nil
	}
	before, after := dirsync.Items(c.Before), dirsync.Items(c.After)
	return dirsync.Without(before, after), dirsync.Without(after, before)
}

func within[T comparable](items, others []T) bool {
	return !slices.ContainsFunc(items, func(item T) bool { return !slices.Contains(others, item) })
}

// Exactly is a text that two operations share when they do the same from the same
// start.
func Exactly(o *dirsync.Op) string {
	var b strings.Builder
	b.WriteString(o.Key())
	for _, c := range o.Changes {
		fmt.Fprintf(&b, " %s=%q", c.Field, c.Before)
	}
	return b.String()
}

// Differences says in which fields two operations differ.
func Differences(planned, current *dirsync.Op) string {
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

func shown(value string) string { return dirsync.Quote(strings.Join(dirsync.Items(value), ", ")) }

// Unask leaves open what was asked for in a list of which a part is not carried out in
// this run: else the next one would take that part for done. left is what is not.
func Unask(p *dirsync.Plan, left map[*dirsync.Op]bool) {
	lists := map[dirsync.SourceID]map[string]bool{}
	for o := range left {
		for _, c := range o.Changes {
			if !dirsync.IsList(c.Field) {
				continue
			}
			if lists[o.Source] == nil {
				lists[o.Source] = map[string]bool{}
			}
			lists[o.Source][c.Field] = true
		}
	}
	for _, o := range p.Ops() {
		if !left[o] {
			o.Unask(slices.Collect(maps.Keys(lists[o.Source]))...)
		}
	}
}

func intersect(items, others []string) []string {
	set := dirsync.FoldedSet(others)
	return slices.DeleteFunc(slices.Clone(items), func(item string) bool { return !set[dirsync.FoldName(item)] })
}
