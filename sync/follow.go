package dirsync

import (
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
		p.whole = roles.include && (was || unknown) && o.Missing.Why == OutOfScope
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

// takeOut splits off of an operation of the plan what a part says, and puts it beside
// what is left. An operation that is no update is not split: its part is all of it.
func (p *Plan) takeOut(o *Op, part part) *Op {
	if part.whole || o.Action != Update {
		return o
	}
	half := o.part(Change{}, o.Reason)
	half.Changes, half.Late = nil, o.Late
	for _, field := range part.fields {
		half.moveField(o, field)
	}
	half.moveGroups(o, part.joins, part.leaves)
	half.moveItems(o, &part)
	if len(o.Changes) == 0 && !o.steps() {
		*o = *half
		return o
	}
	if len(half.Changes) == 0 {
		return o
	}
	for i, wave := range p.Waves {
		if at := slices.Index(wave, o); at >= 0 {
			p.Waves[i] = slices.Insert(slices.Clone(wave), at+1, half)
		}
	}
	return half
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

// moveGroups moves some memberships. What was asked for goes with them: it is not
// done before all of it is.
func (o *Op) moveGroups(from *Op, joins, leaves []Membership) {
	c := from.Change(FieldGroups)
	in := func(list []Membership) func(Membership) bool {
		return func(m Membership) bool { return slices.Contains(list, m) }
	}
	if c == nil || !slices.ContainsFunc(from.Joins, in(joins)) && !slices.ContainsFunc(from.Leaves, in(leaves)) {
		return
	}
	move := func(list []Membership, moved func(Membership) bool) (kept, gone []Membership) {
		for _, m := range list {
			if moved(m) {
				gone = append(gone, m)
			} else {
				kept = append(kept, m)
			}
		}
		return kept, gone
	}
	before := Items(c.Before)
	from.Joins, o.Joins = move(from.Joins, in(joins))
	from.Leaves, o.Leaves = move(from.Leaves, in(leaves))
	asked, ours := from.Asked[FieldGroups]
	from.drop(FieldGroups)
	if len(from.Joins)+len(from.Leaves) > 0 {
		rest := namesChange(before, from.Joins, from.Leaves)
		from.Changes = append(from.Changes, rest)
		before = Items(rest.After)
	}
	o.Changes = append(o.Changes, namesChange(before, o.Joins, o.Leaves))
	if ours {
		o.Asked[FieldGroups] = asked
	}
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
func (o *Op) moveItems(from *Op, p *part) {
	if !p.takes && !p.gives {
		return
	}
	removed := func(s PhoneStep) bool { return s.Do == PhoneRemove }
	moves := func(takes bool) bool { return takes && p.takes || !takes && p.gives }
	if c := from.Change(FieldPhones); c != nil {
		steps := from.Phones
		asked, ours := from.Asked[FieldPhones]
		from.Phones = slices.DeleteFunc(slices.Clone(steps), func(s PhoneStep) bool { return moves(removed(s)) })
		mine := slices.DeleteFunc(slices.Clone(steps), func(s PhoneStep) bool { return !moves(removed(s)) })
		if len(mine) > 0 {
			before := Items(c.Before)
			from.drop(FieldPhones)
			if len(from.Phones) > 0 {
				from.Changes = append(from.Changes, phoneChange(before, from.Phones))
				before = Items(from.Change(FieldPhones).After)
			}
			o.Phones = append(o.Phones, mine...)
			o.Changes = append(o.Changes, phoneChange(before, mine))
			if ours {
				o.Asked[FieldPhones] = asked
			}
		}
	}
	if c := from.Change(FieldAliases); c != nil {
		o.moveAliases(from, *c, moves)
	}
}

func (o *Op) moveAliases(from *Op, c Change, moves func(takes bool) bool) {
	before, after := Items(c.Before), Items(c.After)
	dropped, added := without(before, after), without(after, before)
	rest, mine := before, before
	if moves(true) {
		mine = without(mine, dropped)
	} else {
		rest = without(rest, dropped)
	}
	if moves(false) {
		mine = append(slices.Clone(mine), added...)
	} else {
		rest = append(slices.Clone(rest), added...)
	}
	if ListOf(mine) == ListOf(before) {
		return
	}
	asked, ours := from.Asked[FieldAliases]
	from.drop(FieldAliases)
	if ListOf(rest) != ListOf(before) {
		from.Changes = append(from.Changes, Change{Field: FieldAliases, Before: c.Before, After: ListOf(rest)})
	}
	o.Changes = append(o.Changes, Change{Field: FieldAliases, Before: ListOf(rest), After: c.After})
	if ours {
		o.Asked[FieldAliases] = asked
	}
}
