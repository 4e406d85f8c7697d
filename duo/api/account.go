package api

import (
	"encoding/json"
	"errors"
	"slices"
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
		ID:        string(u.UserID),
		Username:  string(u.Username),
		Aliases:   u.aliases(),
		Realname:  string(u.Realname),
		Firstname: string(u.Firstname),
		Lastname:  string(u.Lastname),
		Email:     string(u.Email),
		Notes:     string(u.Notes),
		Status:    strings.ToLower(strings.TrimSpace(string(u.Status))),
		Enrolled:  bool(u.IsEnrolled),
		Synced:    u.LastDirectorySync != "" && u.LastDirectorySync != "0",
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

// hasName reports whether an account holds a name, as username or alias.
func hasName(a *dirsync.Account, name string) bool {
	return slices.Contains(a.Names(), dirsync.FoldName(name))
}
