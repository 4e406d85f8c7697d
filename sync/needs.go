package dirsync

import (
	"slices"
)

// withDependents adds to held operations of the plan those that need what the held ones
// would have freed or made: a name, a group, a phone, a user; transitively, so that a
// ring of names is held whole. Of an update only what needs it is held.
func (r *runner) withDependents(held map[*Op]bool) {
	f := &freed{names: map[string]bool{}, groups: map[string]bool{}, phones: map[string]bool{}, users: map[SourceID]*foundation{}}
	for again := true; again; {
		again = false
		split := halves{}
		for _, o := range r.plan.Ops() {
			if !held[o] {
				part := f.neededBy(o)
				if part.empty() {
					continue
				}
				o = split.takeOut(o, part)
				held[o] = true
			}
			again = f.add(o) || again
		}
		r.insert(split)
	}
}

// freed is what held operations would have freed or made.
type freed struct {
	names, groups, phones map[string]bool
	users                 map[SourceID]*foundation
}

// foundation is what other operations of one person rest on.
type foundation struct {
	made    bool // the user is made, or comes out of the Trash
	missing bool // a step of the way out
	rename  bool // a half of a ring
}

// neededBy gives what of an operation needs something that is held.
func (f *freed) neededBy(o *Op) (p part) {
	if u := f.users[o.Source]; u != nil && (u.made || u.missing && o.Missing != nil) {
		p.whole = true
	} else if u != nil && u.rename && o.renames() {
		p.fields = append(p.fields, FieldUsername)
	}
	if o.renames() && f.names[FoldName(o.Name())] || (o.Action == Create || o.Action == Recreate) && anyFolded(o.claims(), f.names) {
		p.fields = append(p.fields, FieldUsername)
	}
	if c := o.Change(FieldAliases); c != nil && anyFolded(without(Items(c.After), Items(c.Before)), f.names) {
		p.gives = true
	}
	for _, m := range o.Joins {
		if m.ID == "" && f.groups[FoldName(m.Name)] {
			p.joins = append(p.joins, m)
		}
	}
	if slices.ContainsFunc(o.Phones, func(s PhoneStep) bool { return s.Do != PhoneRemove && f.phones[s.Text()] }) {
		p.gives = true
	}
	return p
}

// add notes what a held operation would have freed or made, and reports whether any
// of it is new.
func (f *freed) add(o *Op) (news bool) {
	note := func(set map[string]bool, key string) {
		news = news || !set[key]
		set[key] = true
	}
	for _, name := range o.gives() {
		note(f.names, name)
	}
	if o.Action == GroupCreate || o.Action == GroupUpdate {
		note(f.groups, o.Group.Key())
	}
	for _, s := range o.Phones {
		if s.Do == PhoneRemove {
			note(f.phones, s.Text())
		}
	}
	now := foundation{made: slices.Contains([]Action{Create, Recreate, Adopt, Restore}, o.Action), missing: o.Missing != nil, rename: o.Action == Update && o.renames()}
	if u := f.users[o.Source]; u == nil && now != (foundation{}) {
		f.users[o.Source], news = &now, true
	} else if u != nil {
		both := foundation{u.made || now.made, u.missing || now.missing, u.rename || now.rename}
		news = news || both != *u
		*u = both
	}
	return news
}
