package dirsync

import (
	"cmp"
	"context"
	"fmt"
	"time"
)

// Target is a Duo account.
type Target interface {
	// Inventory streams every user of the account. A count that does not match
	// Duo's total is read again; if it still does not match, complete is false
	// and the accounts seen prove presence only.
	Inventory(ctx context.Context, visit func(Account) error) (complete bool, err error)

	// Find returns the users who hold any of these names, as username or alias.
	// Each user comes once. A name that nobody holds is no error.
	Find(ctx context.Context, names []string) ([]Account, error)

	// Know tells the target whose user of ours an id is, by the snapshot; owner gives
	// "" for nobody's. What Duo answers to a create is not believed where it has such an
	// id. Without it the target knows of nobody.
	// known gives what is remembered of that user, by whose it is.
	Know(owner func(user string) SourceID, known func(SourceID) Remembered)

	// Fetch returns the users with these ids, each given with what is remembered of it.
	// Both answers are by the ids that were asked for.
	//
	// An id that is in neither answer does not exist in Duo: that was concluded from a 404
	// for that id, never from a list, and from a second one on another connection, and the
	// name is nobody's or another user's. Where these contradict one another, or the id is
	// another user's now, doubtful has the reason: nothing is to be concluded about that
	// user. One in both answers is seen under that id by its name only: it is not certain
	// that it is there, but who it is.
	//
	// A user who is found under another ID than was asked for is the one remembered: by
	// the name, which nobody has under the id that was asked for, and by when it was
	// created. That id was never its own.
	Fetch(ctx context.Context, known map[string]Remembered) (found map[string]Account, doubtful map[string]error, err error)

	// Groups returns all groups of the account. A list that can't be read whole is
	// an error.
	Groups(ctx context.Context) ([]Group, error)

	// Phones looks for phones by number and extension (see Phone.Text) and
	// returns those that exist under that text, with their Users. A number that
	// is missing in the answer was in no phone when it was asked for.
	Phones(ctx context.Context, numbers []string) (map[string]Phone, error)

	// Apply performs one wave, op by op or in bulk as it sees fit, and several calls at
	// once, but no two about one person. It calls intend with the operations of a call
	// before that call, sends those that it gives back and no others, and calls record
	// with their results before the next call for any of them. Immediately before each
	// attempt of a call that writes it calls recheck with its operations, and sends none
	// of those that this gives with the reason (Withdrawn); in a long wait it asks about
	// none. An error of any stops it as soon as what is under way has ended. All are
	// called by the goroutine that called Apply.
	// A create of which Duo refuses a value that the user can do without is recorded as
	// Refused, intended once more as another operation that lacks the value, and
	// recorded once more under the first one: of the results of an operation the last
	// counts.
	// It returns an error only when the run must stop (a refused key, a missing
	// right, ten failures in a row, ctx done); what happened to one operation
	// is in its Result. Operations for which record was not called have not
	// been sent, unless intend was called for them: their fate is unknown.
	Apply(ctx context.Context, wave []*Op, intend func([]*Op) ([]*Op, error), recheck func([]*Op) (map[*Op]string, error), record func([]Result) error) error

	// Recall takes what bulk calls were refused by earlier runs; what stands no more is
	// passed over.
	Recall(known []BulkRefusal)

	// BulkRefusals gives the bulk calls that Duo refuses as such, or takes less of than it
	// documents, those that were recalled included.
	BulkRefusals() []BulkRefusal

	// Settle finds out what became of operations that were intended in an
	// earlier run and have no recorded outcome. It changes nothing in Duo. The
	// results are in the order of the intents, with Done where the effect is
	// there, Failed where it is not, and Taken where a user of that name exists
	// who is not provably the one we asked for.
	Settle(ctx context.Context, intents []Intent) ([]Result, error)

	// Now is the time by Duo's clock, as far as replies told it.
	Now() time.Time

	// Usage says what calls have been made so far.
	Usage() Usage

	// Forecast estimates the calls that a plan takes, and how long that is at
	// the rate that calls are made now.
	Forecast(p *Plan) (calls int, d time.Duration)
}

// Remembered is what is known of a Duo user who is asked for by its id.
type Remembered struct {
	Name            string    // the username that it had last; "" where none is known
	Created         time.Time // see Account; zero where it is not known
	Realname, Email string    // that it had last
	Unmet           bool      // see Link: the id is what a create was answered with, no more
}

// Remembered gives what is known of the link's user.
func (l *Link) Remembered() Remembered {
	return Remembered{Name: l.Answered.Username, Created: l.Answered.Created, Realname: l.Answered.Realname, Email: l.Answered.Email, Unmet: l.Unmet}
}

// IsOther reports whether an account is certainly not that user: Duo created it at another
// time, which never changes, and it has another name.
func (r Remembered) IsOther(a *Account) bool {
	return !r.Created.IsZero() && !a.Created.IsZero() && r.Created.Unix() != a.Created.Unix() && FoldName(a.Username) != FoldName(r.Name)
}

// MayBeOther reports whether an account is not that user, or nobody has met the user under that
// id yet and it has another name.
func (r Remembered) MayBeOther(a *Account) bool {
	return r.IsOther(a) || r.Unmet && r.IsRenamed(a)
}

// IsRenamed reports whether an account has another name than that user had.
func (r Remembered) IsRenamed(a *Account) bool {
	return r.Name != "" && FoldName(a.Username) != FoldName(r.Name)
}

// Is reports whether an account, under whatever id, is that user: it has the same name, and
// Duo created it at the same time.
func (r Remembered) Is(a *Account) bool {
	return !r.Created.IsZero() && r.Created.Unix() == a.Created.Unix() && FoldName(a.Username) == FoldName(r.Name) && r.Name != ""
}

// Prefers reports whether, of two accounts created when that user was, the one that has its id
// is the user, renamed by others, and not the one that has its name: it still has the full
// name and address, or the other has not either. Of a user whom nobody has met under its id,
// only both together tell.
func (r Remembered) Prefers(byID, byName *Account) bool {
	if byID == nil || r.Created.Unix() != byID.Created.Unix() {
		return false
	}
	has := func(a *Account) bool { return a.Realname == r.Realname && a.Email == r.Email }
	if r.Unmet {
		return has(byID) && !has(byName)
	}
	return has(byID) || !has(byName)
}

// BulkRefusal is a call for many operations at once that Duo refuses as such. For a day
// such calls are not made, or not so large ones, and the operations go alone.
type BulkRefusal struct {
	Call  string    `json:"call"` // method and path
	Most  int       `json:"most"` // how many Duo takes in one call; below 2: none
	Since time.Time `json:"since"`
	Why   string    `json:"why"`
	// Passing: such calls failed in this run. The next one tries again.
	Passing bool `json:"passing,omitempty"`
}

// Stands reports whether it is not yet time to ask again.
func (r BulkRefusal) Stands(now time.Time) bool {
	return now.Before(r.Since.Add(24*time.Hour)) && !now.Before(r.Since.Add(-24*time.Hour))
}

// IsSame reports whether two are the same refusal.
func (r BulkRefusal) IsSame(other BulkRefusal) bool {
	return r.Call == other.Call && r.Since.Equal(other.Since)
}

// Words tells of the refusal, and what follows from it.
func (r BulkRefusal) Words() string {
	switch {
	case r.Passing:
		return r.Call + " fails, so each operation goes in a call of its own in this run: " + r.Why
	case r.Most < 2:
		return "Duo refuses " + r.Call + ", so each operation goes in a call of its own for a day: " + r.Why
	}
	return fmt.Sprintf("Duo takes no more than %d operations in one %s: %s", r.Most, r.Call, r.Why)
}

// Usage counts calls to Duo.
type Usage struct {
	Calls   int // attempts that were sent, retries included
	Retries int
	// Throttled are those that Duo refused with a 429, for there had been too many.
	Throttled int
}

// Withdrawn is why an operation that was intended is not sent any more.
type Withdrawn string

func (w Withdrawn) Error() string { return string(w) }

// Fate is what became of an operation.
type Fate int

const (
	// Done means that Duo holds what was asked for; Account is its answer (nil after a
	// delete).
	Done Fate = iota
	// Refused means that Duo will not have these fields. No use to try again before they
	// change.
	Refused
	// Taken means that another user holds the name; Account is that user, where known.
	Taken
	// Vanished means that the user does not exist any more (404 for its id).
	Vanished
	// Failed means that it did not happen, or happened without harm; the next run tries
	// again.
	Failed
	// Unknown means that it was sent, no reply came, and what became of it could not be found out.
	// The intent stays open for the next run to settle.
	Unknown
)

// Result is what became of one operation.
type Result struct {
	Op      *Op
	Fate    Fate
	Account *Account
	Err     error // why not Done; its text is for the admin and names no secret
	// Fields are those that Duo named when it refused the operation; nil where it
	// named none, or something that is no field.
	Fields []string
	// Undone are the fields that an operation which is Done otherwise could not, or
	// not wholly, bring about. Account tells what is there.
	Undone []Undone
	// Made are the phones that the operation made, whatever its fate.
	Made []OwnPhone
	// Removed are the ids of phones of ours that no longer exist.
	Removed []string
	// Kept are phones that we made and that were to be taken away, but have become somebody
	// else's matter since: they are not ours any more, and were let be.
	Kept []KeptPhone
	// Group is the id of the group that the operation made.
	Group string
	// Met: Account was found in Duo by its id or name, and not only answered to a create.
	Met bool
}

// KeptPhone is a phone that we made and that is not ours any more.
type KeptPhone struct {
	OwnPhone        // as we remember it
	Why      string // what has become of it
}

// KeptFor reports whether a phone that we made has become somebody else's matter, for it has
// another number or extension now, or its person has activated it.
func KeptFor(own OwnPhone, now *Phone) (KeptPhone, bool) {
	switch {
	case now.Text() != own.Number:
		return KeptPhone{own, "was changed in Duo to " + cmp.Or(now.Text(), "one without a number")}, true
	case now.Activated:
		return KeptPhone{own, "has been activated"}, true
	}
	return KeptPhone{}, false
}

// KeptByOthers is a phone of a user who is gone that another Duo user has now.
func KeptByOthers(own OwnPhone, user string) KeptPhone {
	return KeptPhone{own, fmt.Sprintf("belongs to another Duo user now (%s)", user)}
}

// Text says, of the phone of a user of this name, what has become of it.
func (p *KeptPhone) Text(username string) string {
	return fmt.Sprintf("%s: the phone %s %s, and is kept; it is not duosync's any more", username, p.Number, p.Why)
}

// Undone is a field that could not be brought about.
type Undone struct {
	Field string
	Fate  Fate // not Done; Refused where it is of no use to try again
	Err   error
}
