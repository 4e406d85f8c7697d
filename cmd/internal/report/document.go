package report

import (
	"math"
	"slices"
	"time"

	dirsync "duosync/sync"
)

// schema is the version of the JSON form. It rises when a key changes its
// meaning or goes away; new keys come without.
const schema = 1

// Document is the report of one run.
type Document struct {
	Head
	Operations []Operation `json:"operations"`
	Conflicts  []Conflict  `json:"conflicts"`
	Waiting    []Waiting   `json:"waiting"`
	Guards     []Guard     `json:"guards"`
	Warnings   []string    `json:"warnings"`
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
	Only     string  `json:"only,omitempty"`
	Narrowed bool    `json:"narrowed,omitempty"`
	Mode     string  `json:"mode"`
	Outcome  string  `json:"outcome"`
	Error    string  `json:"error"`
	Started  string  `json:"started"`
	Finished string  `json:"finished"`
	Source   Source  `json:"source"`
	Refresh  Refresh `json:"refresh"`
	Summary  Summary `json:"summary"`
	Duo      Duo     `json:"duo"`
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

// Operation is one operation of the plan and what became of it.
type Operation struct {
	Action   dirsync.Action   `json:"action"`
	Username string           `json:"username"`
	SourceID dirsync.SourceID `json:"source_id"`
	User     string           `json:"duo_user_id"`
	Reason   string           `json:"reason"`
	Changes  []dirsync.Change `json:"changes"`
	Result   string           `json:"result"`
	Error    string           `json:"error"`

	phones []dirsync.PhoneStep // for the summary
}

// Conflict is something about a person that a human has to settle.
type Conflict struct {
	Username string             `json:"username"`
	Sources  []dirsync.SourceID `json:"source_ids"`
	Reason   string             `json:"reason"`
	New      bool               `json:"new"`
}

// Waiting is a removal that is not due yet.
type Waiting struct {
	Username string           `json:"username"`
	SourceID dirsync.SourceID `json:"source_id"`
	Since    string           `json:"since"`
	Action   dirsync.Action   `json:"action"`
	Due      string           `json:"due"`
}

// Of gives the report of a run.
func Of(run *dirsync.Run) *Document {
	d := &Document{
		Head: Head{
			Schema: schema, RunID: run.ID, PlanID: run.PlanID, ApprovalID: run.ApprovalID,
			Only: run.Only, Narrowed: run.Narrowed || run.Only != "", Mode: modeApply, Outcome: run.Outcome, Error: Explain(run.Err),
			Started: stamp(run.Started), Finished: stamp(run.Finished),
			Source:  Source{Read: run.Read.Read, InScope: run.InScope, Groups: len(run.Read.Groups), Complete: run.Complete},
			Refresh: Refresh{Done: run.Refreshed, Reason: run.RefreshReason},
			Summary: Summarize(run),
			Duo: Duo{Calls: run.Usage.Calls, Retries: run.Usage.Retries, ExpectedCalls: run.ExpectedCalls,
				ExpectedSeconds: int(math.Ceil(run.ExpectedDuration.Seconds()))},
		},
		Operations: []Operation{}, Conflicts: []Conflict{}, Waiting: []Waiting{}, Guards: []Guard{},
		Warnings: append([]string{}, run.Warnings...),
	}
	if run.DryRun {
		d.Mode = modeDryRun
	}
	for _, o := range run.Operations {
		d.Operations = append(d.Operations, operationOf(o.Op, o.Result, o.Error))
	}
	for _, c := range run.Conflicts {
		d.Conflicts = append(d.Conflicts, Conflict{Username: c.Username, Sources: append([]dirsync.SourceID{}, c.Sources...), Reason: c.Reason, New: c.New})
	}
	for _, w := range run.Waiting {
		d.Waiting = append(d.Waiting, waitingOf(w))
	}
	for _, g := range run.Guards {
		d.Guards = append(d.Guards, guardOf(&g, run.Flags))
	}
	return d
}

func operationOf(o *dirsync.Op, result, problem string) Operation {
	return Operation{Action: o.Action, Username: o.Username, SourceID: o.Source, User: o.User,
		Reason: o.Reason, Changes: append([]dirsync.Change{}, o.Changes...), Result: result, Error: problem, phones: o.Phones}
}

func waitingOf(w dirsync.Waiting) Waiting {
	return Waiting{Username: w.Username, SourceID: w.Source, Since: stamp(w.Since), Action: w.Action, Due: stamp(w.Due)}
}

// Explain gives an error's text with the advice it carries.
func Explain(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	if hint := dirsync.Hint(err); hint != "" {
		text += ". " + hint
	}
	return text
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (d *Document) dryRun() bool { return d.Mode == modeDryRun }

// stopped reports whether a guard holds the whole run.
func (d *Document) stopped() bool {
	return slices.ContainsFunc(d.Guards, func(g Guard) bool { return g.Held && g.WholeRun })
}

func (d *Document) held() bool {
	return slices.ContainsFunc(d.Guards, func(g Guard) bool { return g.Held })
}

// OpenGuards gives the guards that hold something for which nothing was decided:
// settled reports whether an approval was given under an id, or used up.
func (d *Document) OpenGuards(settled func(id string) bool) []Guard {
	var open []Guard
	for _, g := range d.Guards {
		if g.Held && (g.ApprovalID == "" || !settled(g.ApprovalID) && !settled(d.ApprovalID)) {
			open = append(open, g)
		}
	}
	return open
}

// took gives how long a run took, to the second; ok is false for one that has
// not ended.
func (h *Head) took() (d time.Duration, ok bool) {
	started, err1 := time.Parse(time.RFC3339, h.Started)
	finished, err2 := time.Parse(time.RFC3339, h.Finished)
	return finished.Sub(started), err1 == nil && err2 == nil && !finished.Before(started)
}

// removes reports whether the operation takes something away.
func (o *Operation) removes() bool {
	return (&dirsync.Op{Action: o.Action}).Removes() || o.Action == dirsync.GroupDelete || o.Action == dirsync.PhoneDelete
}

// creates reports whether there is nothing before the operation.
func (o *Operation) creates() bool {
	return o.Action == dirsync.Create || o.Action == dirsync.Recreate || o.Action == dirsync.GroupCreate
}
