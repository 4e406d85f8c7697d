package values

import (
	"fmt"
	"maps"

	"duosync/duo/api"
	"duosync/duo/operation"
	dirsync "duosync/sync"
)

// AliasEdit is a change of aliases as the places that it sets; "" frees one.
type AliasEdit map[int]string

// EditAliases finds the places for a change. Aliases that stay keep theirs, those
// that go make room, and aliases that the change does not speak of are let be.
func EditAliases(change *dirsync.Change, places []string) (AliasEdit, error) {
	before, after := operation.FoldedItems(change.Before), operation.FoldedItems(change.After)
	edit := AliasEdit{}
	there := make(map[string]bool)
	var free []int
	for place := range max(dirsync.MaxAliases, len(places)) {
		name := ""
		if place < len(places) {
			name = dirsync.FoldName(places[place])
		}
		switch {
		case name == "":
			free = append(free, place)
		case before[name] && !after[name]:
			edit[place] = ""
			free = append(free, place)
		default:
			there[name] = true
		}
	}
	for _, alias := range dirsync.Items(change.After) {
		name := dirsync.FoldName(alias)
		if name == "" || there[name] {
			continue
		}
		there[name] = true
		if len(free) == 0 || free[0] >= dirsync.MaxAliases {
			return nil, fmt.Errorf("there is no place for the alias %q: Duo holds %d aliases a user, and others have given some", api.Tidy(alias), dirsync.MaxAliases)
		}
		edit[free[0]] = alias
		free = free[1:]
	}
	return edit, nil
}

// EditsOf gives the calls, one after another, that bring fields and aliases to a
// user. Mostly it is one. Where a name moves between the username and an alias of
// the same user, Duo may take it for taken: it is freed in one call and claimed
// in the next.
func EditsOf(fields dirsync.Fields, edit AliasEdit, a *dirsync.Account) [][]Value {
	first, main, last := AliasEdit{}, AliasEdit{}, AliasEdit{}
	was, is := dirsync.FoldName(a.Username), dirsync.FoldName(a.Username)
	if name, sent := fields[dirsync.FieldUsername]; sent {
		is = dirsync.FoldName(name)
	}
	for place, alias := range edit {
		if place < len(a.Aliases) && dirsync.FoldName(a.Aliases[place]) == is {
			first[place] = ""
			if alias == "" {
				continue
			}
		}
		if is != was && dirsync.FoldName(alias) == was {
			last[place] = alias
		} else {
			main[place] = alias
		}
	}
	var calls [][]Value
	for _, call := range [][]Value{Of(nil, first), Of(fields, main), Of(nil, last)} {
		if len(call) > 0 {
			calls = append(calls, call)
		}
	}
	return calls
}

// WithAliases gives the parameters of one call.
func WithAliases(fields dirsync.Fields, edit AliasEdit) dirsync.Fields {
	call := make(dirsync.Fields, len(fields)+1)
	maps.Copy(call, fields)
	if text := api.AliasPlaces(edit); text != "" {
		call[dirsync.FieldAliases] = text
	}
	return call
}
