package account

import (
	"slices"
	"time"
)

// User is a Duo user as the account holds it, plain data for tests to give and
// to compare. Times are whole seconds; a zero time is Duo's null.
type User struct {
	ID       string // 20 characters beginning with DU
	Username string
	Aliases  []string // alias1 first; "" where one is not set
	Realname, Firstname, Lastname,
	Email, Notes string
	Status             string // active, bypass, disabled, locked out or pending deletion
	Created, LastLogin time.Time
	// LastDirectorySync is set for a user of Duo's own directory sync. Such a
	// user refuses changes, the Trash and deletion.
	LastDirectorySync time.Time
	ExternalID        string
	LockoutReason     string
	// Enrolled: the user has a WebAuthn credential. One who has a phone or a
	// token is enrolled in any case.
	Enrolled     bool
	NoAutoPrompt bool     // enable_auto_prompt turned off
	Groups       []string // ids in the order in which they were joined
	Phones       []string // ids in the order in which they were associated
	Tokens       []string // ids in the order in which they were associated
	BypassCodes  []BypassCode
	Trashed      time.Time // when the user went into the Trash
	StatusBefore string    // before the Trash
}

// BypassCode is a passcode that stands in for a device.
type BypassCode struct {
	ID      string
	Code    string
	Created time.Time
	Expires time.Time // zero: never
	Uses    int       // how often it still works; -1: without end
}

// Group is a Duo group.
type Group struct {
	ID     string // 20 characters beginning with DG
	Name   string
	Desc   string
	Status string // active, bypass or disabled; answered with a capital
	// SyncedFrom names the directory that Duo's own sync made the group from.
	// The name that is answered says so, and the group can't be changed.
	SyncedFrom string
}

// Phone is a Duo phone.
type Phone struct {
	ID                  string // 20 characters beginning with DP
	Number              string // with + in front, or "" for a tablet
	Extension           string
	Name                string
	Type                string // unknown, mobile or landline; answered with a capital
	Platform            string // as the API takes it; answered as Duo writes it
	Predelay, Postdelay string
	Activated           bool     // for Duo Mobile, by the person
	PasscodesSent       bool     // by SMS
	Users               []string // ids
}

// Token is a hardware token.
type Token struct {
	ID     string   // 20 characters beginning with DH
	Type   string   // h6, h8, yk, t6, t8 or d1
	Serial string   // unique with the type
	Users  []string // ids
}

// Mail is an enrollment mail that Duo has sent.
type Mail struct {
	To            string // as the call had it; it need not be the user's own address
	UserID        string
	Username      string // at that time
	Code          string // see EnrollWith
	Sent, Expires time.Time
}

// Message is a text message that Duo has sent to a phone.
type Message struct {
	PhoneID, Number string
	Kind            MessageKind
	Text            string
	Sent            time.Time
}

// MessageKind is what a text message is for.
type MessageKind string

// The kinds of messages.
const (
	Installation MessageKind = "installation" // where to get Duo Mobile
	Activation   MessageKind = "activation"   // the link that activates it
	Passcodes    MessageKind = "passcodes"
)

// Snapshot is all that an account holds at one time. Two of the same account
// compare equal when nothing has changed.
type Snapshot struct {
	Users  []User // by username
	Groups []Group
	Phones []Phone
	Tokens []Token
	// Mails and Messages are those sent, in their order. What was sent stays,
	// whatever becomes of the user or the phone.
	Mails    []Mail
	Messages []Message
}

// What a user's status can be; a group's is one of the first three.
const (
	StatusActive    = "active"
	StatusBypass    = "bypass"
	StatusDisabled  = "disabled"
	StatusLockedOut = "locked out"
	StatusTrashed   = "pending deletion"
)

// A user has up to eight aliases. Only the first four have parameters and keys of
// their own; the others go by `aliases` alone.
const (
	AliasCount    = 8
	SingleAliases = 4
)

// Clone gives a copy that shares nothing with u.
func (u User) Clone() User {
	u.Aliases = slices.Clone(u.Aliases)
	u.Groups = slices.Clone(u.Groups)
	u.Phones = slices.Clone(u.Phones)
	u.Tokens = slices.Clone(u.Tokens)
	u.BypassCodes = slices.Clone(u.BypassCodes)
	return u
}

// Clone gives a copy that shares nothing with p.
func (p Phone) Clone() Phone {
	p.Users = slices.Clone(p.Users)
	return p
}

// Clone gives a copy that shares nothing with t.
func (t Token) Clone() Token {
	t.Users = slices.Clone(t.Users)
	return t
}

// Synced tells whether Duo's own directory sync keeps the user.
func (u *User) Synced() bool { return !u.LastDirectorySync.IsZero() }

// IsEnrolled is Duo's is_enrolled.
func (u *User) IsEnrolled() bool { return u.Enrolled || len(u.Phones)+len(u.Tokens) > 0 }

// Alias gives the alias at position n, from 1.
func (u *User) Alias(n int) string {
	if n > len(u.Aliases) {
		return ""
	}
	return u.Aliases[n-1]
}

// SetAlias sets the alias at position n, from 1; "" clears it.
func (u *User) SetAlias(n int, name string) {
	for len(u.Aliases) < n {
		u.Aliases = append(u.Aliases, "")
	}
	u.Aliases[n-1] = name
	u.trimAliases()
}

func (u *User) trimAliases() {
	for len(u.Aliases) > 0 && u.Aliases[len(u.Aliases)-1] == "" {
		u.Aliases = u.Aliases[:len(u.Aliases)-1]
	}
	if len(u.Aliases) == 0 {
		u.Aliases = nil
	}
}

// Capabilities are the factors that a phone is good for.
func (p *Phone) Capabilities() []string {
	able := []string{}
	if p.Activated {
		able = append(able, "auto", "push", "mobile_otp")
	}
	if p.Number != "" {
		able = append(able, "phone")
	}
	if p.Number != "" && p.Type == "mobile" {
		able = append(able, "sms")
	}
	return able
}
