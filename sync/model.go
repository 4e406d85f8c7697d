package dirsync

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
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

	// The fields that hold a list; see [Items].
	FieldAliases = "aliases"
	FieldPhones  = "phones"
	FieldGroups  = "groups"
)

// FieldNames lists the fields with a single value, in the order in which reports
// show them.
var FieldNames = []string{
	FieldUsername, FieldRealname, FieldFirstname, FieldLastname,
	FieldEmail, FieldNotes, FieldStatus,
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

// Standing is what the directory says about whether a person may log in.
type Standing string

// A person without any sign of a lock is Enabled.
const (
	Enabled   Standing = "enabled"
	Disabled  Standing = "disabled"   // by an administrator
	LockedOut Standing = "locked out" // for a time, after wrong passwords
	// Unreadable: whether the person is locked can't be told, see Person.Unsure. A
	// status is never raised on that.
	Unreadable Standing = "unreadable"
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
	// Base is the one of ReadInfo.Bases below which the person was found, the first
	// where several hold it; "" where there is one base only.
	Base string
	// Standing is decoded from the preset's status attributes.
	Standing Standing
	// Unsure tells why Standing is Unreadable; else nil.
	Unsure *Unsure
	// Groups are the names of the groups that the person is in, nested ones
	// included where the configuration says so: sorted, each once, and only of
	// groups that the source was asked about.
	Groups []string
}

// Unsure is an attribute from which a person's standing can't be told.
type Unsure struct {
	Attribute string // by its lower-cased name
	// Value that can't be read; "" where the attribute, which every entry of that
	// kind has, did not come back.
	Value string
	// Groups: it is the person's groups that can't all be told, and what hangs on them.
	Groups bool
}

// ReadInfo says what a complete read of the directory was.
type ReadInfo struct {
	Server string // the URL that answered
	// Identity is what the server says of itself (root DSE: dnsHostName or
	// serverName), else the address that answered. Behind one URL there may be
	// several servers.
	Identity string
	// Marker tells how far the server has come; nil where it does not say.
	Marker Marker
	Read   int // entries that the filter returned
	// Bases are the base DNs of the people, folded as the server compares DNs, where
	// there are several; else none.
	Bases []string
	// Groups are the groups that were found, of those that the source was asked
	// about, sorted by name, then id.
	Groups []GroupEntry
	// Nested are the groups that were found inside of Groups, at any depth, and
	// that are not among Groups themselves; sorted by DN.
	Nested []GroupEntry
	// Warnings are worth telling of a read that is complete: members that answer
	// nothing, values that can't be read.
	Warnings []string
}

// Marker tells how far a server has come in the changes of a directory, by what
// counts them (a replica's contextCSN, highestCommittedUSN, a changelog). Values of
// one key rise with time and compare as text.
type Marker map[string]string

// furthest gives of each count the later one.
func (m Marker) furthest(other Marker) Marker {
	if len(m)+len(other) == 0 {
		return nil
	}
	all := maps.Clone(other)
	if all == nil {
		all = Marker{}
	}
	for key, at := range m {
		all[key] = max(all[key], at)
	}
	return all
}

// Behind reports whether m is, by any of its counts, before another marker.
func (m Marker) Behind(other Marker) bool {
	for key, at := range m {
		if was, known := other[key]; known && at < was {
			return true
		}
	}
	return false
}

// countGroups counts the groups of that name, without regard to case.
func (i *ReadInfo) countGroups(name string) int {
	n := 0
	for _, g := range i.Groups {
		if SameGroup(g.Name, name) {
			n++
		}
	}
	return n
}

// GroupEntry is a group of the directory.
type GroupEntry struct {
	ID   SourceID // "" where the server shows none
	Name string
	DN   string
	// Stamp is when the entry was changed last, in the server's own words; "" where
	// it shows none. Two stamps of one server are compared for equality only, and only
	// where they begin with the same word, which is their kind.
	Stamp string
	// Members counts the values of the member attribute. Hidden: there are none, and the
	// server would not have a group of this kind without.
	Members int
	Hidden  bool
	// Persons counts the people of the read who are in the group themselves, not by
	// way of a group inside it. People are their ids, sorted, where there are no
	// more than MaxPeople; else none.
	Persons int
	People  []SourceID
	// Inside are, for one of ReadInfo.Nested, the names of the groups in
	// ReadInfo.Groups that hold it, at any depth; sorted.
	Inside []string
}

// MaxPeople is how many people of a group, or with a value, are known by their ids.
const MaxPeople = 50

// Key names a group for good: by its id, else by its DN.
func (g *GroupEntry) Key() string {
	if g.ID != "" {
		return "id:" + string(g.ID)
	}
	return "dn:" + strings.ToLower(g.DN)
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
// A field of ListFields holds its items as one text, see [Items].
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
	Aliases   []string  `json:"aliases,omitempty"` // by place, alias1 first; "" where a place is free
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
	// Groups and Phones are all that the user has, whoever gave them.
	Groups []Membership `json:"groups,omitempty"`
	Phones []Phone      `json:"phones,omitempty"`
}

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
	Belongings
	// Unfinished are fields that the operation which made the user ours was to
	// set and could not, and that no later change brings about.
	Unfinished []string `json:"unfinished,omitempty"`
	// Unread are the ids of Duo groups that we put the user into, of which the directory's
	// group was not read: when it is again, it shows whether the person is still in it.
	Unread []string `json:"unread,omitempty"`
	// Mail is where the user's enrollment mail stands.
	Mail Mail `json:"mail,omitempty"`
	// Seen is what the person's place in the scope rests on.
	Seen Seen `json:"seen,omitzero"`
	// Marked: the user was disabled for a mark, see [Mark].
	Marked bool `json:"marked,omitempty"`
	// Offered are values that the last complete read asked for, and that wait for
	// one more: another server had answered than the time before.
	Offered Fields `json:"offered,omitempty"`
}

// Seen is what a person's place in the scope, and fields, rested on at the last
// complete read in which the person was there. What is lost from sight is told
// apart by it. Its zero value says that nothing is known.
type Seen struct {
	// Base is the base DN, folded; "" where there is one only.
	Base string `json:"base,omitempty"`
	// Groups are the folded names of the groups that decide: of the scope, and of
	// expressions; sorted.
	Groups []string `json:"groups,omitempty"`
}

// Hash digests s; that of the zero value is 0.
func (s *Seen) Hash() Hash {
	if s.Base == "" && len(s.Groups) == 0 {
		return 0
	}
	return Fields{"base": s.Base, "groups": ListOf(s.Groups)}.Hash()
}

// Belongings are what of a user's is ours.
type Belongings struct {
	// Aliases are the folded aliases that we gave. Others are not ours to take.
	Aliases []string `json:"aliases,omitempty"`
	// Joined are the ids of the groups that we put the user into. Other
	// memberships are not ours to end.
	Joined []string `json:"joined,omitempty"`
	// Phones are the phones that we made for this person, attached or not. Other
	// phones are not ours to detach or to delete.
	Phones []OwnPhone `json:"phones,omitempty"`
}

// OwnPhone is a phone that we made.
type OwnPhone struct {
	ID     string `json:"id"`
	Number string `json:"number"` // see Phone.Text
}

// Mail is where a person's enrollment mail stands. One is sent to people whom we
// created, at most once.
type Mail string

// MailSent holds also where it is not known whether the mail was sent.
const (
	MailNone Mail = ""
	MailDue  Mail = "due"
	MailSent Mail = "sent"
)

// GroupLink binds a Duo group to the directory's groups that it mirrors.
type GroupLink struct {
	ID     string `json:"id"`   // Duo group_id
	Name   string `json:"name"` // what we last asked Duo to call it; folded, the link's key
	Origin Origin `json:"origin"`
	// Sources are the ids of the directory's groups, sorted; empty where the
	// directory shows none.
	Sources []SourceID `json:"sources,omitempty"`
	// Fresh: people may be missing from the group who are unchanged otherwise, for
	// it became ours, or was barred, after they were looked at.
	Fresh bool `json:"fresh,omitempty"`
	// Missed: the last complete read did not have the group any more, and Offered is a
	// name that it had for it; another server had answered than the time before.
	Missed  bool   `json:"missed,omitempty"`
	Offered string `json:"offered,omitempty"`
}

// Key is the name by which the state knows the link.
func (g *GroupLink) Key() string { return FoldName(g.Name) }

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
	// Reads counts the complete reads in a row that missed the person; 0 in a state
	// of the first version, and -1 while the person is there again and not let in yet.
	Reads int `json:"reads,omitempty"`
	// Scope is the fingerprint of the scope (see Rules.Scope) under which the person
	// was missed first, where that was not the accepted one.
	Scope string `json:"scope,omitempty"`
	// Approved: it was approved that the person goes for another scope. No limit counts
	// it again.
	Approved bool `json:"approved,omitempty"`
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
	// Pending: something is still to be done, whether the directory changes or
	// not: a mail is due, a field is unfinished, or values wait for one more read.
	Pending bool
	Seen    Hash // of Link.Seen
}

// Brief gives the brief of a link.
func (l *Link) Brief() Brief {
	return Brief{
		ID: l.ID, User: l.User,
		Asked: l.Asked.Hash(), Answered: l.Answered.Hash(),
		Missing: l.Missing != nil, LetGo: l.LetGo != "", Active: l.Active(),
		Pending: l.due() || len(l.Unread) > 0,
		Seen:    l.Seen.Hash(),
	}
}

// due reports whether something is to be done whatever the directory shows.
func (l *Link) due() bool { return l.Mail == MailDue || len(l.Unfinished) > 0 || len(l.Offered) > 0 }
