package duosim

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"
)

// account is what Duo holds. It knows no locks and no HTTP: handlers are its
// methods, and the server calls one at a time.
type account struct {
	options *Options
	now     time.Time      // of the call in hand
	given   map[string]int // last number given, by prefix of the id
	changes int            // writes so far
	users   table[User]
	groups  table[Group]
	phones  table[Phone]
	tokens  table[Token]
	names   map[string]string // folded usernames and aliases → user id
	numbers map[string]string // phone numbers with extension → phone id
	trashed map[string]bool   // user ids

	mails       []Mail
	messages    []Message
	enrollments map[string]enrollment // by code
	activations map[string]time.Time  // phone id → until when its activation link works
	logins      map[string]login      // by txid
}

func newAccount(options *Options) *account {
	return &account{
		options: options,
		given:   make(map[string]int),
		names:   make(map[string]string),
		numbers: make(map[string]string),
		trashed: make(map[string]bool),

		enrollments: make(map[string]enrollment),
		activations: make(map[string]time.Time),
		logins:      make(map[string]login),
	}
}

// clone gives an account that shares nothing with a, to try things out on.
func (a *account) clone() *account {
	c := *a
	c.given = maps.Clone(a.given)
	c.users = a.users.clone(User.clone)
	c.groups = a.groups.clone(func(g Group) Group { return g })
	c.phones = a.phones.clone(Phone.clone)
	c.tokens = a.tokens.clone(Token.clone)
	c.names = maps.Clone(a.names)
	c.numbers = maps.Clone(a.numbers)
	c.trashed = maps.Clone(a.trashed)
	c.mails, c.messages = slices.Clip(a.mails), slices.Clip(a.messages) // both only grow
	c.enrollments = maps.Clone(a.enrollments)
	c.activations = maps.Clone(a.activations)
	c.logins = maps.Clone(a.logins)
	return &c
}

// newID gives the next id of a kind, always the same ones in the same order.
func (a *account) newID(prefix string) string {
	for {
		a.given[prefix]++
		id := fmt.Sprintf("%s%018d", prefix, a.given[prefix])
		if a.users.get(id) == nil && a.groups.get(id) == nil && a.phones.get(id) == nil && a.tokens.get(id) == nil {
			return id
		}
	}
}

// tick moves the account to a time: what has been in the Trash for too long is
// gone for good.
func (a *account) tick(now time.Time) {
	a.now = now
	limit := time.Duration(a.options.PendingDeletionDays) * 24 * time.Hour
	for id := range a.trashed {
		if !now.Before(a.users.get(id).Trashed.Add(limit)) {
			a.removeUser(id)
		}
	}
}

// seconds is the time as Duo keeps it.
func (a *account) seconds() time.Time { return a.now.UTC().Truncate(time.Second) }

// call is one operation on the account: a request, or a part of a bulk one.
type call struct {
	vars map[string]string // from the path
	args args
	// strike gives what a fault makes of a part of a bulk call, or nil.
	strike func(method, path string, from args) *refusal
}

// window reads limit and offset. A limit that is too large is clamped.
func (c *call) window(most int) (limit, offset int, bad *refusal) {
	limit, bad = c.args.number("limit", 100, 1)
	if bad != nil {
		return 0, 0, bad
	}
	offset, bad = c.args.number("offset", 0, 0)
	return min(limit, most), offset, bad
}

// paged cuts the part out of a list that a call asks for.
func paged[T any](c *call, most int, objects []*T, render func(*T) map[string]any) (any, *refusal) {
	limit, offset, bad := c.window(most)
	if bad != nil {
		return nil, bad
	}
	part := objects[min(offset, len(objects)):min(offset+limit, len(objects))]
	return page{items: rendered(part, render), offset: offset, limit: limit, total: len(objects)}, nil
}

// whole gives a list that is not cut, whatever limit and offset say.
func whole[T any](objects []*T, render func(*T) map[string]any) page {
	return page{items: rendered(objects, render), limit: len(objects), total: len(objects)}
}

func rendered[T any](objects []*T, render func(*T) map[string]any) []any {
	items := make([]any, len(objects)) // never null in JSON
	for i, object := range objects {
		items[i] = render(object)
	}
	return items
}

// ordered gives a list in the order that Duo shows it: the one it is in, or with
// Shuffle one that holds till the next write.
func ordered[T any](a *account, objects []*T) []*T {
	if a.options.Shuffle {
		random := rand.New(rand.NewPCG(a.options.Seed, uint64(a.changes)))
		random.Shuffle(len(objects), func(i, j int) { objects[i], objects[j] = objects[j], objects[i] })
	}
	return objects
}

// seconds gives a time as Duo's JSON has it: seconds, or null.
func seconds(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.Unix()
}

// orNull gives null for an empty text.
func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// find gives the object that a part of the path names, or 404/40401.
func find[T any](t *table[T], c *call, name string) (*T, *refusal) {
	if object := t.get(c.vars[name]); object != nil {
		return object, nil
	}
	return nil, refuse(notFound, "")
}

// named gives the object whose id a parameter holds: 400/40002 without an id,
// 404/40401 for one that nothing has.
func named[T any](t *table[T], c *call, parameter string) (*T, *refusal) {
	id, bad := c.args.text(parameter)
	switch {
	case bad != nil:
		return nil, bad
	case id == "":
		return nil, refuse(badParameters, parameter)
	case t.get(id) == nil:
		return nil, refuse(notFound, "")
	}
	return t.get(id), nil
}
