package dirsync

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
	"time"
)

// SourceID names a directory entry for good: entryUUID, objectGUID, nsUniqueId
// or another immutable attribute in its canonical text form. Never a DN, uid or
// mail address; those change.
type SourceID string

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
)

// FieldNames lists the fields in the order in which reports show them.
var FieldNames = []string{
	FieldUsername, FieldRealname, FieldFirstname, FieldLastname,
	FieldEmail, FieldNotes, FieldStatus,
}

// Duo's user statuses. Duo may add others; an unknown one is treated like
// StatusLockedOut: left as it is.
const (
	StatusActive          = "active"
	StatusBypass          = "bypass"
	StatusDisabled        = "disabled"
	StatusLockedOut       = "locked out"
	StatusPendingDeletion = "pending deletion" // in Duo's Trash
)

// Standing is what the directory says about whether a person may log in.
type Standing string

// A person without any sign of a lock is Enabled.
const (
	Enabled   Standing = "enabled"
	Disabled  Standing = "disabled"   // by an administrator
	LockedOut Standing = "locked out" // for a time, after wrong passwords
)

// Person is one directory entry that the users' filter returned.
type Person struct {
	ID SourceID
	// DN is the entry's name as the server gave it. For messages and for
	// exclusion by DN only.
	DN string
	// Attrs holds the values of the attributes that were asked for, by their
	// lower-cased name. An attribute that did not come back is absent. Values
	// are raw bytes; they need not be UTF-8.
	Attrs map[string][]string
	// Standing is decoded from the preset's status attributes.
	Standing Standing
	// Groups are the names of the groups that the person is in, nested ones
	// included where the configuration says so: sorted, each once, and only of
	// groups that the source was asked about.
	Groups []string
}

// ReadInfo says what a complete read of the directory was.
type ReadInfo struct {
	Server string // the URL that answered
	Read   int    // entries that the filter returned
	// Groups are the names of the groups that were found, of those that the
	// source was asked about: sorted, each once.
	Groups []string
}

// Whereabouts is the answer of a second look for one id.
type Whereabouts struct {
	// Present: an entry with this id exists somewhere under the suffix.
	Present bool
	// Person is set when that entry is still within the bases and the filter.
	Person *Person
	// DN of the entry, when Present.
	DN string
}

// Fields are the values that duosync asks Duo to hold for a person, by field
// name. A field that is absent is not ours; a field that is empty is cleared.
type Fields map[string]string

// Hash is a short digest of Fields: different hashes mean different fields, the
// same hash means they are taken for the same.
type Hash uint64

// Hash digests f.
func (f Fields) Hash() Hash {
	names := make([]string, 0, len(f))
	for name := range f {
		names = append(names, name)
	}
	slices.Sort(names)
	h := sha256.New()
	var size [8]byte
	for _, name := range names {
		for _, text := range [2]string{name, f[name]} {
			binary.BigEndian.PutUint64(size[:], uint64(len(text)))
			h.Write(size[:])
			h.Write([]byte(text))
		}
	}
	return Hash(binary.BigEndian.Uint64(h.Sum(nil)))
}

// Account is a Duo user as Duo answers it (GET /admin/v1/users).
type Account struct {
	ID        string    `json:"id"` // user_id, 20 characters
	Username  string    `json:"username"`
	Aliases   []string  `json:"aliases,omitempty"`
	Realname  string    `json:"realname,omitempty"`
	Firstname string    `json:"firstname,omitempty"`
	Lastname  string    `json:"lastname,omitempty"`
	Email     string    `json:"email,omitempty"`
	Notes     string    `json:"notes,omitempty"`
	Status    string    `json:"status"`
	Created   time.Time `json:"created"` // Duo's clock, whole seconds
	Enrolled  bool      `json:"enrolled,omitempty"`
	// Synced: Duo's own directory sync manages this user (last_directory_sync
	// is set). Such a user is never ours.
	Synced bool `json:"synced,omitempty"`
}

// Field returns the value of one of FieldNames.
func (a *Account) Field(name string) string {
	switch name {
	case FieldUsername:
		return a.Username
	case FieldRealname:
		return a.Realname
	case FieldFirstname:
		return a.Firstname
	case FieldLastname:
		return a.Lastname
	case FieldEmail:
		return a.Email
	case FieldNotes:
		return a.Notes
	case FieldStatus:
		return a.Status
	}
	return ""
}

// Hash digests all that Duo can change under us in an account.
func (a *Account) Hash() Hash {
	f := make(Fields, len(FieldNames)+1)
	for _, name := range FieldNames {
		f[name] = a.Field(name)
	}
	if a.Synced {
		f["synced"] = "true"
	}
	if a.Enrolled {
		f["enrolled"] = "true"
	}
	return f.Hash()
}

// Names returns the username and the aliases, folded.
func (a *Account) Names() []string {
	names := make([]string, 0, 1+len(a.Aliases))
	names = append(names, FoldName(a.Username))
	for _, alias := range a.Aliases {
		names = append(names, FoldName(alias))
	}
	return names
}

// FoldName gives the form in which two usernames or aliases are the same name
// to Duo: without outer white space and without case.
func FoldName(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// Origin says how a link came to be.
type Origin string

// Created users may be deleted; adopted ones are disabled or trashed at most.
const (
	Created Origin = "created"
	Adopted Origin = "adopted"
)

// Link binds a person to a Duo user that is ours.
type Link struct {
	ID     SourceID `json:"source_id"`
	User   string   `json:"user"` // Duo user_id
	Origin Origin   `json:"origin"`
	// Asked is what we last asked Duo to hold, field by field.
	Asked Fields `json:"asked"`
	// Answered is what Duo last told us it holds.
	Answered Account `json:"answered"`
	// Missing is set while the person is gone or out of scope.
	Missing *Missing `json:"missing,omitempty"`
	// LetGo tells why the user is left alone for good, though the link is kept:
	// "" or one of the LetGo… reasons.
	LetGo string `json:"let_go,omitempty"`
	// ByHand: somebody else disabled the user in Duo while we wanted it
	// disabled, too; so it is not ours to enable.
	ByHand bool `json:"by_hand,omitempty"`
}

// Active reports whether the link counts as a person that is ours and active:
// neither missing, let go nor asked to be disabled.
func (l *Link) Active() bool {
	return l.Missing == nil && l.LetGo == "" && l.Asked[FieldStatus] != StatusDisabled
}

// Why a link is kept but its user no longer touched.
const (
	LetGoSynced  = "synced"  // taken over by Duo's own directory sync
	LetGoTrashed = "trashed" // put in the Trash by somebody else
	LetGoDeleted = "deleted" // deleted by hand, and drift is only reported
)

// Whereto a person went.
const (
	Gone       = "gone"         // the id is nowhere under the suffix
	OutOfScope = "out of scope" // still in the directory, no longer selected
)

// Missing is the end of a link's life, step by step.
type Missing struct {
	Why   string    `json:"why"`   // Gone or OutOfScope
	Since time.Time `json:"since"` // start of the first complete read without the person
	// Step is the last removal step that was carried out: "", disable or trash.
	Step Action `json:"step,omitempty"`
	// At is when Step was carried out.
	At time.Time `json:"at,omitzero"`
}

// Brief is what a run keeps in memory of every link.
type Brief struct {
	ID       SourceID
	User     string
	Asked    Hash // of Link.Asked
	Answered Hash // of Link.Answered
	Missing  bool
	LetGo    bool
	Active   bool // Link.Active
}

// Brief gives the brief of a link.
func (l *Link) Brief() Brief {
	return Brief{
		ID: l.ID, User: l.User,
		Asked: l.Asked.Hash(), Answered: l.Answered.Hash(),
		Missing: l.Missing != nil, LetGo: l.LetGo != "", Active: l.Active(),
	}
}
