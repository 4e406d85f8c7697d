package account

import (
	"fmt"
	"slices"
)

// Rules are what holds in an account, above all where Duo's documents leave
// something open. The zero value is the harder answer on a client throughout.
type Rules struct {
	// Limits replace Duo's own where they are not zero.
	Limits Limits
	// PendingDeletionDays is how long a user stays in the Trash; 0 means 7.
	PendingDeletionDays int
	// AllOrNothing makes bulk_create, bulk, bulk_send_to_trash and bulk_restore
	// refuse the whole call for one bad item. Otherwise each item stands on its
	// own. Duo's documents leave this open.
	AllOrNothing bool
	// BulkAnswer is what bulk_create and bulk answer: BulkEnvelopes, which "" means,
	// BulkPartial or BulkBare. Duo's documents leave this open.
	BulkAnswer string
	// BulkRefused is the code with which bulk_create and bulk are refused as such, such
	// as 40301, 40401 or 40501; 0: they are not.
	BulkRefused int
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
}

// What people can do with a push; see Rules.
const (
	PushApprove = "approve"
	PushDeny    = "deny"
	PushFraud   = "fraud"
	PushWaiting = "waiting" // nothing
)

// What bulk calls answer; see Rules.
const (
	BulkEnvelopes = "envelopes" // for who is refused, the envelope of a failure in its place
	BulkPartial   = "partial"   // who is refused is left out
	BulkBare      = "bare"      // as BulkEnvelopes, and bulk names nobody: each response is ""
)

// Check says what is wrong with the rules.
func (r *Rules) Check() error {
	if r.BulkAnswer != "" && !slices.Contains([]string{BulkEnvelopes, BulkPartial, BulkBare}, r.BulkAnswer) {
		return fmt.Errorf("duosim: BulkAnswer %q is none of %v", r.BulkAnswer, []string{BulkEnvelopes, BulkPartial, BulkBare})
	}
	if r.BulkRefused != 0 && (r.BulkRefused < 40000 || r.BulkRefused > 59999) {
		return fmt.Errorf("duosim: BulkRefused %d is no code", r.BulkRefused)
	}
	answers := []string{PushApprove, PushDeny, PushFraud, PushWaiting}
	if r.PushAnswer != "" && !slices.Contains(answers, r.PushAnswer) {
		return fmt.Errorf("duosim: PushAnswer %q is none of %v", r.PushAnswer, answers)
	}
	return nil
}

func (r Rules) withDefaults() Rules {
	r.Limits = r.Limits.withDefaults()
	if r.PendingDeletionDays == 0 {
		r.PendingDeletionDays = 7
	}
	if r.PushAnswer == "" {
		r.PushAnswer = PushApprove
	}
	return r
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
