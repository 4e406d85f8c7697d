package operation

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"duosync/duo/api"
	dirsync "duosync/sync"
)

// Shows reports whether an account shows every one of these fields, as far as
// Duo keeps what it is sent: it trims, and lower-cases usernames and aliases.
func Shows(a *dirsync.Account, fields dirsync.Fields) bool {
	for name, value := range fields {
		if !Same(name, value, a.Field(name)) {
			return false
		}
	}
	return true
}

// Same reports whether what was sent for a field is what Duo shows.
func Same(name, sent, got string) bool {
	switch name {
	case dirsync.FieldUsername, dirsync.FieldStatus:
		return dirsync.FoldName(sent) == dirsync.FoldName(got)
	case dirsync.FieldAliases:
		return maps.Equal(FoldedItems(sent), FoldedItems(got))
	}
	return strings.TrimSpace(sent) == strings.TrimSpace(got)
}

// FoldedItems are the names in a list field, folded.
func FoldedItems(list string) map[string]bool {
	names := make(map[string]bool)
	for _, item := range dirsync.Items(list) {
		names[dirsync.FoldName(item)] = true
	}
	return names
}

// ShowsAll reports whether an account shows the fields and aliases of an operation.
func ShowsAll(op *dirsync.Op, a *dirsync.Account) bool {
	aliases := op.Change(dirsync.FieldAliases)
	return Shows(a, OwnFields(op)) && (aliases == nil || AliasesLack(aliases, a) == nil)
}

// AliasesLack says what of a change of aliases an account does not show, or nil.
// Aliases that the change does not speak of are others' to give.
func AliasesLack(change *dirsync.Change, a *dirsync.Account) error {
	shown, after := FoldedItems(a.Field(dirsync.FieldAliases)), FoldedItems(change.After)
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

// AliasesUndone is what aliasesLack says, as a part of a result.
func AliasesUndone(aliases *dirsync.Change, a *dirsync.Account) []dirsync.Undone {
	if err := AliasesLack(aliases, a); err != nil {
		err = fmt.Errorf("the aliases were accepted, but %w", err)
		return []dirsync.Undone{{Field: dirsync.FieldAliases, Fate: dirsync.Failed, Err: err}}
	}
	return nil
}

// StatusUndone tells that a new user does not have the status that was asked for.
func StatusUndone(fields dirsync.Fields, a *dirsync.Account) []dirsync.Undone {
	status, sent := fields[dirsync.FieldStatus]
	if !sent || Same(dirsync.FieldStatus, status, a.Status) {
		return nil
	}
	return []dirsync.Undone{{Field: dirsync.FieldStatus, Fate: dirsync.Failed, Err: OtherStatus(status, a)}}
}

// OtherStatus tells that a status was accepted, and that the user has another one.
func OtherStatus(status string, a *dirsync.Account) error {
	return fmt.Errorf("the status %q was accepted, but the user is still %q", status, a.Status)
}

// PhonesLack says what of some steps, with that result so far, an account does not show, or
// nil.
func PhonesLack(steps []dirsync.PhoneStep, r *dirsync.Result, a *dirsync.Account) error {
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

// GroupsLack says what of joins and leaves an account does not show, or nil.
func GroupsLack(joins, leaves []dirsync.Membership, a *dirsync.Account) error {
	in := func(id string) bool {
		return slices.ContainsFunc(a.Groups, func(m dirsync.Membership) bool { return m.ID == id })
	}
	var out, still []string
	for _, m := range joins {
		if m.ID == "" || !in(m.ID) {
			out = append(out, dirsync.Quote(m.Name))
		}
	}
	for _, m := range leaves {
		if in(m.ID) {
			still = append(still, dirsync.Quote(m.Name))
		}
	}
	var texts []string
	for _, of := range []struct {
		how   string
		names []string
	}{{"not", out}, {"still", still}} {
		switch len(of.names) {
		case 0:
		case 1:
			texts = append(texts, of.how+" in the group "+of.names[0])
		default:
			texts = append(texts, of.how+" in the groups "+strings.Join(of.names, ", "))
		}
	}
	if texts == nil {
		return nil
	}
	return errors.New("the user is " + strings.Join(texts, ", and "))
}

// MadeBy reports whether a phone, of a number that was in none before, is the one
// that a step of a user was to make. One that the user has activated may be the
// user's own.
func MadeBy(step *dirsync.PhoneStep, user string, p *dirsync.Phone) bool {
	return p.Type == step.Type && !p.Activated && len(dirsync.Without(p.Users, []string{user})) == 0
}
