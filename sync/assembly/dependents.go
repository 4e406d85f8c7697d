package assembly

import (
	"slices"

	dirsync "duosync/sync"
)

// Dependents adds to held operations of a plan those that need what the held ones would
// have freed or made: a name, a group, a phone, a user; transitively, so that a ring of
// names is held whole. Of an update only what needs it is held: insert puts what was
// split off into the plan, see [Insert].
func Dependents(p *dirsync.Plan, held map[*dirsync.Op]bool, insert func(Halves)) {
	f := &freed{names: map[string]bool{}, groups: map[string]bool{}, phones: map[string]bool{}, users: map[dirsync.SourceID]*foundation{}}
	for again := true; again; {
		again = false
		split := Halves{}
		for _, o := range p.Ops() {
			if !held[o] {
				part := f.neededBy(o)
				if part.Empty() {
					continue
				}
				o = split.TakeOut(o, part)
				held[o] = true
			}
			again = f.add(o) || again
		}
		insert(split)
	}
}

// freed is what held operations would have freed or made.
type freed struct {
	names, groups, phones map[string]bool
	users                 map[dirsync.SourceID]*foundation
}

// foundation is what other operations of one person rest on.
type foundation struct {
	made    bool // the user is made, or comes out of the Trash
	missing bool // a step of the way out
	rename  bool // a half of a ring
}

// neededBy gives what of an operation needs something that is held.
func (f *freed) neededBy(o *dirsync.Op) (p Part) {
	if u := f.users[o.Source]; u != nil && (u.made || u.missing && o.Missing != nil) {
		p.Whole = true
	} else if u != nil && u.rename && o.Renames() {
		p.Fields = append(p.Fields, dirsync.FieldUsername)
	}
	if o.Renames() && f.names[dirsync.FoldName(o.Name())] || (o.Action == dirsync.Create || o.Action == dirsync.Recreate) && dirsync.AnyFolded(o.Claims(), f.names) {
		p.Fields = append(p.Fields, dirsync.FieldUsername)
	}
	if c := o.Change(dirsync.FieldAliases); c != nil && dirsync.AnyFolded(dirsync.Without(dirsync.Items(c.After), dirsync.Items(c.Before)), f.names) {
		p.Gives = true
	}
	for _, m := range o.Joins {
		if m.ID == "" && f.groups[dirsync.FoldName(m.Name)] {
			p.Joins = append(p.Joins, m)
		}
	}
	if slices.ContainsFunc(o.Phones, func(s dirsync.PhoneStep) bool { return s.Do != dirsync.PhoneRemove && f.phones[s.Text()] }) {
		p.Gives = true
	}
	return p
}

// add notes what a held operation would have freed or made, and reports whether any
// of it is new.
func (f *freed) add(o *dirsync.Op) (news bool) {
	note := func(set map[string]bool, key string) {
		news = news || !set[key]
		set[key] = true
	}
	for _, name := range o.Gives() {
		note(f.names, name)
	}
	if o.Action == dirsync.GroupCreate || o.Action == dirsync.GroupUpdate {
		note(f.groups, o.Group.Key())
	}
	for _, s := range o.Phones {
		if s.Do == dirsync.PhoneRemove {
			note(f.phones, s.Text())
		}
	}
	now := foundation{made: slices.Contains([]dirsync.Action{dirsync.Create, dirsync.Recreate, dirsync.Adopt, dirsync.Restore}, o.Action), missing: o.Missing != nil, rename: o.Action == dirsync.Update && o.Renames()}
	if u := f.users[o.Source]; u == nil && now != (foundation{}) {
		f.users[o.Source], news = &now, true
	} else if u != nil {
		both := foundation{u.made || now.made, u.missing || now.missing, u.rename || now.rename}
		news = news || both != *u
		*u = both
	}
	return news
}
