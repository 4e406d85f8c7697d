package dirsync

import (
	"maps"
	"slices"
	"strings"
)

// A dependent is a field that is made of an attribute, and perhaps of more than
// that.
type dependent struct {
	field string
	plain bool
}

// dependents gives the fields that are made of each attribute, by its lower-cased
// name.
func (r *Rules) dependents() map[string][]dependent {
	fields := map[string][]dependent{}
	add := func(field string, from Expression) {
		for _, attribute := range from.Attributes() {
			attribute = strings.ToLower(attribute)
			fields[attribute] = append(fields[attribute], dependent{field, from.Plain()})
		}
	}
	for _, field := range FieldNames {
		if from := r.Mapping[field]; from != nil {
			add(field, from)
		}
	}
	for _, from := range r.Aliases {
		add(FieldAliases, from)
	}
	for _, phone := range r.Phones.From {
		add(FieldPhones, phone.Number)
	}
	if !r.Status {
		return fields
	}
	if r.StatusFrom != nil {
		add(FieldStatus, r.StatusFrom)
		if !r.StatusFrom.Preset() {
			return fields
		}
	}
	for _, attribute := range r.StatusAttributes {
		attribute = strings.ToLower(attribute)
		fields[attribute] = append(fields[attribute], dependent{FieldStatus, true})
	}
	return fields
}

// A part is what of an operation a guard is about: some of its fields, and of the
// groups some memberships. whole: all of it.
type part struct {
	whole  bool
	fields []string
	joins  []Membership
	leaves []Membership
	gives  bool // of aliases and phones: what is added
	takes  bool // of aliases and phones: what is taken
}

func (p *part) empty() bool {
	return !p.whole && len(p.fields) == 0 && len(p.joins) == 0 && len(p.leaves) == 0 && !p.gives && !p.takes
}

// onlyTakes reports whether a part is nothing but what is taken from lists.
func (p *part) onlyTakes() bool {
	return !p.whole && len(p.fields) == 0 && len(p.joins) == 0 && !p.gives
}

// raises reports whether an operation lets people in who were not let in, or not
// without a second factor.
func raises(o *Op) bool {
	c := o.Change(FieldStatus)
	return o.Action == Enable || o.Action == Restore || c != nil && (c.After == StatusBypass || o.Action == Adopt && c.After == StatusActive)
}

// letsIn reports whether an operation lets somebody log in who could not before.
func letsIn(o *Op) bool {
	return raises(o) || (o.Action == Create || o.Action == Recreate) && o.After()[FieldStatus] != StatusDisabled
}

// followsAttribute gives what of an operation on a person in scope changes one of the
// fields to what an absent attribute gives: nothing, fewer items, or a status other
// than disabled. Of an expression any other value may come of it.
func followsAttribute(o *Op, fields []dependent) (p part) {
	if o.Missing != nil || o.Action == EnrollMail || o.OnGroup() {
		return p
	}
	for _, c := range o.Changes {
		for _, d := range fields {
			if d.field == c.Field && d.lost(o, &c) && !slices.Contains(p.fields, c.Field) {
				p.fields = append(p.fields, c.Field)
			}
		}
	}
	decides := slices.ContainsFunc(fields, func(d dependent) bool { return d.field == FieldStatus })
	p.whole = len(p.fields) > 0 && o.Action != Update || decides && letsIn(o)
	return p
}

// lost reports whether a change may be what an absent attribute gives.
func (d *dependent) lost(o *Op, c *Change) bool {
	switch {
	case c.Field == FieldStatus:
		return c.After != StatusDisabled || !d.plain
	case o.Action == Create && c.Field != FieldUsername: // it loses nothing
		return false
	case IsList(c.Field):
		return len(without(Items(c.Before), Items(c.After))) > 0
	}
	return c.After == "" || !d.plain
}

// groupRoles says what a group of the directory decides.
type groupRoles struct {
	include, exclude bool
	fields           []string // by expressions
	mirror           string   // the folded name of the Duo group; "" for none
}

func (r *Rules) rolesOf(group string) (roles groupRoles) {
	is := func(names []string) bool { return inAny([]string{group}, names) }
	roles.include, roles.exclude = is(r.IncludeGroups), is(r.ExcludeGroups)
	uses := func(field string, e Expression) {
		if e != nil && is(e.Groups()) && !slices.Contains(roles.fields, field) {
			roles.fields = append(roles.fields, field)
		}
	}
	for _, field := range FieldNames {
		uses(field, r.Mapping[field])
	}
	if r.Status {
		uses(FieldStatus, r.StatusFrom)
	}
	for _, e := range r.Aliases {
		uses(FieldAliases, e)
	}
	for _, phone := range r.Phones.From {
		uses(FieldPhones, phone.Number)
	}
	if r.Groups.Mirror != nil && r.Groups.Mirror(group) {
		roles.mirror = FoldName(r.Groups.name(group))
	}
	return roles
}

// followsGroup gives what of an operation follows from a group being doubted: by its
// members who are out of scope for it, who are no longer left alone, whose fields
// depend on it, and who leave its mirror. s is the operation's person.
func (r *runner) followsGroup(o *Op, s *subject, d *doubt, group string) (p part) {
	roles := r.engine.Rules.rolesOf(group)
	if o.OnGroup() || s == nil {
		return p
	}
	was := s.link != nil && (inAny(s.link.Seen.Groups, d.groups) || inAny(s.link.Seen.Groups, d.former))
	unknown := s.link == nil || s.link.Seen.Hash() == 0
	switch {
	case o.Missing != nil:
		p.whole = (roles.include || roles.exclude) && (was || unknown) && o.Missing.Why == OutOfScope
		return p
	case roles.exclude && (was || s.link == nil || letsIn(o)):
		return part{whole: true}
	}
	if roles.exclude {
		p.joins = o.Joins
	}
	stillIn := s.want != nil && slices.Contains(s.want.seen.Groups, group)
	for _, field := range roles.fields {
		if o.Change(field) != nil && !stillIn && (was || unknown) || field == FieldStatus && letsIn(o) {
			p.fields = append(p.fields, field)
			p.whole = p.whole || o.Action != Update
		}
	}
	if roles.mirror != "" {
		for _, m := range o.Leaves {
			if FoldName(m.Name) == roles.mirror || r.groups.mirrorsAs(m.ID, roles.mirror) {
				p.leaves = append(p.leaves, m)
			}
		}
	}
	return p
}

// follows gives what of an operation follows from a doubt.
func (r *runner) follows(o *Op, s *subject, d *doubt) part {
	switch {
	case o.Marked:
		return part{}
	case d.remedy != "": // a status that can't be read, of the whole directory
		if o.OnGroup() || o.Missing != nil {
			return part{}
		}
		return part{whole: letsIn(o), joins: o.Joins}
	case d.about.Attribute != "":
		return followsAttribute(o, r.census.weighed[d.key])
	case d.about.Base != "":
		return part{whole: o.Missing != nil && s != nil && s.link != nil && s.link.Seen.Base == d.key}
	}
	var all part
	for _, group := range d.groups {
		p := r.followsGroup(o, s, d, group)
		all.whole = all.whole || p.whole
		all.fields = append(all.fields, p.fields...)
		all.joins = append(all.joins, p.joins...)
		all.leaves = append(all.leaves, p.leaves...)
	}
	return all
}

// unask leaves open what was asked for in a list of which a part is not carried out in
// this run: else the next one would take that part for done. left is what is not.
func (p *Plan) unask(left map[*Op]bool) {
	lists := map[SourceID]map[string]bool{}
	for o := range left {
		for _, c := range o.Changes {
			if !IsList(c.Field) {
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
			maps.DeleteFunc(o.Asked, func(field, _ string) bool { return lists[o.Source][field] })
		}
	}
}

// halves are what was split off of operations, one after another, by what is left of
// these.
type halves map[*Op][]half

type half struct {
	op    *Op
	first bool // it comes before what is left
}

// takeOut splits off of an operation what a part says. An operation that is no update is
// not split: its part is all of it. What only takes from lists comes first: it frees
// places for what is given.
func (h halves) takeOut(o *Op, part part) *Op {
	if part.whole || o.Action != Update {
		return o
	}
	taken := o.part(Change{}, o.Reason)
	taken.Changes, taken.Late = nil, o.Late
	for _, field := range part.fields {
		taken.moveField(o, field)
	}
	first := part.onlyTakes()
	taken.moveGroups(o, part.joins, part.leaves, first)
	taken.moveItems(o, &part, first)
	switch {
	case len(o.Changes) == 0 && !o.steps():
		*o = *taken
		return o
	case len(taken.Changes) == 0:
		return o
	}
	h[o] = append(h[o], half{taken, first})
	return taken
}

// insert puts halves beside what is left.
func (p *Plan) insert(h halves) {
	if len(h) == 0 {
		return
	}
	for i, wave := range p.Waves {
		all := make([]*Op, 0, len(wave))
		for _, o := range wave {
			for _, half := range h[o] {
				if half.first {
					all = append(all, half.op)
				}
			}
			all = append(all, o)
			for _, half := range slices.Backward(h[o]) { // the last one builds on what is left
				if !half.first {
					all = append(all, half.op)
				}
			}
		}
		p.Waves[i] = all
	}
}

func (o *Op) steps() bool { return len(o.Joins)+len(o.Leaves)+len(o.Phones) > 0 }

// moveField moves the change of a field, with what carries it out.
func (o *Op) moveField(from *Op, field string) {
	c := from.Change(field)
	if c == nil {
		return
	}
	o.Changes = append(o.Changes, *c)
	if asked, ok := from.Asked[field]; ok {
		o.Asked[field] = asked
	}
	from.drop(field)
	switch field {
	case FieldGroups:
		o.Joins, o.Leaves, from.Joins, from.Leaves = append(o.Joins, from.Joins...), append(o.Leaves, from.Leaves...), nil, nil
	case FieldPhones:
		o.Phones, from.Phones = append(o.Phones, from.Phones...), nil
	}
}

// A side is what one of two operations does of the change of a list; a nil change is
// nothing.
type side struct {
	op     *Op
	change func(before []string) Change
}

// share divides the change of a list between an operation and what it is split off of.
// Who comes first begins at what is there, and the other one builds on it. What was
// asked for goes with the last: it is not done before all of it is.
func (o *Op) share(from *Op, field string, mine, rest func(before []string) Change, first bool) {
	sides := []side{{from, rest}, {o, mine}}
	if first {
		slices.Reverse(sides)
	}
	sides = slices.DeleteFunc(sides, func(s side) bool { return s.change == nil })
	before := Items(from.Change(field).Before)
	asked, ours := from.Asked[field]
	from.drop(field)
	for _, s := range sides {
		c := s.change(before)
		s.op.Changes, before = append(s.op.Changes, c), Items(c.After)
	}
	if ours {
		sides[len(sides)-1].op.Asked[field] = asked
	}
}

// moveGroups moves some memberships.
func (o *Op) moveGroups(from *Op, joins, leaves []Membership, first bool) {
	in := func(list []Membership) func(Membership) bool {
		return func(m Membership) bool { return slices.Contains(list, m) }
	}
	if from.Change(FieldGroups) == nil || !slices.ContainsFunc(from.Joins, in(joins)) && !slices.ContainsFunc(from.Leaves, in(leaves)) {
		return
	}
	from.Joins, o.Joins = parted(from.Joins, in(joins))
	from.Leaves, o.Leaves = parted(from.Leaves, in(leaves))
	mine := func(before []string) Change { return namesChange(before, o.Joins, o.Leaves) }
	var rest func([]string) Change
	if len(from.Joins)+len(from.Leaves) > 0 {
		rest = func(before []string) Change { return namesChange(before, from.Joins, from.Leaves) }
	}
	o.share(from, FieldGroups, mine, rest, first)
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

func namesChange(before []string, joins, leaves []Membership) Change {
	after := slices.Clone(before)
	for _, m := range leaves {
		after = without(after, []string{m.Name})
	}
	for _, m := range joins {
		after = append(after, m.Name)
	}
	return Change{Field: FieldGroups, Before: ListOf(before), After: ListOf(after)}
}

// moveItems moves what is taken, or given, of aliases and phones.
func (o *Op) moveItems(from *Op, p *part, first bool) {
	if !p.takes && !p.gives {
		return
	}
	if from.Change(FieldPhones) != nil {
		kept, gone := parted(from.Phones, func(s PhoneStep) bool { return p.moves(s.Do == PhoneRemove) })
		if len(gone) > 0 {
			from.Phones, o.Phones = kept, append(o.Phones, gone...)
			mine := func(before []string) Change { return phoneChange(before, gone) }
			var rest func([]string) Change
			if len(kept) > 0 {
				rest = func(before []string) Change { return phoneChange(before, kept) }
			}
			o.share(from, FieldPhones, mine, rest, first)
		}
	}
	if c := from.Change(FieldAliases); c != nil {
		before, after := Items(c.Before), Items(c.After)
		dropped, added := without(before, after), without(after, before)
		change := func(mine bool) func([]string) Change {
			var less, more []string
			if p.moves(true) == mine {
				less = dropped
			}
			if p.moves(false) == mine {
				more = added
			}
			if len(less)+len(more) == 0 {
				return nil
			}
			return func(before []string) Change {
				return Change{Field: FieldAliases, Before: ListOf(before), After: ListOf(append(without(before, less), more...))}
			}
		}
		if mine := change(true); mine != nil {
			o.share(from, FieldAliases, mine, change(false), first)
		}
	}
}

// moves reports whether a part has what takes an alias or phone, or what gives one.
func (p *part) moves(takes bool) bool { return takes && p.takes || !takes && p.gives }
