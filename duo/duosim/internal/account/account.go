// Package account is what a Duo account holds, and what is always true of it: names
// are unique, links have two ends, ids and codes come in the same order, the Trash is
// purged in time. It knows neither calls nor parameters.
package account

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Account is what Duo holds. It knows no locks, no HTTP and no parameters: whoever
// answers calls sees to it that one of them works on it at a time.
type Account struct {
	Rules  Rules
	Users  Table[User]
	Groups Table[Group]
	Phones Table[Phone]
	Tokens Table[Token]
	Logins map[string]Login // begun with async, by txid

	sent    sent
	codes   codes
	held    held
	given   map[string]int // last number given, by what it is for
	now     time.Time      // of the call in hand
	changes int            // writes so far
}

// sent is what Duo has written to people.
type sent struct {
	mails    []Mail
	messages []Message
}

// held is who holds what may be there once.
type held struct {
	names   map[string]string // folded usernames and aliases → user id
	numbers map[string]string // phone numbers with extension → phone id
	trashed map[string]bool   // user ids
}

// Login is one that was begun with async.
type Login struct {
	Verdict map[string]any
	Begun   time.Time
	Asked   bool // for its status
}

// New gives an empty account.
func New(rules Rules) *Account {
	return &Account{
		Rules:  rules.withDefaults(),
		Logins: make(map[string]Login),
		codes:  codes{enrollments: make(map[string]enrollment), activations: make(map[string]time.Time)},
		held:   held{names: make(map[string]string), numbers: make(map[string]string), trashed: make(map[string]bool)},
		given:  make(map[string]int),
	}
}

// Clone gives an account that shares nothing with a, to try things out on.
func (a *Account) Clone() *Account {
	c := *a
	c.Users = a.Users.clone(User.Clone)
	c.Groups = a.Groups.clone(func(g Group) Group { return g })
	c.Phones = a.Phones.clone(Phone.Clone)
	c.Tokens = a.Tokens.clone(Token.Clone)
	c.Logins = maps.Clone(a.Logins)
	c.sent = sent{mails: slices.Clip(a.sent.mails), messages: slices.Clip(a.sent.messages)} // both only grow
	c.codes = codes{enrollments: maps.Clone(a.codes.enrollments), activations: maps.Clone(a.codes.activations)}
	c.held = held{names: maps.Clone(a.held.names), numbers: maps.Clone(a.held.numbers), trashed: maps.Clone(a.held.trashed)}
	c.given = maps.Clone(a.given)
	return &c
}

// Next gives 1, 2, 3 and so on, for each purpose on its own.
func (a *Account) Next(purpose string) int {
	a.given[purpose]++
	return a.given[purpose]
}

// NewID gives the next id of a kind, always the same ones in the same order.
func (a *Account) NewID(prefix string) string {
	for {
		id := fmt.Sprintf("%s%018d", prefix, a.Next(prefix))
		if a.Users.Get(id) == nil && a.Groups.Get(id) == nil && a.Phones.Get(id) == nil && a.Tokens.Get(id) == nil {
			return id
		}
	}
}

// Tick moves the account to a time: what has been in the Trash for too long is
// gone for good.
func (a *Account) Tick(now time.Time) {
	a.now = now
	limit := time.Duration(a.Rules.PendingDeletionDays) * 24 * time.Hour
	for id := range a.held.trashed {
		if !now.Before(a.Users.Get(id).Trashed.Add(limit)) {
			a.RemoveUser(id)
		}
	}
}

// AgeTrash lets time pass for those who are in the Trash only.
func (a *Account) AgeTrash(d time.Duration) {
	for id := range a.held.trashed {
		u := a.Users.Get(id)
		u.Trashed = u.Trashed.Add(-d)
	}
	a.Tick(a.now)
}

// Now is the time of the call in hand.
func (a *Account) Now() time.Time { return a.now }

// Seconds is the time as Duo keeps it.
func (a *Account) Seconds() time.Time { return a.now.UTC().Truncate(time.Second) }

// Changed counts a write.
func (a *Account) Changed() { a.changes++ }

// Changes is how many writes there were so far.
func (a *Account) Changes() int { return a.changes }

// Ordered gives a list in the order that Duo shows it: the one it is in, or with
// Shuffle one that holds till the next write.
func Ordered[T any](a *Account, objects []*T) []*T {
	if a.Rules.Shuffle {
		random := rand.New(rand.NewPCG(a.Rules.Seed, uint64(a.changes)))
		random.Shuffle(len(objects), func(i, j int) { objects[i], objects[j] = objects[j], objects[i] })
	}
	return objects
}

// Snapshot gives a copy of all that the account holds.
func (a *Account) Snapshot() Snapshot {
	snapshot := Snapshot{
		Users:    a.Users.copies(User.Clone),
		Groups:   a.Groups.copies(func(g Group) Group { return g }),
		Phones:   a.Phones.copies(Phone.Clone),
		Tokens:   a.Tokens.copies(Token.Clone),
		Mails:    slices.Clone(a.sent.mails),
		Messages: slices.Clone(a.sent.messages),
	}
	slices.SortStableFunc(snapshot.Users, func(x, y User) int { return strings.Compare(x.Username, y.Username) })
	return snapshot
}
