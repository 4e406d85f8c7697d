package dirsync

import (
	"cmp"
	"context"
	"time"
)

// Source is a directory.
type Source interface {
	// Read streams one whole directory or fails. It never ends early without
	// an error: a failed page, a size or time limit, a base that does not
	// exist, a dropped connection or a result that was never completed are all
	// errors. visit gets each entry once, even if it lies under two bases; an
	// error from visit ends the read and is returned as it is.
	Read(ctx context.Context, visit func(Person) error) (ReadInfo, error)

	// Lookup finds ids anywhere under the suffix that holds the bases, and says
	// which of them are still within bases and filter. Every id has an entry in
	// the answer. Any doubt is an error. After a Read it asks the server that
	// answered that, and no other. An id that can't be one under the configured id
	// attribute is found nowhere.
	Lookup(ctx context.Context, ids []SourceID) (map[SourceID]Whereabouts, error)

	// LookupGroups finds groups by their id, or where they have none by their DN,
	// anywhere under the suffix, whatever the groups' bases and filter. The answer is
	// by GroupEntry.Key, with Name, DN and Stamp as they are now; one that is not in
	// it is gone. Any doubt is an error, and the server is that of Lookup.
	LookupGroups(ctx context.Context, groups []GroupEntry) (map[string]GroupEntry, error)

	// StillMembers reports whether any of these people says to be in a group by an
	// attribute of their own (memberOf). Where there is no such attribute, nobody does.
	// The server is that of Lookup.
	StillMembers(ctx context.Context, group GroupEntry, ids []SourceID) (bool, error)

	// Stamps gives when entries were changed last, in the server's own words
	// (modifyTimestamp, whenChanged), by id and by DN. One that is not found, or has no
	// stamp, is missing in the answer. The server is that of Lookup.
	Stamps(ctx context.Context, ids []SourceID, dns []string) (byID map[SourceID]string, byDN map[string]string, err error)
}

// Target is a Duo account.
type Target interface {
	// Inventory streams every user of the account. A count that does not match
	// Duo's total is read again; if it still does not match, complete is false
	// and the accounts seen prove presence only.
	Inventory(ctx context.Context, visit func(Account) error) (complete bool, err error)

	// Find returns the users who hold any of these names, as username or alias.
	// Each user comes once. A name that nobody holds is no error.
	Find(ctx context.Context, names []string) ([]Account, error)

	// Fetch returns the users with these ids. An id that is missing in the
	// answer does not exist in Duo: that was concluded from a 404 for that id,
	// never from a list.
	Fetch(ctx context.Context, ids []string) (map[string]Account, error)

	// Groups returns all groups of the account. A list that can't be read whole is
	// an error.
	Groups(ctx context.Context) ([]Group, error)

	// Phones looks for phones by number and extension (see Phone.Text) and
	// returns those that exist under that text, with their Users. A number that
	// is missing in the answer was in no phone when it was asked for.
	Phones(ctx context.Context, numbers []string) (map[string]Phone, error)

	// Apply performs one wave, op by op or in bulk as it sees fit. It calls
	// intend with the operations of a call before that call, sends those that it
	// gives back and no others, and calls record with their results before the next
	// one; an error of either stops it at once.
	// It returns an error only when the run must stop (a refused key, a missing
	// right, ten failures in a row, ctx done); what happened to one operation
	// is in its Result. Operations for which record was not called have not
	// been sent, unless intend was called for them: their fate is unknown.
	Apply(ctx context.Context, wave []*Op, intend func([]*Op) ([]*Op, error), record func([]Result) error) error

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

// Usage counts calls to Duo.
type Usage struct {
	Calls   int // attempts that were sent, retries included
	Retries int
}

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
	// Undone are the list fields that an operation which is Done otherwise could
	// not, or not wholly, bring about. Account tells what is there.
	Undone []Undone
	// Made are the phones that the operation made, whatever its fate.
	Made []OwnPhone
	// Removed are the ids of phones of ours that no longer exist.
	Removed []string
	// Group is the id of the group that the operation made.
	Group string
}

// Undone is a list field that could not be brought about.
type Undone struct {
	Field string
	Fate  Fate // not Done; Refused where it is of no use to try again
	Err   error
}

// Intent is an operation that was written down before it was sent.
type Intent struct {
	Seq int64     // its place in the journal
	Op  *Op       //
	At  time.Time // by Duo's clock
}

// Store keeps the snapshot (all links) and the journal of one Duo account and
// one directory.
type Store interface {
	// Meta returns what the state knows of itself.
	Meta(ctx context.Context) (Meta, error)
	// Scan gives the brief of every link, in the order of ids.
	Scan(ctx context.Context, visit func(Brief) error) error
	// Load gives the whole of some links. An id without a link is left out.
	Load(ctx context.Context, ids []SourceID) ([]Link, error)
	// Told gives what the admin was told before, by key, and need not be told
	// again while its hash is the same.
	Told(ctx context.Context) (map[string]Told, error)
	// Approvals gives the approvals that are neither used nor expired at now. What a
	// run that broke off has intended under one is no longer among its keys.
	Approvals(ctx context.Context, now time.Time) ([]Approval, error)
	// Marks gives the users whom `duosync disable` keeps disabled, in the order of
	// their usernames, and those whose mark was lifted and whom no run has looked at
	// since.
	Marks(ctx context.Context) ([]Mark, error)
	// Groups gives the links of all groups that are ours, in the order of keys.
	Groups(ctx context.Context) ([]GroupLink, error)
	// Open gives the intents without an outcome, oldest first.
	Open(ctx context.Context) ([]Intent, error)
	// Begin starts a run that may write. The lock is held since the state was
	// opened for writing; Begin writes down that the run has begun.
	Begin(ctx context.Context, run RunStart) (Journal, error)
}

// Journal is the record of one run that may write. Everything that a method
// was given is durable (fsync) when it returns.
type Journal interface {
	// Intend writes operations down before they are sent, and gives back those that
	// may be: none that gives something to a user, or to a person of a name, for whom
	// there is a mark (see Mark.Bars). It is ErrPaused when somebody has paused all
	// writing since the run began.
	Intend(ctx context.Context, ops []*Op, at time.Time) ([]*Op, error)
	// Record closes the open intents of these operations, this run's or an
	// earlier one's, and writes their links, in one transaction. An outcome
	// with Keep leaves its intent open.
	Record(ctx context.Context, outcomes []Outcome) error
	// Use notes that the run carries out what was approved under these ids. They stay
	// approved until Finish is told that they were used.
	Use(ctx context.Context, ids []string) error
	// Finish ends the run, in one transaction.
	Finish(ctx context.Context, end RunEnd) error
}

// Outcome is what a result means for the state.
type Outcome struct {
	Source SourceID
	// Seq is the open intent's place in the journal when it is an earlier
	// run's; 0 means this run's newest open intent for Source, if there is one.
	Seq int64
	// Link replaces the link of Source; nil removes it, unless Same is set.
	Link *Link
	Same bool // the link stays as it is
	// Group, when set, becomes the link of that group, under its key. DropGroup
	// removes the link with that key. Both come with Same.
	Group     *GroupLink
	DropGroup string
	Keep      bool // the fate is unknown: the intent stays open
	Note      string
}

// Binding says whose state this is. A state is used with no other.
type Binding struct {
	Host      string `json:"host"` // Duo API host, lower case, without port
	Key       string `json:"key"`  // integration key; not a secret
	Directory string `json:"directory"`
}

// Meta is what the state knows of itself.
type Meta struct {
	Binding   *Binding  // nil until the first run that reached Duo
	Baseline  *Baseline // of the last good run; nil before it
	Refreshed time.Time // start of the last complete read of Duo; zero: never
	Paused    *Pause    // nil: writing goes on
	Links     int
}

// Pause stops all writing to Duo until it is lifted.
type Pause struct {
	Since  time.Time `json:"since"`
	Reason string    `json:"reason"`
}

// Baseline is what a complete run saw, for later runs to compare with. What was
// doubted or held keeps the figures of the run before.
type Baseline struct {
	At     time.Time `json:"at"`
	Server string    `json:"server"` // the LDAP URL that answered
	// InScope counts the persons in scope; Sighted these and those whom an exclusion
	// left alone.
	InScope int `json:"in_scope"`
	Sighted int `json:"sighted,omitempty"`
	// Scope is the accepted fingerprint of what decides who is in, see Rules.Scope,
	// and Place that of where people are looked for and by which id, see Rules.Place.
	Scope string `json:"scope,omitempty"`
	Place string `json:"place,omitempty"`
	// Directories are the references of each directory, by its name; "" is that of
	// the section ldap. It is nil in a state of the first version.
	Directories map[string]Reference `json:"directories,omitempty"`
	// Held tells since when a guard holds, by its name and what it is about.
	Held map[string]time.Time `json:"held,omitempty"`

	// What a state of the first version has in the place of Directories: persons
	// with a value, by attribute; persons of each mirrored group, by the folded name
	// of the Duo group; and persons whom an excluded group left alone.
	Attributes map[string]int `json:"attributes,omitempty"`
	Groups     map[string]int `json:"groups,omitempty"`
	Excluded   int            `json:"excluded,omitempty"`
}

// Reference is what complete reads saw of one directory: each part of it as it was
// at the last read in which it was not doubted.
type Reference struct {
	Identity string `json:"identity"`
	Marker   Marker `json:"marker,omitempty"`
	// Furthest is the furthest that a server has come in any read.
	Furthest Marker `json:"furthest,omitempty"`
	// Bases counts the persons below each base DN, folded, in scope or not.
	Bases map[string]int `json:"bases,omitempty"`
	// Groups are the groups that decide something, or are nested in one, by
	// GroupEntry.Key.
	Groups map[string]GroupSeen `json:"groups,omitempty"`
	// Attributes are the attributes that a field is made of, by lower-cased name.
	Attributes map[string]AttributeSeen `json:"attributes,omitempty"`
}

// GroupSeen is what was seen of a group, see GroupEntry. Identity is that of the
// server that gave the stamp.
type GroupSeen struct {
	ID       SourceID   `json:"id,omitempty"`
	Name     string     `json:"name"`
	DN       string     `json:"dn"`
	Stamp    string     `json:"stamp,omitempty"`
	Identity string     `json:"identity,omitempty"`
	Members  int        `json:"members"`
	Persons  int        `json:"persons"`
	People   []SourceID `json:"people,omitempty"`
	Inside   []string   `json:"inside,omitempty"` // for a nested one
	// Blind: a later read was known not to see its members, or with Bare, not to see that
	// it has any. No stamp lifts that.
	Blind bool `json:"blind,omitempty"`
	Bare  bool `json:"bare,omitempty"`
}

// AttributeSeen is what was seen of an attribute: how many persons in scope have a
// value, and who where there are no more than MaxPeople. A value that the server
// sets and ends by itself (a lockout) does not count.
type AttributeSeen struct {
	Persons int                 `json:"persons"`
	Of      int                 `json:"of"` // persons in scope
	Bearers map[SourceID]Bearer `json:"bearers,omitempty"`
	// Bare: a later read was known not to see any value, see Bearer.Blind.
	Bare bool `json:"bare,omitempty"`
}

// Bearer is a person with a value. Stamp is the entry's, and Via are those of other
// entries from which the value may come, by DN: groups, roles. There are none where
// more than the floor have a value.
type Bearer struct {
	Stamp    string            `json:"stamp,omitempty"`
	Identity string            `json:"identity,omitempty"`
	Via      map[string]string `json:"via,omitempty"`
	// Blind: a later read was known not to see the value. No stamp lifts that.
	Blind bool `json:"blind,omitempty"`
}

// RunStart begins a run's record.
type RunStart struct {
	ID      string
	Started time.Time
	Binding Binding
}

// RunEnd ends a run's record.
type RunEnd struct {
	Finished time.Time
	Outcome  string
	Report   []byte // the JSON report, whole; nil when there is none
	// Baseline and Refreshed replace the state's own when set.
	Baseline  *Baseline
	Refreshed time.Time
	// Told replaces all that was told, when not nil.
	Told map[string]Told
	// Holds are what guards held in this run, for `approve` to know: all of it under
	// the report's approval id, and each guard under its own.
	Holds []Approval
	// Unmarked are the Duo users, by id, whose lifted marks have done their work.
	Unmarked []string
	// Used are the ids of approvals of which nothing is left to do.
	Used []string
}

// Told is one problem that the admin has been told of.
type Told struct {
	Hash     Hash       `json:"hash"` // of what the problem follows from
	Username string     `json:"username"`
	Sources  []SourceID `json:"sources"`
	Reason   string     `json:"reason"`
}

// Approval lets what guards held go through, once.
type Approval struct {
	ID string `json:"id"` // of the report, or of one of its guards
	// Holds are what was held; nil for an id that only a dry run showed, which lets
	// through the very operations that give it.
	Holds []Hold    `json:"holds,omitempty"`
	Until time.Time `json:"until,omitzero"`
}

// Hold is what one guard held.
type Hold struct {
	Guard    string `json:"guard"`
	About    About  `json:"about,omitzero"`
	Limit    string `json:"limit,omitempty"`
	Affected int    `json:"affected"`
	Total    int    `json:"total"`
	// Whole: the guard holds the whole run.
	Whole bool `json:"whole,omitempty"`
	// Keys are those of the operations.
	Keys []string `json:"keys,omitempty"`
	// People are those concerned of whom no operation is held yet.
	People []SourceID `json:"people,omitempty"`
	// Count is what a count has fallen to; an approval accepts that and no less.
	Count int `json:"count,omitempty"`
	// Scope is the fingerprint that an approval accepts.
	Scope string `json:"scope,omitempty"`
}

// About says what a guard is about, where it is not about all: one of its fields
// is set.
type About struct {
	Attribute string `json:"attribute,omitempty"`
	Group     string `json:"group,omitempty"`
	Base      string `json:"base,omitempty"`
	Directory string `json:"directory,omitempty"`
}

// Text gives the field that is set.
func (a About) Text() string { return cmp.Or(a.Attribute, a.Group, a.Base, a.Directory) }

// Mark keeps a user disabled until it is taken away, whatever the directory says.
type Mark struct {
	User     string    `json:"user"`             // Duo user_id
	Username string    `json:"username"`         // in Duo
	Source   SourceID  `json:"source,omitempty"` // of the person; "" where nobody was known
	Since    time.Time `json:"since"`
	Reason   string    `json:"reason"`
	By       string    `json:"by"` // who asked for it
	// Lifted is when the mark was taken back; zero: it stands. One that was taken back
	// tells the next run that the user was disabled by us.
	Lifted time.Time `json:"lifted,omitzero"`
}

// Stands reports whether the mark was not taken back.
func (m *Mark) Stands() bool { return m.Lifted.IsZero() }

// Bars reports whether the mark forbids an operation: one that gives something to
// the user, or to anybody of that name.
func (m *Mark) Bars(o *Op) bool {
	if !m.Stands() || o.OnGroup() || o.User != m.User && FoldName(o.Name()) != FoldName(m.Username) {
		return false
	}
	status := o.After()[FieldStatus]
	switch o.Action {
	case Create, Recreate, Enable, Restore, EnrollMail:
		return true
	case Adopt, Update:
		return len(o.Joins) > 0 || status != "" && status != StatusDisabled
	}
	return false
}

// Observer is told how a run goes on. Its methods return quickly and may be
// called from several goroutines.
type Observer interface {
	// Phase begins a step of the run: "settle", "refresh", "read", "confirm",
	// "apply".
	Phase(name string)
	// Progress tells how far the phase is; total 0 means it is not known.
	Progress(done, total int)
}
