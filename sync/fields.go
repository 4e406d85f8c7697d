package dirsync

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
)

// A list field is kept as one text with an item a line, sorted, each once. No
// item holds a line break, and an empty text is the empty list.

// ListOf gives items the form in which a list field is kept.
func ListOf(items []string) string {
	items = slices.Clone(items)
	slices.Sort(items)
	return strings.Join(slices.Compact(items), "\n")
}

// Items gives the items of a list field.
func Items(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, "\n")
}

// IsList reports whether a field holds a list.
func IsList(field string) bool { return slices.Contains(ListFields, field) }

// Without gives the items that are not in others, in their order.
func Without(items, others []string) []string {
	return slices.DeleteFunc(slices.Clone(items), func(item string) bool { return slices.Contains(others, item) })
}

// Names of the Duo fields a person can have. They are the parameter names of
// Duo's Admin API (POST /admin/v1/users) and the names in a Change.
const (
	FieldUsername  = "username"
	FieldRealname  = "realname"
	FieldFirstname = "firstname"
	FieldLastname  = "lastname"
	FieldEmail     = "email"
	FieldNotes     = "notes"
	FieldStatus    = "status"

	// The fields that hold a list; see [Items].
	FieldAliases = "aliases"
	FieldPhones  = "phones"
	FieldGroups  = "groups"
)

// singles are the fields with a single value, in the order in which reports show them.
var singles = []struct {
	name  string
	of    func(*Account) string
	spare bool // a new user can do without it
}{
	{FieldUsername, func(a *Account) string { return a.Username }, false},
	{FieldRealname, func(a *Account) string { return a.Realname }, true},
	{FieldFirstname, func(a *Account) string { return a.Firstname }, true},
	{FieldLastname, func(a *Account) string { return a.Lastname }, true},
	{FieldEmail, func(a *Account) string { return a.Email }, true},
	{FieldNotes, func(a *Account) string { return a.Notes }, true},
	{FieldStatus, func(a *Account) string { return a.Status }, false},
}

// FieldNames lists the fields with a single value, in the order in which reports
// show them.
var FieldNames = func() []string {
	names := make([]string, len(singles))
	for i := range singles {
		names[i] = singles[i].name
	}
	return names
}()

// IsSpare reports whether a new user can do without a field, and is made without it where
// Duo refuses its value.
func IsSpare(field string) bool {
	if field == FieldAliases {
		return true
	}
	for i := range singles {
		if singles[i].name == field {
			return singles[i].spare
		}
	}
	return false
}

// ListFields lists the fields that hold a list, in the order in which reports
// show them, after the others.
var ListFields = []string{FieldAliases, FieldPhones, FieldGroups}

// Most values that Duo takes: aliases, phones and groups of a user, and users of
// a phone. A call beyond the last three is answered with 500/50001.
const (
	MaxAliases    = 8
	MaxPhones     = 100
	MaxGroups     = 100
	MaxPhoneUsers = 100
)

// Duo's user statuses. Duo may add others; an unknown one is treated like
// StatusLockedOut: left as it is.
const (
	StatusActive          = "active"
	StatusBypass          = "bypass"
	StatusDisabled        = "disabled"
	StatusLockedOut       = "locked out"
	StatusPendingDeletion = "pending deletion" // in Duo's Trash
)

// Fields are the values that duosync asks Duo to hold for a person, by field
// name. A field that is absent is not ours; a field that is empty is cleared.
// A field of ListFields holds its items as one text, see [Items].
type Fields map[string]string

// Hash is a short digest of Fields: different hashes mean different fields, the
// same hash means they are taken for the same.
type Hash uint64

// Hash digests f.
func (f Fields) Hash() Hash {
	names := make([]string, 0, 16) // on the stack, as the text of most
	for name := range f {
		names = append(names, name)
	}
	slices.Sort(names)
	all := make([]byte, 0, 512)
	for _, name := range names {
		for _, text := range [2]string{name, f[name]} {
			all = binary.BigEndian.AppendUint64(all, uint64(len(text)))
			all = append(all, text...)
		}
	}
	sum := sha256.Sum256(all)
	return Hash(binary.BigEndian.Uint64(sum[:]))
}

// FoldName gives the form in which two usernames or aliases are the same name
// to Duo: without outer white space and without case.
func FoldName(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// FoldedSet gives names as a set, folded.
func FoldedSet(names []string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[FoldName(name)] = true
	}
	return set
}

// AnyFolded reports whether one of the names, folded, is in a set.
func AnyFolded(names []string, set map[string]bool) bool {
	return slices.ContainsFunc(names, func(name string) bool { return set[FoldName(name)] })
}
