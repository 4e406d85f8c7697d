package engine_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	dirsync "duosync/sync"
)

// account is a user with what the account holds of it beside.
func (d *memDuo) account(a *dirsync.Account) *dirsync.Account {
	account := *a
	account.Aliases = slices.Clone(a.Aliases)
	account.Groups = slices.Clone(a.Groups)
	account.Phones = nil
	for _, id := range slices.Sorted(maps.Keys(d.phones)) {
		if p := d.phones[id]; slices.Contains(p.Users, a.ID) {
			phone := *p
			phone.Users = nil
			account.Phones = append(account.Phones, phone)
		}
	}
	account.Enrolled = a.Enrolled || len(account.Phones) > 0
	for i, m := range account.Groups {
		account.Groups[i].Name = d.groups[m.ID].Name
	}
	return &account
}

// purge takes a user out of the account; the phones stay.
func (d *memDuo) purge(id string) {
	for _, p := range d.phones {
		p.Users = slices.DeleteFunc(p.Users, func(user string) bool { return user == id })
	}
	delete(d.users, id)
}

func (d *memDuo) Groups(context.Context) ([]dirsync.Group, error) {
	d.calls++
	var groups []dirsync.Group
	for _, id := range slices.Sorted(maps.Keys(d.groups)) {
		groups = append(groups, *d.groups[id])
	}
	return groups, nil
}

func (d *memDuo) phone(text string) *dirsync.Phone {
	for _, p := range d.phones {
		if p.Text() == text {
			return p
		}
	}
	return nil
}

func (d *memDuo) Phones(_ context.Context, numbers []string) (map[string]dirsync.Phone, error) {
	found := map[string]dirsync.Phone{}
	for _, text := range numbers {
		d.calls++
		if p := d.phone(text); p != nil {
			phone := *p
			phone.Users = slices.Clone(p.Users)
			found[text] = phone
		}
	}
	return found, nil
}

// lists carries out the steps of an operation on phones and groups; a is nil for
// a user who is gone.
func (d *memDuo) lists(a *dirsync.Account, op *dirsync.Op, res *dirsync.Result) {
	if d.bare {
		return
	}
	for _, step := range op.Phones {
		switch step.Do {
		case dirsync.PhoneMake, dirsync.PhoneAttach:
			if err := d.attach(a, step, res); err != nil {
				res.Undone = append(res.Undone, *err)
			}
		case dirsync.PhoneRemove:
			d.removePhone(a, step, res)
		}
	}
	for _, m := range op.Leaves {
		a.Groups = slices.DeleteFunc(slices.Clone(a.Groups), func(g dirsync.Membership) bool { return g.ID == m.ID })
	}
	for _, m := range op.Joins {
		g := d.groups[m.ID]
		if m.ID == "" {
			g = d.groupNamed(m.Name)
		}
		switch {
		case g == nil:
			res.Undone = append(res.Undone, dirsync.Undone{Field: dirsync.FieldGroups, Fate: dirsync.Failed, Err: errors.New("no such group")})
		case len(a.Groups) >= dirsync.MaxGroups:
			panic("a group too many")
		case !slices.ContainsFunc(a.Groups, func(m dirsync.Membership) bool { return m.ID == g.ID }):
			a.Groups = append(slices.Clone(a.Groups), dirsync.Membership{ID: g.ID, Name: g.Name})
		}
	}
}

func (d *memDuo) attach(a *dirsync.Account, step dirsync.PhoneStep, res *dirsync.Result) *dirsync.Undone {
	p := d.phone(step.Text())
	made := p == nil && step.Do == dirsync.PhoneMake
	switch {
	case p == nil && !made:
		return &dirsync.Undone{Field: dirsync.FieldPhones, Fate: dirsync.Failed, Err: errors.New("no such phone")}
	case p != nil && step.Do == dirsync.PhoneMake && !step.Share && len(p.Users) > 0 && !slices.Equal(p.Users, []string{a.ID}):
		return &dirsync.Undone{Field: dirsync.FieldPhones, Fate: dirsync.Taken, Err: errors.New("another user has the phone")}
	case made:
		d.next++
		p = &dirsync.Phone{ID: fmt.Sprintf("DP%03d", d.next), Number: step.Number, Extension: step.Extension, Type: cmp.Or(step.Type, "mobile")}
		d.phones[p.ID] = p
		res.Made = append(res.Made, dirsync.OwnPhone{ID: p.ID, Number: p.Text()})
	}
	if step.Do == dirsync.PhoneAttach && !step.Ours {
		d.found[p.ID] = true
	}
	if !slices.Contains(p.Users, a.ID) {
		p.Users = append(p.Users, a.ID)
	}
	return nil
}

func (d *memDuo) removePhone(a *dirsync.Account, step dirsync.PhoneStep, res *dirsync.Result) {
	p := d.phones[step.ID]
	switch {
	case p == nil:
		res.Removed = append(res.Removed, step.ID)
		return
	case keptPhone(p, step, res):
		return
	case a != nil:
		p.Users = slices.DeleteFunc(p.Users, func(id string) bool { return id == a.ID })
	}
	if len(p.Users) == 0 {
		delete(d.phones, p.ID)
		res.Removed = append(res.Removed, p.ID)
	}
}

// keptPhone notes a phone of ours that is others' matter: it stays.
func keptPhone(p *dirsync.Phone, step dirsync.PhoneStep, res *dirsync.Result) bool {
	kept, others := dirsync.KeptFor(dirsync.OwnPhone{ID: p.ID, Number: step.Text()}, p)
	if others {
		res.Kept = append(res.Kept, kept)
	}
	return others
}

func (d *memDuo) groupNamed(name string) *dirsync.Group {
	for _, g := range d.groups {
		if dirsync.FoldName(g.Name) == dirsync.FoldName(name) {
			return g
		}
	}
	return nil
}

func (d *memDuo) onGroup(op *dirsync.Op) dirsync.Result {
	res := dirsync.Result{Op: op}
	name := op.Group.Name
	if d.refuse[dirsync.FoldName(name)] {
		res.Fate, res.Err = dirsync.Refused, errors.New("Duo refuses the group")
		return res
	}
	holder := d.groupNamed(name)
	switch op.Action {
	case dirsync.GroupCreate:
		if holder != nil {
			res.Fate = dirsync.Taken
			return res
		}
		d.next++
		g := &dirsync.Group{ID: fmt.Sprintf("DG%03d", d.next), Name: name, Status: dirsync.StatusActive}
		d.groups[g.ID] = g
		res.Group = g.ID
	case dirsync.GroupUpdate:
		g := d.groups[op.Group.ID]
		switch {
		case g == nil:
			res.Fate = dirsync.Vanished
		case len(op.Changes) > 0 && holder != nil && holder != g:
			res.Fate = dirsync.Taken
		case len(op.Changes) > 0:
			g.Name = name
		}
	case dirsync.GroupDelete:
		delete(d.groups, op.Group.ID)
		for _, a := range d.users {
			a.Groups = slices.DeleteFunc(slices.Clone(a.Groups), func(m dirsync.Membership) bool { return m.ID == op.Group.ID })
		}
	}
	return res
}

func (d *memDuo) settleGroup(op *dirsync.Op) dirsync.Result {
	res := dirsync.Result{Op: op, Fate: dirsync.Failed}
	g := d.groups[op.Group.ID]
	switch op.Action {
	case dirsync.GroupCreate:
		if g = d.groupNamed(op.Group.Name); g != nil {
			res.Fate, res.Group = dirsync.Done, g.ID
		}
	case dirsync.GroupUpdate:
		switch {
		case g == nil:
			res.Fate = dirsync.Vanished
		case len(op.Changes) == 0 || g.Name == op.Group.Name:
			res.Fate = dirsync.Done
		}
	case dirsync.GroupDelete:
		if g == nil {
			res.Fate = dirsync.Done
		}
	}
	return res
}

// settleLists says which lists of an operation are not there.
func (d *memDuo) settleLists(a *dirsync.Account, op *dirsync.Op, res *dirsync.Result) {
	undone := func(field string) {
		res.Undone = append(res.Undone, dirsync.Undone{Field: field, Fate: dirsync.Failed, Err: errors.New("not there")})
	}
	for _, step := range op.Phones {
		p := d.phone(step.Text())
		switch {
		case step.Do == dirsync.PhoneRemove && d.phones[step.ID] == nil:
			res.Removed = append(res.Removed, step.ID)
		case step.Do == dirsync.PhoneRemove && keptPhone(d.phones[step.ID], step, res):
		case step.Do == dirsync.PhoneRemove:
			if old := d.phones[step.ID]; a == nil || slices.Contains(old.Users, a.ID) || len(old.Users) == 0 && !old.Activated {
				undone(dirsync.FieldPhones)
			}
		case p == nil:
			undone(dirsync.FieldPhones)
		default:
			there := slices.Contains(p.Users, a.ID)
			if step.Do == dirsync.PhoneMake && (len(p.Users) == 0 || there && len(p.Users) == 1) {
				res.Made = append(res.Made, dirsync.OwnPhone{ID: p.ID, Number: p.Text()})
			}
			if !there {
				undone(dirsync.FieldPhones)
			}
		}
	}
	if a == nil {
		return
	}
	for _, m := range op.Joins {
		if g := d.groupNamed(m.Name); g == nil || !slices.ContainsFunc(a.Groups, func(in dirsync.Membership) bool { return in.ID == g.ID }) {
			undone(dirsync.FieldGroups)
		}
	}
	for _, m := range op.Leaves {
		if slices.ContainsFunc(a.Groups, func(in dirsync.Membership) bool { return in.ID == m.ID }) {
			undone(dirsync.FieldGroups)
		}
	}
	if want, ours := op.After()[dirsync.FieldAliases]; ours {
		for _, alias := range dirsync.Items(want) {
			if !slices.Contains(a.Names(), dirsync.FoldName(alias)) {
				undone(dirsync.FieldAliases)
			}
		}
	}
}
