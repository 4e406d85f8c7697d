package engine

import (
	"slices"

	dirsync "duosync/sync"
	"duosync/sync/assembly"
	"duosync/sync/mapping"
)

// raises reports whether an operation lets people in who were not let in, or not
// without a second factor.
func raises(o *dirsync.Op) bool {
	c := o.Change(dirsync.FieldStatus)
	return o.Action == dirsync.Enable || o.Action == dirsync.Restore || c != nil && (c.After == dirsync.StatusBypass || o.Action == dirsync.Adopt && c.After == dirsync.StatusActive)
}

// letsIn reports whether an operation lets somebody log in who could not before.
func letsIn(o *dirsync.Op) bool {
	return raises(o) || (o.Action == dirsync.Create || o.Action == dirsync.Recreate) && o.After()[dirsync.FieldStatus] != dirsync.StatusDisabled
}

// followsAttribute gives what of an operation on a person in scope changes one of the
// fields to what an absent attribute gives: nothing, fewer items, or a status other
// than disabled. Of an expression any other value may come of it.
func followsAttribute(o *dirsync.Op, fields []mapping.Dependent) (p assembly.Part) {
	if o.Missing != nil || o.Action == dirsync.EnrollMail || o.OnGroup() {
		return p
	}
	for _, c := range o.Changes {
		for _, d := range fields {
			if d.Field == c.Field && lost(&d, o, &c) && !slices.Contains(p.Fields, c.Field) {
				p.Fields = append(p.Fields, c.Field)
			}
		}
	}
	decides := slices.ContainsFunc(fields, func(d mapping.Dependent) bool { return d.Field == dirsync.FieldStatus })
	p.Whole = len(p.Fields) > 0 && o.Action != dirsync.Update || decides && letsIn(o)
	return p
}

// lost reports whether a change may be what an absent attribute gives.
func lost(d *mapping.Dependent, o *dirsync.Op, c *dirsync.Change) bool {
	switch {
	case c.Field == dirsync.FieldStatus:
		return c.After != dirsync.StatusDisabled || !d.Plain
	case o.Action == dirsync.Create && c.Field != dirsync.FieldUsername: // it loses nothing
		return false
	case dirsync.IsList(c.Field):
		return len(dirsync.Without(dirsync.Items(c.Before), dirsync.Items(c.After))) > 0
	}
	return c.After == "" || !d.Plain
}

// followsGroup gives what of an operation follows from a group being doubted: by its
// members who are out of scope for it, who are no longer left alone, whose fields
// depend on it, and who leave its mirror. s is the operation's person.
func (r *runner) followsGroup(o *dirsync.Op, s *subject, d *doubt, group string) (p assembly.Part) {
	roles := r.engine.Rules.RolesOf(group)
	if o.OnGroup() || s == nil {
		return p
	}
	was := s.link != nil && (mapping.InAny(s.link.Seen.Groups, d.groups) || mapping.InAny(s.link.Seen.Groups, d.former))
	unknown := s.link == nil || s.link.Seen.Hash() == 0
	switch {
	case o.Missing != nil:
		p.Whole = (roles.Include || roles.Exclude) && (was || unknown) && o.Missing.Why == dirsync.OutOfScope
		return p
	case roles.Exclude && (was || s.link == nil || letsIn(o)):
		return assembly.Part{Whole: true}
	}
	if roles.Exclude {
		p.Joins = o.Joins
	}
	stillIn := s.want != nil && slices.Contains(s.want.Seen.Groups, group)
	for _, field := range roles.Fields {
		if o.Change(field) != nil && !stillIn && (was || unknown) || field == dirsync.FieldStatus && letsIn(o) {
			p.Fields = append(p.Fields, field)
			p.Whole = p.Whole || o.Action != dirsync.Update
		}
	}
	if roles.Mirror != "" {
		for _, m := range o.Leaves {
			if dirsync.FoldName(m.Name) == roles.Mirror || r.groups.mirrorsAs(m.ID, roles.Mirror) {
				p.Leaves = append(p.Leaves, m)
			}
		}
	}
	return p
}

// follows gives what of an operation follows from a doubt.
func (r *runner) follows(o *dirsync.Op, s *subject, d *doubt) assembly.Part {
	switch {
	case o.Marked:
		return assembly.Part{}
	case d.remedy != "": // a status that can't be read, of the whole directory
		if o.OnGroup() || o.Missing != nil {
			return assembly.Part{}
		}
		return assembly.Part{Whole: letsIn(o), Joins: o.Joins}
	case d.about.Attribute != "":
		return followsAttribute(o, r.census.weighed[d.key])
	case d.about.Base != "":
		return assembly.Part{Whole: o.Missing != nil && s != nil && s.link != nil && s.link.Seen.Base == d.key}
	}
	var all assembly.Part
	for _, group := range d.groups {
		p := r.followsGroup(o, s, d, group)
		all.Whole = all.Whole || p.Whole
		all.Fields = append(all.Fields, p.Fields...)
		all.Joins = append(all.Joins, p.Joins...)
		all.Leaves = append(all.Leaves, p.Leaves...)
	}
	return all
}
