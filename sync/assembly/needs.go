package assembly

import (
	"slices"

	dirsync "duosync/sync"
)

// Freed is what held operations would have freed or made.
type Freed struct {
	Names, Groups, Phones map[string]bool
	Users                 map[dirsync.SourceID]*Foundation
}

// Foundation is what other operations of one person rest on.
type Foundation struct {
	made    bool // the user is made, or comes out of the Trash
	missing bool // a step of the way out
	rename  bool // a half of a ring
}

// NeededBy gives what of an operation needs something that is held.
func (f *Freed) NeededBy(o *dirsync.Op) (p Part) {
	if u := f.Users[o.Source]; u != nil && (u.made || u.missing && o.Missing != nil) {
		p.Whole = true
	} else if u != nil && u.rename && o.Renames() {
		p.Fields = append(p.Fields, dirsync.FieldUsername)
	}
	if o.Renames() && f.Names[dirsync.FoldName(o.Name())] || (o.Action == dirsync.Create || o.Action == dirsync.Recreate) && dirsync.AnyFolded(o.Claims(), f.Names) {
		p.Fields = append(p.Fields, dirsync.FieldUsername)
	}
	if c := o.Change(dirsync.FieldAliases); c != nil && dirsync.AnyFolded(dirsync.Without(dirsync.Items(c.After), dirsync.Items(c.Before)), f.Names) {
		p.Gives = true
	}
	for _, m := range o.Joins {
		if m.ID == "" && f.Groups[dirsync.FoldName(m.Name)] {
			p.Joins = append(p.Joins, m)
		}
	}
	if slices.ContainsFunc(o.Phones, func(s dirsync.PhoneStep) bool { return s.Do != dirsync.PhoneRemove && f.Phones[s.Text()] }) {
		p.Gives = true
	}
	return p
}

// Add notes what a held operation would have freed or made, and reports whether any
// of it is new.
func (f *Freed) Add(o *dirsync.Op) (news bool) {
	note := func(set map[string]bool, key string) {
		news = news || !set[key]
		set[key] = true
	}
	for _, name := range o.Gives() {
		note(f.Names, name)
	}
	if o.Action == dirsync.GroupCreate || o.Action == dirsync.GroupUpdate {
		note(f.Groups, o.Group.Key())
	}
	for _, s := range o.Phones {
		if s.Do == dirsync.PhoneRemove {
			note(f.Phones, s.Text())
		}
	}
	now := Foundation{made: slices.Contains([]dirsync.Action{dirsync.Create, dirsync.Recreate, dirsync.Adopt, dirsync.Restore}, o.Action), missing: o.Missing != nil, rename: o.Action == dirsync.Update && o.Renames()}
	if u := f.Users[o.Source]; u == nil && now != (Foundation{}) {
		f.Users[o.Source], news = &now, true
	} else if u != nil {
		both := Foundation{u.made || now.made, u.missing || now.missing, u.rename || now.rename}
		news = news || both != *u
		*u = both
	}
	return news
}
