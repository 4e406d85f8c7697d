package dirsync

import (
	"cmp"
	"slices"
	"time"
)

// Observer is told how a run goes on. Its methods return quickly and may be
// called from several goroutines.
type Observer interface {
	// Phase begins a step of the run: "settle", "refresh", "read", "confirm",
	// "apply".
	Phase(name string)
	// Progress tells how far the phase is, in what it reads, or in people to whom all was
	// done that is to be; total 0 means it is not known.
	Progress(done, total int)
}

// Outcome words of a run, as the report gives them.
const (
	OutcomeNoChanges = "no-changes"
	OutcomePlanned   = "planned" // a dry run with something to do
	OutcomeApplied   = "applied"
	OutcomePartial   = "partial" // some objects failed or were left out
	OutcomeHeld      = "held"    // a guard wants a human
	OutcomeFailed    = "failed"  // it could not be done
)

// Result words of an operation, as the report gives them.
const (
	ResultPlanned = "planned"
	ResultApplied = "applied"
	ResultFailed  = "failed"
	ResultHeld    = "held"
	ResultSkipped = "skipped"
)

// Run is what a run found, planned and did.
type Run struct {
	ID       string
	DryRun   bool
	Outcome  string
	Flags    string // see Engine.Flags
	Err      error  // why the outcome is failed
	By       string // who asked for it
	Command  string // of duosync, that made it: sync, apply, run, undo, rebuild
	Started  time.Time
	Finished time.Time
	// Account is the host of Duo's API, and Directory says where people come from, see
	// [Binding]; "" where that is not known.
	Account, Directory string
	// Only is the username that the run was narrowed to; "" for none. Narrowed: it was
	// about some people only (Only, a plan, an undoing), and its guards tell nothing of
	// what a whole run holds.
	Only     string
	Narrowed bool

	PlanID     string
	ApprovalID string // of what is held; "" when nothing is

	Read     ReadInfo
	InScope  int
	Complete bool // the directory was read whole

	Refreshed     bool
	RefreshReason string // "first", "due", "flag" or ""

	Unchanged int
	// Skipped are people for whom nothing is done by rule: locked and not in Duo, or
	// protected.
	Skipped []Skipped

	Operations []*Operation
	Conflicts  []Conflict
	Attention  []Attention // by username, then source
	Shadowed   []Shadowed  // by username, then source
	Waiting    []Waiting
	Guards     []Guard
	StillHeld  []string // names of the guards that hold the last whole run, where this one is none
	Warnings   []string

	Usage            Usage
	ExpectedCalls    int
	ExpectedDuration time.Duration
}

// Operation is an operation of the plan and what became of it.
type Operation struct {
	*Op
	Result string
	Error  string
	// Known: the same failure was told before, and tried again at a refresh.
	Known bool
}

// Conflict is something about a person that a human has to settle.
type Conflict struct {
	Username string
	Sources  []SourceID
	People   []Who // those of Sources who are persons, as far as they are found
	Reason   string
	Full     string // Reason with the name in it, where that speaks of Username as "this name"
	Remedy   string // a command that settles it; "" where there is none
	New      bool   // not told before
	Key      string
	Hash     Hash
}

// Who says who is meant.
type Who struct {
	Source   SourceID
	DN       string // "" where it is not known
	Username string // after mapping; "" where there is none
}

// Attention is a person, or a group, that is not as the directory asks for and stays so
// until a human acts: in a conflict, refused by Duo, failed, or as others have set it.
type Attention struct {
	Username string    `json:"username"`
	Source   SourceID  `json:"source_id,omitempty"` // "" for a group
	Reason   string    `json:"reason"`
	Remedy   string    `json:"remedy,omitempty"`
	Since    time.Time `json:"since"` // start of the first run that found it so
	// Apart: it is what others have done to the user, and stands while nobody looks.
	Apart bool `json:"apart,omitempty"`
	// Failed: an operation on the user failed, and stands so until one was tried again.
	Failed bool `json:"failed,omitempty"`
}

// Waiting is a removal that is not due yet.
type Waiting struct {
	Username string
	Source   SourceID
	Since    time.Time
	Action   Action
	Due      time.Time
}

// Guard is one limit and how the plan stands to it.
type Guard struct {
	Name     string
	About    About
	Limit    string
	Affected int
	Total    int
	Held     bool
	// Partial: what the guard does not hold goes on. Else nothing does.
	Partial bool
	// ApprovalID is that of what this guard holds; "" where it holds nothing or no
	// approval lifts it: then Remedy says what does.
	ApprovalID string
	Remedy     string
	// Since is the start of the run from which on it holds.
	Since time.Time
	// ApprovedBy names who gave the approvals that let something through; "" where none did.
	ApprovedBy string
	// Names are those of the people concerned, ten at most.
	Names []string
	// Detail says what was seen, where the figures do not say it all.
	Detail string
	// Again are the flags with which the run has to be asked for what is held: an approval
	// alone asks for no adoption. Nil: none.
	Again []string

	// Ops are what it weighed or, where it holds, what it holds; Hold is what an
	// approval is bound to.
	Ops  []*Op
	Hold Hold
}

// Held reports whether a guard holds the run, or a part of it.
func (r *Run) Held() bool {
	return slices.ContainsFunc(r.Guards, func(g Guard) bool { return g.Held })
}

// Stopped reports whether a guard holds the whole run.
func (r *Run) Stopped() bool {
	return slices.ContainsFunc(r.Guards, func(g Guard) bool { return g.Held && !g.Partial })
}

// Count gives the number of operations with a result.
func (r *Run) Count(result string) int {
	n := 0
	for _, op := range r.Operations {
		if op.Result == result {
			n++
		}
	}
	return n
}

// NewFailures reports whether an operation failed, or was left out, that was not
// told before.
func (r *Run) NewFailures() bool {
	return slices.ContainsFunc(r.Operations, func(o *Operation) bool {
		return o.Result == ResultSkipped || o.Result == ResultFailed && !o.Known
	})
}

// NewConflicts reports whether a conflict is told for the first time.
func (r *Run) NewConflicts() bool {
	return slices.ContainsFunc(r.Conflicts, func(c Conflict) bool { return c.New })
}

// Pending reports whether the plan has operations that can be carried out.
func (r *Run) Pending() bool {
	return slices.ContainsFunc(r.Operations, func(o *Operation) bool { return o.Blocked == "" })
}

// Sort brings all lists into the order that the same input always gives.
func (r *Run) Sort() {
	slices.SortFunc(r.Conflicts, func(a, b Conflict) int {
		return cmp.Or(cmp.Compare(a.Username, b.Username), slices.Compare(a.Sources, b.Sources), cmp.Compare(a.Reason, b.Reason))
	})
	slices.SortFunc(r.Waiting, func(a, b Waiting) int {
		return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.Username, b.Username), cmp.Compare(a.Source, b.Source))
	})
	slices.Sort(r.Warnings)
	r.Warnings = slices.Compact(r.Warnings)
}
