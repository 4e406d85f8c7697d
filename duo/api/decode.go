package api

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	dirsync "duosync/sync"
)

// user is a Duo user as the Admin API writes it. Unknown keys are ignored, and
// null, "" and a missing key are the same.
type user struct {
	UserID            text            `json:"user_id"`
	Username          text            `json:"username"`
	Realname          text            `json:"realname"`
	Firstname         text            `json:"firstname"`
	Lastname          text            `json:"lastname"`
	Email             text            `json:"email"`
	Notes             text            `json:"notes"`
	Status            text            `json:"status"`
	LockoutReason     text            `json:"lockout_reason"`
	Created           number          `json:"created"`
	LastDirectorySync text            `json:"last_directory_sync"`
	IsEnrolled        flag            `json:"is_enrolled"`
	Groups            listOf[group]   `json:"groups"`
	Phones            listOf[phone]   `json:"phones"`
	Aliases           json.RawMessage `json:"aliases"` // alias1 to alias8
	Alias1            text            `json:"alias1"`
	Alias2            text            `json:"alias2"`
	Alias3            text            `json:"alias3"`
	Alias4            text            `json:"alias4"`
}

// endOfTime is the year 10000 in Unix seconds; RFC 3339 ends before it.
const endOfTime = 253402300800

// account is a dirsync.Account that reads itself from Duo's JSON.
type account dirsync.Account

func (a *account) UnmarshalJSON(data []byte) error {
	var u user
	if err := json.Unmarshal(data, &u); err != nil {
		return err
	}
	if !ValidID(string(u.UserID)) {
		return errors.New("a user without a user_id")
	}
	*a = account{
		ID:            string(u.UserID),
		Username:      string(u.Username),
		Aliases:       u.aliases(),
		Realname:      string(u.Realname),
		Firstname:     string(u.Firstname),
		Lastname:      string(u.Lastname),
		Email:         string(u.Email),
		Notes:         string(u.Notes),
		Status:        strings.ToLower(strings.TrimSpace(string(u.Status))),
		LockoutReason: string(u.LockoutReason),
		Enrolled:      bool(u.IsEnrolled),
		Synced:        u.LastDirectorySync != "" && u.LastDirectorySync != "0",
	}
	for _, g := range u.Groups {
		a.Groups = append(a.Groups, dirsync.Membership{ID: string(g.GroupID), Name: string(g.Name)})
	}
	for i := range u.Phones {
		a.Phones = append(a.Phones, u.Phones[i].plain())
	}
	if u.Created.value > 0 && u.Created.value < endOfTime {
		a.Created = time.Unix(u.Created.value, 0).UTC()
	}
	return nil
}

func (a account) id() string { return a.ID }

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

// group is a Duo group as the Admin API writes it. Unknown keys are ignored.
type group struct {
	GroupID text `json:"group_id"`
	Name    text `json:"name"`
	Desc    text `json:"desc"`
	Status  text `json:"status"` // Active
}

func (g *group) UnmarshalJSON(data []byte) error {
	type plain group
	if err := json.Unmarshal(data, (*plain)(g)); err != nil {
		return err
	}
	if !ValidID(string(g.GroupID)) {
		return errors.New("a group without a group_id")
	}
	return nil
}

func (g group) id() string { return string(g.GroupID) }

// Group is a Duo group with its description.
type Group struct {
	dirsync.Group
	Desc string
}

func (g *group) whole() Group {
	return Group{
		Group: dirsync.Group{
			ID:     string(g.GroupID),
			Name:   string(g.Name),
			Status: folded(g.Status),
			Synced: syncedGroup(string(g.Name)),
		},
		Desc: string(g.Desc),
	}
}

// syncedGroup tells by the name whether a group belongs to Duo's own directory
// sync. Duo puts the directory behind the name of such a group, as in
// `Staff (from AD sync "Acme")`, and shows it in no other way.
func syncedGroup(name string) bool {
	name = strings.ToLower(strings.TrimSpace(name))
	return strings.HasSuffix(name, ")") && (strings.Contains(name, " (from ") || strings.Contains(name, " (synced from "))
}

// phone is a Duo phone as the Admin API writes it. Unknown keys are ignored.
type phone struct {
	PhoneID   text            `json:"phone_id"`
	Number    text            `json:"number"`
	Extension text            `json:"extension"`
	Type      text            `json:"type"`     // Mobile
	Platform  text            `json:"platform"` // Apple iOS
	Activated *flag           `json:"activated"`
	Users     json.RawMessage `json:"users"` // in the phones' own calls only
}

func (p *phone) UnmarshalJSON(data []byte) error {
	type plain phone
	if err := json.Unmarshal(data, (*plain)(p)); err != nil {
		return err
	}
	if !ValidID(string(p.PhoneID)) {
		return errors.New("a phone without a phone_id")
	}
	return nil
}

func (p phone) id() string { return string(p.PhoneID) }

// plain gives the phone without its users.
func (p *phone) plain() dirsync.Phone {
	return dirsync.Phone{
		ID:        string(p.PhoneID),
		Number:    plainNumber(string(p.Number)),
		Extension: strings.TrimSpace(string(p.Extension)),
		Type:      folded(p.Type),
		Platform:  folded(p.Platform),
		Activated: p.Activated != nil && bool(*p.Activated),
	}
}

// whole gives the phone with its users. What decides whether it may be taken from
// somebody must be told: a phone without that is an error.
func (p *phone) whole() (*dirsync.Phone, error) {
	var users []struct {
		UserID text `json:"user_id"`
	}
	if err := json.Unmarshal(p.Users, &users); err != nil || users == nil || p.Activated == nil {
		return nil, errors.New("a phone of which it is not told who has it, or whether it is activated")
	}
	result := p.plain()
	for _, u := range users {
		if !ValidID(string(u.UserID)) {
			return nil, errors.New("a phone of a user without a user_id")
		}
		result.Users = append(result.Users, string(u.UserID))
	}
	return &result, nil
}

// plainNumber drops what may stand between the digits of a number with +.
func plainNumber(number string) string {
	number = strings.TrimSpace(number)
	if !strings.HasPrefix(number, "+") {
		return number
	}
	return strings.NewReplacer(" ", "", "-", "", ".", "", "(", "", ")", "").Replace(number)
}

// ValidID reports whether id can stand in a path. An empty one would turn a
// call for one user into a call for all.
func ValidID(id string) bool {
	if id == "" || len(id) > 100 {
		return false
	}
	for i := range len(id) {
		if c := id[i]; !unreserved(c) || c == '.' || c == '~' {
			return false
		}
	}
	return true
}

// folded gives a word of Duo's in lower case.
func folded(t text) string { return strings.ToLower(strings.TrimSpace(string(t))) }
