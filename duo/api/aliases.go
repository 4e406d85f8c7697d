package api

import (
	"encoding/json"
	"strconv"
	"strings"
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

// AliasPlaces is the value of Duo's parameter aliases that sets these places, counted
// from 0: encoded pairs such as alias1=ann&alias3=, "" freeing one. Places that are not
// named stay as they are; "" as a whole means that there is nothing to send, for Duo
// refuses an empty value (40002).
func AliasPlaces(places map[int]string) string {
	pairs := make([]string, 0, len(places))
	for place := range mostPlaces {
		if alias, named := places[place]; named {
			pairs = append(pairs, "alias"+strconv.Itoa(place+1)+"="+escape(alias))
		}
	}
	return strings.Join(pairs, "&")
}
