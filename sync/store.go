package dirsync

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// ErrPaused means that somebody has paused all writing.
var ErrPaused = errors.New("writing is paused")

// Error says since when, by whom, and why.
func (p *Pause) Error() string {
	text := fmt.Sprintf("%v since %s", ErrPaused, p.Since.UTC().Format(time.RFC3339))
	if p.By != "" {
		text += " by " + p.By
	}
	if p.Reason != "" {
		text += ": " + p.Reason
	}
	return text
}

// Unwrap makes a pause an ErrPaused.
func (p *Pause) Unwrap() error { return ErrPaused }

// Intent is an operation that was written down before it was sent.
type Intent struct {
	Seq int64     // its place in the journal
	Op  *Op       //
	At  time.Time // by Duo's clock
	// Known is what the snapshot remembers of the operation's user; nothing where it has
	// another one, or none. It is not in the journal.
	Known Remembered
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
	// Recheck gives back those of intended operations that neither a mark nor a pause would
	// keep Intend from giving back now. It writes nothing. Whether another run has taken the
	// state over since is no part of it: such a run waits until no call of an open intent can
	// be under way, and none is sent after its time.
	Recheck(ctx context.Context, ops []*Op) ([]*Op, error)
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

// NoteLacking begins what of a note is for the audit alone, behind what people read.
const NoteLacking = "\nlacking="

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
	Host string `json:"host"` // Duo API host, lower case, without port
	Key  string `json:"key"`  // integration key; not a secret
	// Directory is the identity of the directory of the section ldap; "" where there are
	// directories with names.
	Directory string `json:"directory"`
	// Directories are the identities of directories with names, by name.
	Directories map[string]string `json:"directories,omitempty"`
}

// Equal reports whether two bindings are the same.
func (b Binding) Equal(other Binding) bool {
	return b.Host == other.Host && b.Key == other.Key && b.Directory == other.Directory && maps.Equal(b.Directories, other.Directories)
}

// Where says which directory it is, or which directories.
func (b Binding) Where() string {
	if b.Directories == nil {
		return b.Directory
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(b.Directories)) {
		all = append(all, name+": "+b.Directories[name])
	}
	return strings.Join(all, "; ")
}

// Joined gives the binding of a state after a run for b: directories that were taken out of
// the configuration stay known by their names, so that no other one takes their place.
func (b Binding) Joined(before Binding) Binding {
	if b.Directories == nil {
		return b
	}
	all := maps.Clone(before.Directories)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, b.Directories)
	b.Directories = all
	return b
}

// Meta is what the state knows of itself.
type Meta struct {
	Binding   *Binding  // nil until the first run that reached Duo
	Baseline  *Baseline // of the last good run; nil before it
	Refreshed time.Time // start of the last complete read of Duo; zero: never
	Paused    *Pause    // nil: writing goes on
}

// BulkRefusals gives the bulk calls that earlier runs were refused.
func (m *Meta) BulkRefusals() []BulkRefusal {
	if m.Baseline == nil {
		return nil
	}
	return m.Baseline.Bulk
}

// Pause stops all writing to Duo until it is lifted.
type Pause struct {
	Since  time.Time `json:"since"`
	Reason string    `json:"reason"`
	By     string    `json:"by,omitempty"` // who asked for it; "" in a state of an earlier version
}

// RunStart begins a run's record.
type RunStart struct {
	ID      string
	Started time.Time
	Binding Binding
	By      string // who asked for the run
}

// Packed is a text as a state keeps it: compressed, for a report of 100,000 operations has
// 70 MB, and 3 MB so (see packing). nil: there is none.
type Packed []byte

// RunEnd ends a run's record.
type RunEnd struct {
	Finished time.Time
	Outcome  string
	// Summary is the report as JSON without its lists, and Report the whole of it; nil when
	// there is none.
	Summary []byte
	Report  Packed
	// Baseline and Refreshed replace the state's own when set.
	Baseline  *Baseline
	Refreshed time.Time
	// Told replaces all that was told, when not nil.
	Told map[string]Told
	// Groups are those of a [Day], after a complete run; nil after any other, of which no day is
	// kept. The seats are counted where the links are.
	Groups map[string]int
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
	Remedy   string     `json:"remedy,omitempty"`
}
