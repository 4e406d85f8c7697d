package dirsync

import "strconv"

// Drifted is what Drift found.
type Drifted struct {
	Differences   []Difference
	Users, Groups int // of ours, which were compared
	Warnings      []string
}

// Difference is something that Duo holds in another way than we left it.
type Difference struct {
	Username string // a group's name where Field is one of a group's
	Source   SourceID
	User     string // Duo user_id, or group_id
	Field    string // one of FieldNames or ListFields, or one of the Drift… words
	Ours     string // what we left there
	Duo      string // what is there now
}

// Differences that are not of a field.
const (
	DriftUser        = "user"         // the user was deleted
	DriftSynced      = "synced"       // taken over by Duo's own directory sync
	DriftHolder      = "holder"       // a name that our user was left with is another's now; the values are ids
	DriftGroup       = "group"        // a group was deleted or renamed
	DriftGroupStatus = "group status" // a group lets its members in without a second factor
)

// DriftDeleted stands in Difference.Duo for what does not exist any more.
const DriftDeleted = "deleted"

// Decision is what a dry run decided about one person or link.
type Decision struct {
	ID SourceID
	// Person is as the read, or else the second look, gave it; nil: in neither.
	Person *Person
	// Seen is the second look; nil: none was taken.
	Seen *Whereabouts
	// Link is as the run sees it; nil: not ours.
	Link *Link
	// Operations are those on the person, in their order.
	Operations []*Operation
	// Conflicts are those of the person, and those of groups that the person is to
	// be in.
	Conflicts []Conflict
	Waiting   *Waiting
	// Delayed: another server of the directory answered than last time, so removals
	// wait one more complete read.
	Delayed bool
	// Guards are those that hold one of the operations, or the whole run.
	Guards []Guard
	// Shadowed is the person of an earlier directory who has the name; "": nobody.
	Shadowed SourceID
	// Skipped tells why nothing is done by rule; "": something may be.
	Skipped SkipReason
	// Heir is the id under which a missing person is there anew, and Ancestor the old id of
	// such an entry: it is not decided yet whether the two are the same human. Else "".
	Heir, Ancestor SourceID
	// Ends: the link ends without an operation, for its user is gone from Duo.
	Ends bool
	// Warnings are about the person.
	Warnings []string
}

// Skipped is a person for whom nothing is done by rule.
type Skipped struct {
	Username string
	Source   SourceID
	Reason   SkipReason
}

// SkipReason is why nothing is done by rule, as reports have it.
type SkipReason string

// The reasons.
const (
	SkippedProtected SkipReason = "protected" // sync.scope.protect
	SkippedLocked    SkipReason = "locked"    // disabled in the directory and not in Duo: a licence saved
)

// Rebuilt says what Rebuild found.
type Rebuilt struct {
	*Run // each pairing is an operation adopt, without a call
	// Known is how many users the state knew before, and Found how many of them are
	// in this account.
	Known, Found int
	Paired       int
	// Differ counts the paired users who differ from the directory; the next run
	// updates them.
	Differ int
	// Moved counts those of the paired who were ours under another id.
	Moved int
	// Absent counts the people in scope of whose name Duo has no user.
	Absent int
	// Unpaired are all in scope who are not paired and not ours already, those in conflict
	// included, by username.
	Unpaired []Unpaired
	// Strangers counts the users of the account with whom nobody in the directory's
	// scope was paired: they are not ours. Open counts those of them who can log in.
	Strangers, Open int
	// Nobodys are the usernames of the Open, in their order.
	Nobodys []string
}

// Unpaired is somebody in scope whom Rebuild does not pair, and why.
type Unpaired struct {
	Source   SourceID
	Username string // after mapping
	Reason   string
}

// Removed is a person from whom an earlier run took something.
type Removed struct {
	Source   SourceID
	User     string // Duo user_id
	Username string
	Action   Action // Disable, Trash, Delete or Release
	Reason   string // as the run gave it
	// Again is the last run that took something from the same person again since then, for
	// a reason of its own, and Then is what it did; "" where none did. What merely goes on
	// with the removal, such as the Trash after the grace, is not meant.
	Again string
	Then  Action
}

// GroupKey begins what is told, and kept, of a group of Duo's: its folded name follows.
const GroupKey = "group|"

// Keys under which something is told of one person, by the id, and of a name that several
// people claim.
const (
	PersonKey = "person|"
	UnsureKey = "unsure|"
	NameKey   = "name|"
)

// HashIDs digests ids in their order.
func HashIDs(ids []SourceID) Hash {
	f := make(Fields, len(ids))
	for i, id := range ids {
		f[strconv.Itoa(i)] = string(id)
	}
	return f.Hash()
}
