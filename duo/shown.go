package duo

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"duosync/duo/api"
	dirsync "duosync/sync"
)

// shows reports whether an account shows every one of these fields, as far as
// Duo keeps what it is sent: it trims, and lower-cases usernames and aliases.
func shows(a *dirsync.Account, fields dirsync.Fields) bool {
	for name, value := range fields {
		if !sameField(name, value, a.Field(name)) {
			return false
		}
	}
	return true
}

func sameField(name, sent, got string) bool {
	switch name {
	case dirsync.FieldUsername, dirsync.FieldStatus:
		return dirsync.FoldName(sent) == dirsync.FoldName(got)
	case dirsync.FieldAliases:
		return maps.Equal(foldedItems(sent), foldedItems(got))
	}
	return strings.TrimSpace(sent) == strings.TrimSpace(got)
}

// foldedItems are the names in a list field, folded.
func foldedItems(list string) map[string]bool {
	names := make(map[string]bool)
	for _, item := range dirsync.Items(list) {
		names[dirsync.FoldName(item)] = true
	}
	return names
}

// showsAll reports whether an account shows the fields and aliases of an operation.
func showsAll(op *dirsync.Op, a *dirsync.Account) bool {
	aliases := op.Change(dirsync.FieldAliases)
	return shows(a, ownFields(op)) && (aliases == nil || aliasesLack(aliases, a) == nil)
}

// aliasesLack says what of a change of aliases an account does not show, or nil.
// Aliases that the change does not speak of are others' to give.
func aliasesLack(change *dirsync.Change, a *dirsync.Account) error {
	shown, after := foldedItems(a.Field(dirsync.FieldAliases)), foldedItems(change.After)
	for _, alias := range dirsync.Items(change.After) {
		if !shown[dirsync.FoldName(alias)] {
			return fmt.Errorf("the alias %q is not there", api.Tidy(alias))
		}
	}
	for _, alias := range dirsync.Items(change.Before) {
		if name := dirsync.FoldName(alias); shown[name] && !after[name] {
			return fmt.Errorf("the alias %q is still there", api.Tidy(alias))
		}
	}
	return nil
}

// aliasesUndone is what aliasesLack says, as a part of a result.
func aliasesUndone(aliases *dirsync.Change, a *dirsync.Account) []dirsync.Undone {
	if err := aliasesLack(aliases, a); err != nil {
		err = fmt.Errorf("the aliases were accepted, but %w", err)
		return []dirsync.Undone{{Field: dirsync.FieldAliases, Fate: dirsync.Failed, Err: err}}
	}
	return nil
}

// statusUndone tells that a new user does not have the status that was asked for.
func statusUndone(fields dirsync.Fields, a *dirsync.Account) []dirsync.Undone {
	status, sent := fields[dirsync.FieldStatus]
	if !sent || sameField(dirsync.FieldStatus, status, a.Status) {
		return nil
	}
	return []dirsync.Undone{{Field: dirsync.FieldStatus, Fate: dirsync.Failed, Err: otherStatus(status, a)}}
}

func otherStatus(status string, a *dirsync.Account) error {
	return fmt.Errorf("the status %q was accepted, but the user is still %q", status, a.Status)
}

// phonesLack says what of some steps, with that result so far, an account does not show, or
// nil.
func phonesLack(steps []dirsync.PhoneStep, r *dirsync.Result, a *dirsync.Account) error {
	for i := range steps {
		step := &steps[i]
		has := slices.ContainsFunc(a.Phones, func(p dirsync.Phone) bool {
			if step.Do == dirsync.PhoneRemove { // one that is let be is not meant
				return p.ID == step.ID && !slices.ContainsFunc(r.Kept, func(k dirsync.KeptPhone) bool { return k.ID == p.ID })
			}
			if step.ID != "" {
				return p.ID == step.ID
			}
			return p.Text() == step.Text()
		})
		switch {
		case step.Do == dirsync.PhoneRemove && has:
			return fmt.Errorf("the user still has the phone %s", step.Text())
		case step.Do != dirsync.PhoneRemove && !has:
			return fmt.Errorf("the user does not have the phone %s", step.Text())
		}
	}
	return nil
}

// groupsLack says what of joins and leaves an account does not show, or nil.
func groupsLack(joins, leaves []dirsync.Membership, a *dirsync.Account) error {
	in := func(id string) bool {
		return slices.ContainsFunc(a.Groups, func(m dirsync.Membership) bool { return m.ID == id })
	}
	for _, m := range joins {
		if m.ID == "" || !in(m.ID) {
			return fmt.Errorf("the user is not in the group %s", dirsync.Quote(m.Name))
		}
	}
	for _, m := range leaves {
		if in(m.ID) {
			return fmt.Errorf("the user is still in the group %s", dirsync.Quote(m.Name))
		}
	}
	return nil
}

// madeBy reports whether a phone, of a number that was in none before, is the one
// that a step of a user was to make. One that the user has activated may be the
// user's own.
func madeBy(step *dirsync.PhoneStep, user string, p *dirsync.Phone) bool {
	return p.Type == step.Type && !p.Activated && len(without(p.Users, user)) == 0
}

// without gives the ids but for one.
func without(ids []string, id string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(other string) bool { return other == id })
}

// ours reports whether a group looks as we make them.
func ours(g *api.Group) bool {
	return g.Desc == groupDesc && g.Status == dirsync.StatusActive && !g.Synced
}
