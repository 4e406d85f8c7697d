package report

import (
	"io"
	"slices"

	dirsync "duosync/sync"
)

// Explanation says all about one user.
type Explanation struct {
	// User is what was asked for, FoundBy how it was recognized: "directory id",
	// "DN", "username", "mail" and so on.
	User    string `json:"user"`
	FoundBy string `json:"found_by"`

	Entry    *Entry      `json:"entry"`
	Scope    ScopeStand  `json:"scope"`
	Fields   []FieldStep `json:"fields"`
	Snapshot *Snapshot   `json:"snapshot"`
	Duo      DuoStand    `json:"duo"`
	Next     Next        `json:"next"`
	Holds    []Hold      `json:"holds"`
	History  []PastStep  `json:"history"`
	// Matches are the people who are meant, where there are several.
	Matches []Match `json:"matches"`
	// Warnings are worth knowing.
	Warnings []string `json:"warnings"`
	// Error says what could not be found out; "" where nothing is missing.
	Error string `json:"error"`
}

// Where an entry was found.
const (
	FoundInBase    = "base"      // below ldap.users.base_dns, by the filter
	FoundElsewhere = "elsewhere" // under the suffix
	FoundNowhere   = "nowhere"
	FoundUnknown   = "unknown" // the directory could not be read
)

// Entry is a person in the directory. Attributes and Groups are those that count.
type Entry struct {
	Found      string              `json:"found"`
	SourceID   dirsync.SourceID    `json:"source_id"`
	DN         string              `json:"dn"`
	Server     string              `json:"server"`
	Base       string              `json:"base"`
	Standing   dirsync.Standing    `json:"standing"`
	Attributes map[string][]string `json:"attributes"`
	Groups     []string            `json:"groups"`
}

// ScopeStand says whether the rules select the person: Rule is the key that
// decided, Item the part of its value, Reason both in words.
type ScopeStand struct {
	In     bool   `json:"in"`
	Rule   string `json:"rule"`
	Item   string `json:"item"`
	Reason string `json:"reason"`
}

// FieldStep is one field on its way: what the directory gives, what the mapping
// makes of it, what Duo was asked for last, what it holds.
type FieldStep struct {
	Field    string   `json:"field"`
	Before   Values   `json:"before"`
	After    Values   `json:"after"`
	From     []string `json:"from"`
	Asked    *Values  `json:"asked"` // nil: nothing
	Duo      *Values  `json:"duo"`   // nil: there is no user
	Once     bool     `json:"once"`  // given to a new user only
	Warnings []string `json:"warnings"`
}

// Values are those of a field. In JSON they are a list where the field holds one,
// and else a text.
type Values struct {
	List  bool
	Items []string
}

// ValueOf gives a single value, of which "" is none.
func ValueOf(value string) Values {
	if value == "" {
		return Values{}
	}
	return Values{Items: []string{value}}
}

// FieldValues gives the value of a field as the core keeps it.
func FieldValues(field, value string) Values {
	if dirsync.IsList(field) {
		return Values{List: true, Items: dirsync.Items(value)}
	}
	return ValueOf(value)
}

// MarshalJSON gives a list or a text.
func (v Values) MarshalJSON() ([]byte, error) {
	if v.List || len(v.Items) > 1 {
		return encode(append([]string{}, v.Items...))
	}
	return encode(v.Text())
}

// Text gives the first value, "" for none.
func (v Values) Text() string {
	if len(v.Items) == 0 {
		return ""
	}
	return v.Items[0]
}

func (v Values) words() string {
	if v.List || len(v.Items) > 1 {
		return listWords(v.Items)
	}
	return value(v.Text())
}

// same reports whether both hold the same, in any order.
func (v Values) same(other Values) bool {
	return slices.Equal(slices.Sorted(slices.Values(v.Items)), slices.Sorted(slices.Values(other.Items)))
}

// Snapshot is what the state knows: how the user came to us, what we asked for
// last, what Duo answered.
type Snapshot struct {
	SourceID dirsync.SourceID `json:"source_id"`
	User     string           `json:"duo_user_id"`
	Origin   dirsync.Origin   `json:"origin"`
	// Since is when the user became ours; "" where that is not known.
	Since    string            `json:"since"`
	Asked    map[string]Values `json:"asked"`
	Answered *DuoUser          `json:"answered"`
	// Missing is set while the person is gone or out of scope.
	Missing        *MissingStand `json:"missing"`
	LetGo          string        `json:"let_go"`
	DisabledByHand bool          `json:"disabled_by_hand"`
	Phones         []string      `json:"phones"`
	Groups         []string      `json:"groups"`
	Unfinished     []string      `json:"unfinished"`
	Mail           dirsync.Mail  `json:"mail"`
	// Refreshed is when Duo was last read whole; "" if never.
	Refreshed string `json:"refreshed"`
	// RefreshDue is from when on a run reads it whole again; "" for any run.
	RefreshDue string `json:"refresh_due"`
}

// MissingStand says why a person is missing, since when, and which step was taken.
type MissingStand struct {
	Why   string         `json:"why"`
	Since string         `json:"since"`
	Step  dirsync.Action `json:"step"`
	At    string         `json:"at"`
}

// Whether a Duo user is ours.
const (
	DuoOurs    = "ours"
	DuoNotOurs = "not ours"
	DuoNone    = "no such user"
	DuoUnknown = "unknown" // Duo could not be asked
)

// DuoStand is what Duo holds now. Holders are other users, who hold a name that
// the person wants.
type DuoStand struct {
	Standing string   `json:"standing"`
	User     *DuoUser `json:"user"`
	// ByOthers: the user may not log in as the directory would have it, and that is
	// not our doing.
	ByOthers bool        `json:"status_by_others"`
	Changed  []FieldDiff `json:"changed"` // since Duo last answered, by other hands
	Holders  []Holder    `json:"holders"`
}

// FieldDiff is a field that others have changed in Duo.
type FieldDiff struct {
	Field string `json:"field"`
	Left  Values `json:"left"` // as we left it
	Duo   Values `json:"duo"`
}

// Holder is a Duo user who holds a name that the person wants, and why it is not
// the person's.
type Holder struct {
	Name   string   `json:"name"`
	Reason string   `json:"reason"`
	User   *DuoUser `json:"user"`
}

// DuoUser is a user as Duo shows it.
type DuoUser struct {
	ID        string     `json:"duo_user_id"`
	Username  string     `json:"username"`
	Status    string     `json:"status"`
	Aliases   []string   `json:"aliases"`
	Realname  string     `json:"realname"`
	Email     string     `json:"email"`
	Created   string     `json:"created"`
	Enrolled  bool       `json:"enrolled"`
	Directory bool       `json:"duo_directory_sync"`
	Groups    []DuoGroup `json:"groups"`
	Phones    []DuoPhone `json:"phones"`
}

// DuoGroup is a group of a user. Status is "" where it was not asked for.
type DuoGroup struct {
	Name   string `json:"name"`
	Status string `json:"status"`
	Ours   bool   `json:"ours"` // the membership is
}

// DuoPhone is a phone of a user.
type DuoPhone struct {
	ID        string `json:"id"`
	Number    string `json:"number"`
	Type      string `json:"type"`
	Platform  string `json:"platform"`
	Activated bool   `json:"activated"`
	Ours      bool   `json:"ours"`
	// Kept: it is ours and the directory has it no longer; it stays, for the person
	// has activated it.
	Kept bool `json:"kept"`
}

// What a run does where it does nothing in Duo.
const (
	NextNone     = "none"
	NextWait     = "wait"     // a removal is not due yet
	NextConflict = "conflict" // a human has to settle something
	NextSkip     = "skip"     // by rule
	NextFail     = "fail"     // the run, or this person's part of it
	NextUnknown  = "unknown"
)

// Next is what the next run does: Action is that of the first operation, or one of
// the Next… words.
type Next struct {
	Action     dirsync.Action `json:"action"`
	Reason     string         `json:"reason"`
	Result     string         `json:"result"` // planned, held or failed; "" without an operation
	Operations []Operation    `json:"operations"`
	Conflicts  []Conflict     `json:"conflicts"`
	Waiting    []Waiting      `json:"waiting"`
	// Refresh tells why the run will read all of Duo before; "" where it won't.
	Refresh string `json:"refresh"`
}

// Hold is something that keeps operations on the user back, or has let them
// through: Kind is "guard", "held", "approved", "paused" or "disabled".
type Hold struct {
	Kind    string `json:"kind"`
	Name    string `json:"name"` // of a guard
	RunID   string `json:"run_id"`
	Reason  string `json:"reason"`
	Approve string `json:"approve"` // the command
	Remedy  string `json:"remedy"`  // what ends it where no approval does
}

// The kinds of holds.
const (
	HoldGuard    = "guard"    // a limit will hold the next run
	HoldRun      = "held"     // the last run was held
	HoldApproved = "approved" // an approval is given and not used yet
	HoldPaused   = "paused"
	HoldDisabled = "disabled" // by duosync disable, until duosync enable
)

// PastStep is an operation of a past run.
type PastStep struct {
	RunID   string `json:"run_id"`
	Started string `json:"started"`
	Operation
}

// Match is one of several people who are meant.
type Match struct {
	SourceID dirsync.SourceID `json:"source_id"`
	User     string           `json:"duo_user_id"`
	Username string           `json:"username"`
	DN       string           `json:"dn"`
	FoundBy  string           `json:"found_by"`
}

// NewExplanation begins an explanation of what was asked for.
func NewExplanation(user string) *Explanation {
	return &Explanation{
		User: user, Scope: ScopeStand{}, Fields: []FieldStep{}, Holds: []Hold{}, History: []PastStep{}, Matches: []Match{}, Warnings: []string{},
		Duo:  DuoStand{Standing: DuoUnknown, Changed: []FieldDiff{}, Holders: []Holder{}},
		Next: Next{Action: NextUnknown, Operations: []Operation{}, Conflicts: []Conflict{}, Waiting: []Waiting{}},
	}
}

// Write renders the explanation. Only the table is ever coloured.
func (e *Explanation) Write(w io.Writer, format Format, colour bool) error {
	return write(w, e, format, colour)
}

func (e *Explanation) encode() ([]byte, error) { return encode(e) }

// sheet gives the fields, a row each; the items of a list have a comma between
// them.
func (e *Explanation) sheet() *sheet {
	s := &sheet{header: []string{"field", "from", "before", "after", "asked", "duo", "warnings"}}
	cell := func(v *Values) string {
		if v == nil {
			return ""
		}
		return cellOfList(dirsync.ListOf(v.Items))
	}
	for i := range e.Fields {
		f := &e.Fields[i]
		s.add(f.Field, cellOfList(dirsync.ListOf(f.From)), cell(&f.Before), cell(&f.After), cell(f.Asked), cell(f.Duo), cellOfList(dirsync.ListOf(f.Warnings)))
	}
	return s
}
