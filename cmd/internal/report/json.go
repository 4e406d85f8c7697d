package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"time"

	dirsync "duosync/sync"
)

// schema is the version of the JSON form. It rises when a key changes its
// meaning or goes away; new keys come without.
const schema = 1

type document struct {
	Schema     int         `json:"schema"`
	RunID      string      `json:"run_id"`
	PlanID     string      `json:"plan_id"`
	ApprovalID string      `json:"approval_id"`
	Mode       string      `json:"mode"`
	Outcome    string      `json:"outcome"`
	Error      string      `json:"error"`
	Started    string      `json:"started"`
	Finished   string      `json:"finished"`
	Source     source      `json:"source"`
	Refresh    refresh     `json:"refresh"`
	Summary    Summary     `json:"summary"`
	Duo        duo         `json:"duo"`
	Operations []operation `json:"operations"`
	Conflicts  []conflict  `json:"conflicts"`
	Waiting    []waiting   `json:"waiting"`
	Guards     []guard     `json:"guards"`
	Warnings   []string    `json:"warnings"`
}

type source struct {
	Read     int  `json:"read"`
	InScope  int  `json:"in_scope"`
	Groups   int  `json:"groups"`
	Complete bool `json:"complete"`
}

type refresh struct {
	Done   bool   `json:"done"`
	Reason string `json:"reason"`
}

type duo struct {
	Calls           int `json:"calls"`
	Retries         int `json:"retries"`
	ExpectedCalls   int `json:"expected_calls"`
	ExpectedSeconds int `json:"expected_seconds"`
}

type operation struct {
	Action   dirsync.Action   `json:"action"`
	Username string           `json:"username"`
	SourceID dirsync.SourceID `json:"source_id"`
	User     string           `json:"duo_user_id"`
	Reason   string           `json:"reason"`
	Changes  []dirsync.Change `json:"changes"`
	Result   string           `json:"result"`
	Error    string           `json:"error"`
}

type conflict struct {
	Username string             `json:"username"`
	Sources  []dirsync.SourceID `json:"source_ids"`
	Reason   string             `json:"reason"`
	New      bool               `json:"new"`
}

type waiting struct {
	Username string           `json:"username"`
	SourceID dirsync.SourceID `json:"source_id"`
	Since    string           `json:"since"`
	Action   dirsync.Action   `json:"action"`
	Due      string           `json:"due"`
}

type guard struct {
	Name      string `json:"name"`
	Attribute string `json:"attribute,omitempty"`
	Limit     string `json:"limit"`
	Affected  int    `json:"affected"`
	Total     int    `json:"total"`
	Held      bool   `json:"held"`
	Approve   string `json:"approve"`
}

// Encode gives the JSON form of a run.
func Encode(run *dirsync.Run) ([]byte, error) {
	d := document{
		Schema: schema, RunID: run.ID, PlanID: run.PlanID, ApprovalID: run.ApprovalID,
		Mode: "apply", Outcome: run.Outcome, Error: Explain(run.Err),
		Started: stamp(run.Started), Finished: stamp(run.Finished),
		Source:  source{Read: run.Read.Read, InScope: run.InScope, Complete: run.Complete},
		Refresh: refresh{Done: run.Refreshed, Reason: run.RefreshReason},
		Summary: Summarize(run),
		Duo: duo{Calls: run.Usage.Calls, Retries: run.Usage.Retries, ExpectedCalls: run.ExpectedCalls,
			ExpectedSeconds: int(math.Ceil(run.ExpectedDuration.Seconds()))},
		Operations: []operation{}, Conflicts: []conflict{}, Waiting: []waiting{}, Guards: []guard{},
		Warnings: append([]string{}, run.Warnings...),
	}
	if run.DryRun {
		d.Mode = "dry-run"
	}
	for _, o := range run.Operations {
		d.Operations = append(d.Operations, operation{Action: o.Action, Username: o.Username, SourceID: o.Source, User: o.User,
			Reason: o.Reason, Changes: append([]dirsync.Change{}, o.Changes...), Result: o.Result, Error: o.Error})
	}
	for _, c := range run.Conflicts {
		d.Conflicts = append(d.Conflicts, conflict{Username: c.Username, Sources: c.Sources, Reason: c.Reason, New: c.New})
	}
	for _, w := range run.Waiting {
		d.Waiting = append(d.Waiting, waiting{Username: w.Username, SourceID: w.Source, Since: stamp(w.Since), Action: w.Action, Due: stamp(w.Due)})
	}
	for _, g := range run.Guards {
		d.Guards = append(d.Guards, guard{Name: g.Name, Attribute: g.Attribute, Limit: g.Limit, Affected: g.Affected, Total: g.Total,
			Held: g.Held, Approve: approve(run, g)})
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(d); err != nil {
		return nil, fmt.Errorf("encoding the report: %w", err)
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// approve gives the command that lets through what a guard holds, "" where
// nothing is held or nothing lifts the guard.
func approve(run *dirsync.Run, g dirsync.Guard) string {
	if !g.Held || !g.Approvable {
		return ""
	}
	return "duosync approve " + run.ApprovalID
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
