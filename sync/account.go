package dirsync

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Account is a Duo user as Duo answers it (GET /admin/v1/users).
type Account struct {
	ID        string   `json:"id"` // user_id, 20 characters
	Username  string   `json:"username"`
	Aliases   []string `json:"aliases,omitempty"` // by place, alias1 first; "" where a place is free
	Realname  string   `json:"realname,omitempty"`
	Firstname string   `json:"firstname,omitempty"`
	Lastname  string   `json:"lastname,omitempty"`
	Email     string   `json:"email,omitempty"`
	Notes     string   `json:"notes,omitempty"`
	Status    string   `json:"status"`
	// LockoutReason is why Duo has locked the user out, in its own words; "" where it
	// has not, or does not say.
	LockoutReason string    `json:"lockout_reason,omitempty"`
	Created       time.Time `json:"created"` // Duo's clock, whole seconds
	Enrolled      bool      `json:"enrolled,omitempty"`
	// Synced: Duo's own directory sync manages this user (last_directory_sync
	// is set). Such a user is never ours.
	Synced bool `json:"synced,omitempty"`
	// Groups and Phones are all that the user has, whoever gave them.
	Groups []Membership `json:"groups,omitempty"`
	Phones []Phone      `json:"phones,omitempty"`
}

// NotEnrolled is the LockoutReason of one who has no device yet. Nobody tampered.
const NotEnrolled = "Not enrolled"

// Membership is a Duo group that a user is in.
type Membership struct {
	ID   string `json:"id"` // group_id; "" in an operation, while the group is still to be made
	Name string `json:"name"`
}

// Group is a Duo group as Duo answers it (GET /admin/v1/groups).
type Group struct {
	ID     string
	Name   string
	Status string // lower case: active, bypass or disabled; it overrides that of the members
	// Synced: the group belongs to Duo's own directory sync.
	Synced bool
}

// Phone is a Duo phone as Duo answers it.
type Phone struct {
	ID        string `json:"id"`     // phone_id
	Number    string `json:"number"` // E.164; "" for a tablet
	Extension string `json:"extension,omitempty"`
	Type      string `json:"type,omitempty"` // lower case: mobile, landline or unknown
	Platform  string `json:"platform,omitempty"`
	Activated bool   `json:"activated,omitempty"` // for Duo Mobile, by the person
	// Users are the ids of those who have the phone. It is set where a phone was
	// asked for by itself only.
	Users []string `json:"users,omitempty"`
}

// Text gives the number with its extension in the form of RFC 3966, as in
// +15551234567;ext=12. It names a phone in a list.
func (p *Phone) Text() string { return PhoneText(p.Number, p.Extension) }

// PhoneText gives a number and its extension as one text, see [Phone.Text].
func PhoneText(number, extension string) string {
	if extension == "" {
		return number
	}
	return number + ";ext=" + extension
}

// Field returns the value of one of FieldNames or ListFields.
func (a *Account) Field(name string) string {
	switch name {
	case FieldAliases:
		return ListOf(slices.DeleteFunc(slices.Clone(a.Aliases), func(alias string) bool { return alias == "" }))
	case FieldPhones:
		numbers := make([]string, 0, len(a.Phones))
		for i := range a.Phones {
			numbers = append(numbers, cmp.Or(a.Phones[i].Text(), a.Phones[i].ID)) // a tablet has no number
		}
		return ListOf(numbers)
	case FieldGroups:
		names := make([]string, len(a.Groups))
		for i, g := range a.Groups {
			names[i] = g.Name
		}
		return ListOf(names)
	}
	for i := range singles {
		if singles[i].name == name {
			return singles[i].of(a)
		}
	}
	return ""
}

// Hash digests all that Duo can change under us in an account.
func (a *Account) Hash() Hash {
	f := make(Fields, len(FieldNames)+len(ListFields)+1)
	for _, name := range FieldNames {
		f[name] = a.Field(name)
	}
	if len(a.Aliases) > 0 {
		f[FieldAliases] = a.Field(FieldAliases)
	}
	if len(a.Groups) > 0 {
		ids := make([]string, 0, len(a.Groups))
		for _, g := range a.Groups {
			ids = append(ids, g.ID)
		}
		f[FieldGroups] = ListOf(ids)
	}
	if len(a.Phones) > 0 {
		phones := make([]string, 0, len(a.Phones))
		for i := range a.Phones {
			phones = append(phones, fmt.Sprint(a.Phones[i].ID, " ", a.Phones[i].Text(), " ", a.Phones[i].Activated))
		}
		f[FieldPhones] = ListOf(phones)
	}
	if a.Synced {
		f["synced"] = "true"
	}
	if a.Enrolled {
		f["enrolled"] = "true"
	}
	if a.LockoutReason != "" {
		f["lockout reason"] = a.LockoutReason
	}
	return f.Hash()
}

// Names returns the username and the aliases, folded.
func (a *Account) Names() []string {
	names := make([]string, 0, 1+len(a.Aliases))
	names = append(names, FoldName(a.Username))
	for _, alias := range a.Aliases {
		if name := FoldName(alias); name != "" {
			names = append(names, name)
		}
	}
	return names
}
