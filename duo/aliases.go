package duo

import (
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"

	dirsync "duosync/sync"
)

// mostPlaces bounds the places of aliases that are read. Duo has eight.
const mostPlaces = 64

// aliases takes them from the map, which has up to eight, or else from the four
// keys of old: by place, "" where one is free, none behind the last.
func (u *user) aliases() []string {
	var named map[string]text
	if err := json.Unmarshal(u.Aliases, &named); err != nil || len(named) == 0 {
		named = map[string]text{
			"alias1": u.Alias1, "alias2": u.Alias2, "alias3": u.Alias3, "alias4": u.Alias4,
		}
	}
	var places []string
	for key, alias := range named {
		place, ok := aliasPlace(key)
		if !ok || alias == "" {
			continue
		}
		for len(places) <= place {
			places = append(places, "")
		}
		places[place] = string(alias)
	}
	return places
}

// aliasPlace reads the place, from 0, out of a key such as alias1.
func aliasPlace(key string) (int, bool) {
	digits, ok := strings.CutPrefix(key, "alias")
	n, err := strconv.Atoi(digits)
	return n - 1, ok && err == nil && n >= 1 && n <= mostPlaces
}

// foldedItems are the names in a list field, folded.
func foldedItems(list string) map[string]bool {
	names := make(map[string]bool)
	for _, item := range dirsync.Items(list) {
		names[dirsync.FoldName(item)] = true
	}
	return names
}

// aliasesLack says what of a change of aliases an account does not show, or nil.
// Aliases that the change does not speak of are others' to give.
func aliasesLack(change *dirsync.Change, a *dirsync.Account) error {
	held, after := foldedItems(a.Field(dirsync.FieldAliases)), foldedItems(change.After)
	for _, alias := range dirsync.Items(change.After) {
		if !held[dirsync.FoldName(alias)] {
			return fmt.Errorf("the alias %q is not there", tidy(alias))
		}
	}
	for _, alias := range dirsync.Items(change.Before) {
		if name := dirsync.FoldName(alias); held[name] && !after[name] {
			return fmt.Errorf("the alias %q is still there", tidy(alias))
		}
	}
	return nil
}

// aliasEdit is a change of aliases as the places that it sets; "" frees one.
type aliasEdit map[int]string

// editAliases finds the places for a change. Aliases that stay keep theirs, those
// that go make room, and aliases that the change does not speak of are let be.
func editAliases(change *dirsync.Change, places []string) (aliasEdit, error) {
	before, after := foldedItems(change.Before), foldedItems(change.After)
	edit := aliasEdit{}
	held := make(map[string]bool)
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
			held[name] = true
		}
	}
	for _, alias := range dirsync.Items(change.After) {
		name := dirsync.FoldName(alias)
		if name == "" || held[name] {
			continue
		}
		held[name] = true
		if len(free) == 0 || free[0] >= dirsync.MaxAliases {
			return nil, fmt.Errorf("there is no place for the alias %q: Duo holds %d aliases a user, and others have given some", tidy(alias), dirsync.MaxAliases)
		}
		edit[free[0]] = alias
		free = free[1:]
	}
	return edit, nil
}

// parameter is the value of Duo's parameter aliases: encoded pairs such as
// alias1=ann&alias3=. Places that are not named stay as they are; "" means that
// there is nothing to send, for Duo refuses an empty value (40002).
func (e aliasEdit) parameter() string {
	pairs := make([]string, 0, len(e))
	for place := range mostPlaces {
		if alias, named := e[place]; named {
			pairs = append(pairs, "alias"+strconv.Itoa(place+1)+"="+escape(alias))
		}
	}
	return strings.Join(pairs, "&")
}

// editsOf gives the calls, one after another, that bring fields and aliases to a
// user. Mostly it is one. Where a name moves between the username and an alias of
// the same user, Duo may take it for taken: it is freed in one call and claimed
// in the next.
func editsOf(fields dirsync.Fields, edit aliasEdit, a *dirsync.Account) []dirsync.Fields {
	first, main, last := aliasEdit{}, aliasEdit{}, aliasEdit{}
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
	var calls []dirsync.Fields
	for _, call := range []dirsync.Fields{withAliases(nil, first), withAliases(fields, main), withAliases(nil, last)} {
		if len(call) > 0 {
			calls = append(calls, call)
		}
	}
	return calls
}

// withAliases gives the parameters of one call.
func withAliases(fields dirsync.Fields, edit aliasEdit) dirsync.Fields {
	call := make(dirsync.Fields, len(fields)+1)
	maps.Copy(call, fields)
	if text := edit.parameter(); text != "" {
		call[dirsync.FieldAliases] = text
	}
	return call
}
