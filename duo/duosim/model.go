package duosim

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

const (
	statusActive    = "active"
	statusBypass    = "bypass"
	statusDisabled  = "disabled"
	statusLockedOut = "locked out"
	statusTrashed   = "pending deletion"
)

// A user has up to eight aliases. Only the first four have parameters and keys of
// their own; the others go by `aliases` alone.
const (
	aliasCount    = 8
	singleAliases = 4
)

func (u User) clone() User {
	u.Aliases = slices.Clone(u.Aliases)
	u.Groups = slices.Clone(u.Groups)
	u.Phones = slices.Clone(u.Phones)
	u.Tokens = slices.Clone(u.Tokens)
	u.BypassCodes = slices.Clone(u.BypassCodes)
	return u
}

func (p Phone) clone() Phone {
	p.Users = slices.Clone(p.Users)
	return p
}

func (u *User) synced() bool { return !u.LastDirectorySync.IsZero() }

// alias gives the alias at position n, from 1.
func (u *User) alias(n int) string {
	if n > len(u.Aliases) {
		return ""
	}
	return u.Aliases[n-1]
}

// setAlias sets the alias at position n, from 1; "" clears it.
func (u *User) setAlias(n int, name string) {
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

// table holds objects by id, in the order of their creation. An object stays
// where it is in memory when it is replaced.
type table[T any] struct {
	byID  map[string]*T
	order []*T
}

func (t *table[T]) get(id string) *T { return t.byID[id] }

// put adds an object, or replaces the one with that id.
func (t *table[T]) put(id string, object *T) {
	if t.byID == nil {
		t.byID = make(map[string]*T)
	}
	if old := t.byID[id]; old != nil {
		*old = *object
		return
	}
	t.byID[id] = object
	t.order = append(t.order, object)
}

func (t *table[T]) remove(id string) {
	if i := slices.Index(t.order, t.byID[id]); i >= 0 {
		t.order = slices.Delete(t.order, i, i+1)
	}
	delete(t.byID, id)
}

// all gives the objects that keep accepts, nil accepting all, in their order.
func (t *table[T]) all(keep func(*T) bool) []*T {
	objects := slices.Clone(t.order)
	if keep != nil {
		objects = slices.DeleteFunc(objects, func(object *T) bool { return !keep(object) })
	}
	return objects
}

func (t *table[T]) clone(copied func(T) T) table[T] {
	c := table[T]{byID: make(map[string]*T, len(t.byID)), order: make([]*T, len(t.order))}
	moved := make(map[*T]*T, len(t.order))
	for i, object := range t.order {
		twin := copied(*object)
		c.order[i], moved[object] = &twin, &twin
	}
	for id, object := range t.byID {
		c.byID[id] = moved[object]
	}
	return c
}
