package duosim

import (
	"crypto/rand"
	"time"
)

// Options shape the simulated account. The zero value is a plain account with
// random keys, Duo's documented limits and no rate limit.
type Options struct {
	// Keys are the applications' keys. A kind without a key gets a random one.
	Keys []Key
	// Now is Duo's clock: of signatures, the Trash, rate limits and the Date of
	// replies. Nil means time.Now. It must be safe for concurrent use.
	Now func() time.Time
	// Limits replace Duo's own where they are not zero.
	Limits Limits
	// RateLimits hold for each key on its own. None means no limit.
	RateLimits []RateLimit
	// PendingDeletionDays is how long a user stays in the Trash; 0 means 7.
	PendingDeletionDays int
	// AllOrNothing makes bulk_create, bulk, bulk_send_to_trash and bulk_restore
	// refuse the whole call for one bad item. Otherwise each item stands on its
	// own. Duo's documents leave this open.
	AllOrNothing bool
	// ListFindsAliases lets username_list match aliases, as username does.
	// Duo's documents promise that for username only.
	ListFindsAliases bool
	// KeepCase stores usernames and aliases in the case in which they came. They
	// are compared without case all the same.
	KeepCase bool
	// OwnNamesMove lets one call that modifies a user move a name from one place
	// of that user to another: the username becomes an alias, an alias the
	// username or another alias, or two change places. Otherwise the name is
	// taken, by the user itself, when the call comes, and the answer is
	// 400/40003: free it in one call, claim it in the next. Duo's documents leave
	// this open.
	OwnNamesMove bool
	// PushAnswer is what people do with a push: PushApprove, which "" means,
	// PushDeny, PushFraud or PushWaiting.
	PushAnswer string
	// RestoreAs is the status of a user out of the Trash; "" means the status
	// before.
	RestoreAs string
	// Shuffle gives lists an order that changes with every write, as Duo's may.
	// Otherwise they are in the order of creation.
	Shuffle bool
	// Seed is for Shuffle.
	Seed uint64
	// Faults are there from the start; see SetFaults.
	Faults Faults
	// CertificateNames are added to 127.0.0.1, ::1 and localhost in the server's
	// certificate: DNS names or addresses.
	CertificateNames []string
	// OnCall is called with each call after its effect and before its reply, so
	// that a test can change the account between two pages. It may use the
	// server's methods, and is called by several goroutines at once where
	// several calls are under way.
	OnCall func(Call)
}

// Limits are the sizes at which Duo refuses. Lengths count characters. A zero
// field means the default, which is Duo's where Duo documents one (pages, the
// bulk calls and one-to-many limits) and a guess for the lengths.
type Limits struct {
	// 100, 100, 100, 512. Realname's holds for firstname, lastname and the names
	// of groups and phones, too, Notes' for the desc of a group.
	Username, Realname, Email, Notes int

	UsersPage int // users in one page, 300; a larger limit is clamped
	Page      int // objects of other kinds in one page, 500

	BulkCreate, Bulk, Trash int // items in one call: 100, 50, 100
	IDList                  int // values of username_list and the like, 100

	PhonesPerUser, GroupsPerUser, TokensPerUser, CodesPerUser int // 100 each; beyond: 500/50001
	UsersPerPhone, UsersPerToken                              int // 100 each; beyond: 500/50001
}

// RateLimit lets so many calls of one key through in any window of that length.
// A call above it is answered with 429/42901 and does not count.
type RateLimit struct {
	Calls  int
	Window time.Duration
	// Path is a glob or "re:" pattern as in faults; "" means all calls together.
	Path string
	// RetryAfter makes the 429 tell when to come back, in whole seconds.
	RetryAfter bool
}

// KeyKind is the application that a key belongs to, with its permissions.
type KeyKind string

// The kinds of keys. KeyAdmin has "Grant resource" for reading and writing and
// "Grant read information"; KeyReader lacks writing: its writes are answered
// with 403/40301.
const (
	KeyAdmin  KeyKind = "admin"
	KeyReader KeyKind = "read-only admin"
	KeyAuth   KeyKind = "auth"
)

// Key is an application's pair of keys: 20 characters beginning with DI, and 40.
type Key struct {
	Kind        KeyKind
	Integration string
	Secret      string
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.PendingDeletionDays == 0 {
		o.PendingDeletionDays = 7
	}
	o.Limits = o.Limits.withDefaults()
	keys := append([]Key(nil), o.Keys...)
	for _, kind := range []KeyKind{KeyAdmin, KeyReader, KeyAuth} {
		if _, ok := keyOf(keys, kind); !ok {
			keys = append(keys, Key{Kind: kind, Integration: "DI" + randomText(18), Secret: randomText(40)})
		}
	}
	o.Keys = keys
	return o
}

func (l Limits) withDefaults() Limits {
	for _, limit := range []struct {
		value *int
		usual int
	}{
		{&l.Username, 100}, {&l.Realname, 100}, {&l.Email, 100}, {&l.Notes, 512},
		{&l.UsersPage, 300}, {&l.Page, 500},
		{&l.BulkCreate, 100}, {&l.Bulk, 50}, {&l.Trash, 100}, {&l.IDList, 100},
		{&l.PhonesPerUser, 100}, {&l.GroupsPerUser, 100}, {&l.TokensPerUser, 100}, {&l.CodesPerUser, 100},
		{&l.UsersPerPhone, 100}, {&l.UsersPerToken, 100},
	} {
		if *limit.value == 0 {
			*limit.value = limit.usual
		}
	}
	return l
}

func keyOf(keys []Key, kind KeyKind) (Key, bool) {
	for _, key := range keys {
		if key.Kind == kind {
			return key, true
		}
	}
	return Key{}, false
}

// randomText returns n capital letters and digits; each is worth five bits.
func randomText(n int) string {
	const letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
	text := make([]byte, n)
	_, _ = rand.Read(text) // never fails, says its documentation
	for i, b := range text {
		text[i] = letters[int(b)%len(letters)]
	}
	return string(text)
}
