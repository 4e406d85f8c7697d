package guard

import (
	"maps"
	"slices"

	dirsync "duosync/sync"
	"duosync/sync/assembly"
	"duosync/sync/mapping"
)

// doubts holds what follows from the doubted parts of the sight.
func doubts(w *weighing) {
	for _, d := range w.Doubts.All {
		w.doubt(d)
	}
}

func (w *weighing) doubt(d *Doubt) {
	if d.dropped != nil {
		w.weighDropped(d)
		return
	}
	match := func(o *dirsync.Op) assembly.Part { return w.follows(o, d) }
	ops, _ := w.collect(match, true)
	ops = w.takeOut(ops, match)
	for _, o := range ops {
		w.aside[o] = true
	}
	concerned := w.concerned(d, ops)
	w.judged[d] = &judged{concerned: concerned}
	g := dirsync.Guard{Name: d.Guard, About: d.About, Limit: w.limitOf(d), Affected: max(d.Had-d.Have, 0), Total: d.Had, Partial: true,
		Held: len(ops) > 0 || !w.Asked.Only && (d.Remedy != "" || len(concerned) > 0 || w.namesLost(d)), Names: d.Names, Detail: d.Detail, Remedy: d.Remedy, Ops: ops}
	if g.Total == 0 { // what it had was never seen
		g.Affected = len(sourcesOf(ops))
	}
	if !g.Held {
		w.warn("%s; nothing follows from it in this run, and what would is held", d.words())
	}
	g.Hold = dirsync.Hold{Count: d.Have}
	if len(ops) == 0 { // yet their removal counts no step
		g.Hold.People = slices.Sorted(maps.Keys(concerned))
	}
	w.addAside(g)
}

// limitOf gives the limit that a doubt is told with; "" where evidence alone counts.
func (w *weighing) limitOf(d *Doubt) string {
	switch d.Guard {
	case dirsync.GuardMinAttribute:
		return w.Policy.Limits.MinAttribute.String()
	case dirsync.GuardMinSource:
		return w.Policy.Limits.MinSource.String()
	}
	return ""
}

// namesLost reports whether it is the usernames that nobody has any more: then nothing
// can be planned, and yet much follows.
func (w *weighing) namesLost(d *Doubt) bool {
	return d.About.Attribute != "" && d.Have == 0 && w.Of(d.About.Directory).Sight.decides(d.Key, dirsync.FieldUsername)
}

// concerned are the missing people of whom a doubt holds something, or would.
func (w *weighing) concerned(d *Doubt, ops []*dirsync.Op) map[dirsync.SourceID]bool {
	who := map[dirsync.SourceID]bool{}
	for _, o := range ops {
		if o.Missing != nil {
			who[o.Source] = true
		}
	}
	for _, p := range w.People {
		if w.Policy.Directories.Of(p.ID) == d.About.Directory && p.Wanted == nil && p.Link != nil && (d.About.Base != "" && p.Link.Seen.Base == d.Key ||
			len(d.Groups) > 0 && p.Elsewhere && d.was(p.Link)) {
			who[p.ID] = true
		}
	}
	for _, o := range ops {
		if p := w.mover(o, d.About.Directory); p != nil {
			who[p.ID] = true
		}
	}
	return who
}

// missesBy reports whether a mover may be missing from the former directory for a doubt.
func (w *weighing) missesBy(p *Person, d *Doubt) bool {
	if d.About.Base != "" {
		return p.Link.Seen.Base == d.Key
	}
	return p.Elsewhere && (d.was(p.Link) || !p.Link.Seen.Placed()) && slices.ContainsFunc(d.Groups, func(group string) bool {
		roles := w.Rules.RolesOf(d.About.Directory, group)
		return roles.Include || roles.Exclude
	})
}

// was reports whether a person was in the doubted group when last seen.
func (d *Doubt) was(l *dirsync.Link) bool {
	return mapping.InAny(l.Seen.Groups, d.Groups) || mapping.InAny(l.Seen.Groups, d.Former)
}

// follows gives what of an operation follows from a doubt.
func (w *weighing) follows(o *dirsync.Op, d *Doubt) assembly.Part {
	p := w.person(o.Source)
	mover := w.mover(o, d.About.Directory)
	switch {
	case mover != nil && !o.Marked:
		return assembly.Part{Whole: w.missesBy(mover, d)}
	case o.Marked, w.Policy.Directories.Of(o.Source) != d.About.Directory:
		return assembly.Part{}
	case d.Remedy != "": // a status that can't be read, of the whole directory
		if o.OnGroup() || o.Missing != nil {
			return assembly.Part{}
		}
		return assembly.Part{Whole: letsIn(o), Joins: o.Joins}
	case d.About.Base != "":
		return assembly.Part{Whole: o.Missing != nil && p != nil && p.Link != nil && p.Link.Seen.Base == d.Key}
	}
	var all assembly.Part
	if d.About.Attribute != "" {
		all = followsAttribute(o, w.Of(d.About.Directory).Sight.fields[d.Key])
	}
	for _, group := range d.Groups {
		part := w.followsGroup(o, p, d, group)
		all.Whole = all.Whole || part.Whole
		all.Fields = append(all.Fields, part.Fields...)
		all.Joins = append(all.Joins, part.Joins...)
		all.Leaves = append(all.Leaves, part.Leaves...)
	}
	return all
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
// depend on it, and who leave its mirror. p is the operation's person.
func (w *weighing) followsGroup(o *dirsync.Op, p *Person, d *Doubt, group string) (part assembly.Part) {
	if o.OnGroup() || p == nil {
		return part
	}
	roles := w.Rules.RolesOf(d.About.Directory, group)
	was := p.Link != nil && d.was(p.Link)
	unknown := p.Link == nil || !p.Link.Seen.Placed()
	switch {
	case o.Missing != nil:
		part.Whole = (roles.Include || roles.Exclude) && (was || unknown) && o.Missing.Why == dirsync.OutOfScope
		return part
	case roles.Exclude && (was || p.Link == nil || letsIn(o)):
		return assembly.Part{Whole: true}
	}
	if roles.Exclude {
		part.Joins = o.Joins
	}
	stillIn := p.Wanted != nil && slices.Contains(p.Wanted.Seen.Groups, group)
	for _, field := range roles.Fields {
		if o.Change(field) != nil && !stillIn && (was || unknown) || field == dirsync.FieldStatus && letsIn(o) {
			part.Fields = append(part.Fields, field)
			part.Whole = part.Whole || o.Action != dirsync.Update
		}
	}
	if roles.Mirror != "" {
		for _, m := range o.Leaves {
			if dirsync.FoldName(m.Name) == roles.Mirror || w.Groups.Key[m.ID] == roles.Mirror {
				part.Leaves = append(part.Leaves, m)
			}
		}
	}
	return part
}
