// Package report has the documents about runs: a run, the history of runs, what they
// left held, approved or due, and where Duo differs from what they left there. The
// JSON form of each is an interface whose words and keys are kept; all other forms are
// made of the document, so that a run read back from the state looks as it did at its end.
package report

import (
	"cmp"
	"iter"
	"math"
	"slices"
	"strings"

	"duosync/cmd/internal/report/operations"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
	"duosync/sync/printed"
)

// schema is the version of the JSON form. It rises when a key changes its
// meaning or goes away; new keys come without.
const schema = 1

// Document is the report of one run.
type Document struct {
	Head
	Operations Operations `json:"operations"`
	Conflicts  []Conflict `json:"conflicts"`
	Waiting    []Waiting  `json:"waiting"`
	Guards     []Guard    `json:"guards"`
	// Attention lists who is not as the directory asks for, and stays so until a human
	// acts; nil in a report of an earlier version.
	Attention []Attention `json:"attention"`
	// StillHeld names the guards that hold something of the last run over all people, where
	// this run was about some only.
	StillHeld []string `json:"still_held,omitempty"`
	// Shadowed are people of one of several directories whose name an earlier one has.
	Shadowed []Shadowed `json:"shadowed"`
	// Skipped are people for whom nothing is done by rule. The state does not keep them: they
	// are the same in each run.
	Skipped  []SkippedPerson `json:"skipped,omitempty"`
	Warnings []string        `json:"warnings"`

	// Verbose has those who are skipped shown to people, too.
	Verbose bool `json:"-"`

	left *leftCount // of Operations; nil: not counted yet
}

// SkippedPerson is somebody for whom nothing is done by rule.
type SkippedPerson struct {
	Username string             `json:"username"`
	SourceID dirsync.SourceID   `json:"source_id"`
	Reason   dirsync.SkipReason `json:"reason"`
}

// Head is a report without its lists, as the history gives it. Times are RFC
// 3339 in UTC; Finished is "" for a run that has not ended.
type Head struct {
	Schema     int    `json:"schema"`
	RunID      string `json:"run_id"`
	PlanID     string `json:"plan_id"`
	ApprovalID string `json:"approval_id"`
	// Only is the person that the run was narrowed to. Narrowed: the run was about some
	// people only, and its guards tell nothing of what a whole run holds.
	Only     string `json:"only,omitempty"`
	Narrowed bool   `json:"narrowed,omitempty"`
	Mode     string `json:"mode"`
	Outcome  string `json:"outcome"`
	Error    string `json:"error"`
	Started  string `json:"started"`
	Finished string `json:"finished"`
	// Account is the host of Duo's API, and Directory says where people come from; "" in a
	// report of an earlier version, and of a run that left none.
	Account   string `json:"account"`
	Directory string `json:"directory"`
	By        string `json:"by"` // who asked for it; "" in a report of an earlier version
	// Command made it: sync, apply, run, undo, rebuild; "" in a report of an earlier version,
	// and of a run that left none.
	Command string  `json:"command"`
	Source  Source  `json:"source"`
	Refresh Refresh `json:"refresh"`
	Summary Summary `json:"summary"`
	Duo     Duo     `json:"duo"`
	// Undone counts, by the words of Summary, what of it was not done; nil in a dry run, and in a
	// report of an earlier version.
	Undone map[string]int `json:"undone,omitzero"`
	// Interrupted: the process ended before the run could. In the history only.
	Interrupted bool `json:"interrupted,omitempty"`
}

// The two modes of a run.
const (
	modeDryRun = "dry-run"
	modeApply  = "apply"
)

// Source says what was read of the directory.
type Source struct {
	Read     int  `json:"read"`
	InScope  int  `json:"in_scope"`
	Groups   int  `json:"groups"`
	Complete bool `json:"complete"`
	// Directories are what was read of each of several directories, in order of precedence.
	Directories []SourceOf `json:"directories,omitempty"`
}

// Refresh says whether all of Duo was read, and why: "first", "due", "flag" or "".
type Refresh struct {
	Done   bool   `json:"done"`
	Reason string `json:"reason"`
}

// Duo counts the calls that were made, and those that the plan takes, with the
// time for them in whole seconds.
type Duo struct {
	Calls           int `json:"calls"`
	Retries         int `json:"retries"`
	ExpectedCalls   int `json:"expected_calls"`
	ExpectedSeconds int `json:"expected_seconds"`
}

// Conflict is something about a person that a human has to settle.
type Conflict struct {
	Username string             `json:"username"`
	Sources  []dirsync.SourceID `json:"source_ids"`
	People   []Who              `json:"people"` // nobody for a group
	Reason   string             `json:"reason"`
	Remedy   string             `json:"remedy"` // a command that settles it; "" where there is none
	New      bool               `json:"new"`
}

// Who is a person of the directory. DN and Username are "" where they are not known.
type Who struct {
	SourceID dirsync.SourceID `json:"source_id"`
	DN       string           `json:"dn"`
	Username string           `json:"username"`
}

// Waiting is a removal that is not due yet.
type Waiting struct {
	Username string           `json:"username"`
	SourceID dirsync.SourceID `json:"source_id"`
	Since    string           `json:"since"`
	Action   dirsync.Action   `json:"action"`
	Due      string           `json:"due"`
	// Realname and Email are as Duo holds them; of [Due] only.
	Realname string `json:"realname,omitempty"`
	Email    string `json:"email,omitempty"`
}

// Of gives the report of a run. Commands that stand between backticks in what the run says
// are ended with its flags, see [printed.Runnable].
func Of(run *dirsync.Run) *Document {
	d := &Document{
		Head: Head{
			Schema: schema, RunID: run.ID, PlanID: run.PlanID, ApprovalID: run.ApprovalID,
			Only: run.Only, Narrowed: run.Narrowed || run.Only != "", Mode: modeApply, Outcome: run.Outcome, Error: printed.Runnable(phrase.Error(run.Err), run.Flags),
			Started: phrase.Stamp(run.Started), Finished: phrase.Stamp(run.Finished), By: run.By, Command: run.Command,
			Account: run.Account, Directory: run.Directory,
			Source:  Source{Read: run.Read.Read, InScope: run.InScope, Groups: len(run.Read.Groups), Complete: run.Complete},
			Refresh: Refresh{Done: run.Refreshed, Reason: run.RefreshReason},
			Summary: Summarize(run),
			Duo: Duo{Calls: run.Usage.Calls, Retries: run.Usage.Retries, ExpectedCalls: run.ExpectedCalls,
				ExpectedSeconds: int(math.Ceil(run.ExpectedDuration.Seconds()))},
		},
		Operations: operations.OfRun(run), Conflicts: []Conflict{}, Waiting: []Waiting{}, Guards: []Guard{},
		Attention: AttentionOf(run.Attention), StillHeld: run.StillHeld, Shadowed: []Shadowed{},
		Warnings: []string{},
	}
	if !run.DryRun {
		d.Undone = undoneOf(run)
	}
	for i := range run.Read.Parts {
		d.Source.Directories = append(d.Source.Directories, SourceOf{Name: run.Read.Parts[i].Directory, Read: run.Read.Parts[i].Read})
	}
	for _, s := range run.Shadowed {
		d.Shadowed = append(d.Shadowed, Shadowed{Username: s.Username, Directory: s.Directory, SourceID: s.Source, By: s.By, Locked: s.Locked})
	}
	for _, s := range run.Skipped {
		d.Skipped = append(d.Skipped, SkippedPerson{Username: s.Username, SourceID: s.Source, Reason: s.Reason})
	}
	slices.SortFunc(d.Skipped, func(a, b SkippedPerson) int {
		return cmp.Or(cmp.Compare(a.Username, b.Username), cmp.Compare(a.SourceID, b.SourceID))
	})
	for _, w := range run.Warnings {
		d.Warnings = append(d.Warnings, printed.Runnable(w, run.Flags))
	}
	if run.DryRun {
		d.Mode = modeDryRun
	}
	for _, c := range run.Conflicts {
		d.Conflicts = append(d.Conflicts, ConflictOf(&c))
	}
	for _, w := range run.Waiting {
		d.Waiting = append(d.Waiting, WaitingOf(w))
	}
	for _, g := range run.Guards {
		d.Guards = append(d.Guards, GuardOf(&g, run.Flags))
	}
	return d
}

// Short implements [form.Long].
func (d *Document) Short() any {
	short := *d
	short.Operations = Operations{}
	return &short
}

// Listed implements [form.Long].
func (d *Document) Listed() (key string, items iter.Seq[any]) { return "operations", d.Operations.Any }

// ConflictOf gives a conflict's form in a report.
func ConflictOf(c *dirsync.Conflict) Conflict {
	told := Conflict{Username: c.Username, Sources: append([]dirsync.SourceID{}, c.Sources...), People: []Who{}, Reason: c.Reason, Remedy: c.Remedy, New: c.New}
	for _, p := range c.People {
		told.People = append(told.People, Who{SourceID: p.Source, DN: p.DN, Username: p.Username})
	}
	return told
}

// Again marks a conflict that an earlier run has told.
func (c *Conflict) Again() string {
	if c.New {
		return ""
	}
	return " (told before)"
}

// WaitingOf gives a waiting removal's form in a report.
func WaitingOf(w dirsync.Waiting) Waiting {
	return Waiting{Username: w.Username, SourceID: w.Source, Since: phrase.Stamp(w.Since), Action: w.Action, Due: phrase.Stamp(w.Due)}
}

// Made says by which command, and for whom, a run was made; "" where neither is known.
func (h *Head) Made() string {
	if h.By == "" {
		return h.Command
	}
	return strings.TrimSpace(h.Command + " by " + h.By)
}

func (d *Document) dryRun() bool { return d.Mode == modeDryRun }
