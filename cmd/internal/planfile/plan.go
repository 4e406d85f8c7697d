// Package planfile keeps the plan of a dry run as a file, and reads it back. The
// file is JSON that people and programs can read. It is signed with a key derived
// from the Duo secret key, over its exact bytes: whoever changes one of them, or
// does not have the key, makes a file that [Read] refuses. Nothing secret is in it.
//
// What a plan says is never sent as it stands. A run plans anew and compares, see
// engine.Options.Exactly.
package planfile

import (
	"encoding/json"
	"time"

	dirsync "duosync/sync"
)

// schema is the version of the content. It rises with every change that an older
// duosync would misread.
const schema = 1

// Plan is what a dry run would have done, and what that rests on.
type Plan struct {
	Schema  int       `json:"schema"`
	Made    time.Time `json:"made"`
	Version string    `json:"version"` // of the duosync that made it
	RunID   string    `json:"run_id"`  // of the dry run
	// Redacted: digests stand where names, numbers, addresses and ids were.
	Redacted bool            `json:"redacted"`
	Binding  dirsync.Binding `json:"binding"`
	// Settings are digests of the settings that the plan was made under, by key
	// path, see [Key.Settings].
	Settings map[string]string `json:"settings"`
	State    Mark              `json:"state"`
	Options  Options           `json:"options"`

	PlanID     string  `json:"plan_id"`
	ApprovalID string  `json:"approval_id"` // of what a guard held; "" for nothing
	Guards     []Guard `json:"guards"`
	// Operations are in the order in which they would be carried out.
	Operations []*Operation `json:"operations"`
}

// Mark tells how old a state is at least: it is the newest run that the state knew,
// zero for none. Finished is zero where the run had not ended.
type Mark struct {
	Run      string    `json:"run"`
	Started  time.Time `json:"started,omitzero"`
	Finished time.Time `json:"finished,omitzero"`
}

// Options are those that the dry run was given, as far as they decide what it
// plans.
type Options struct {
	Refresh bool   `json:"refresh"`
	Only    string `json:"only"`
	Adopt   Names  `json:"adopt"`
}

// Names are usernames.
type Names []string

// UnmarshalJSON implements [json.Unmarshaler]. Earlier versions wrote one name, or "".
func (n *Names) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) != nil {
		return json.Unmarshal(data, (*[]string)(n))
	}
	if *n = nil; one != "" {
		*n = Names{one}
	}
	return nil
}

// Guard is one limit or doubt, and how the plan stood to it. WholeRun: where it
// holds, it holds the whole plan.
type Guard struct {
	Name     string        `json:"name"`
	About    dirsync.About `json:"about"`
	Limit    string        `json:"limit"`
	Affected int           `json:"affected"`
	Total    int           `json:"total"`
	Held     bool          `json:"held"`
	WholeRun bool          `json:"whole_run"`
}

// Operation is a dirsync.Op with the keys of a report. Each is converted into the
// other, so that no field can be forgotten.
type Operation struct {
	Action     dirsync.Action       `json:"action"`
	Username   string               `json:"username"`
	Source     dirsync.SourceID     `json:"source_id"`
	User       string               `json:"duo_user_id"`
	Reason     string               `json:"reason"`
	Changes    []dirsync.Change     `json:"changes"`
	Asked      dirsync.Fields       `json:"asked,omitempty"`
	Missing    *dirsync.Missing     `json:"missing,omitempty"`
	From       dirsync.SourceID     `json:"from,omitempty"`
	Origin     dirsync.Origin       `json:"origin,omitempty"`
	ByHand     bool                 `json:"by_hand,omitempty"`
	Follows    bool                 `json:"follows,omitempty"`
	Stage      dirsync.Stage        `json:"-"` // of use within a run only
	Mail       bool                 `json:"mail,omitempty"`
	Marked     bool                 `json:"marked,omitempty"`
	Lock       bool                 `json:"lock,omitempty"`
	Joins      []dirsync.Membership `json:"joins,omitempty"`
	Leaves     []dirsync.Membership `json:"leaves,omitempty"`
	Phones     []dirsync.PhoneStep  `json:"phones,omitempty"`
	Takes      *dirsync.Belongings  `json:"takes,omitempty"`
	Unfinished []string             `json:"unfinished,omitempty"`
	Group      *dirsync.GroupLink   `json:"group,omitempty"`
	DN         string               `json:"-"` // of use in the journal only
	Blocked    string               `json:"-"` // such a one is no part of a plan
}

// Of gives the plan of a dry run. What the run does not know is left to the
// caller: Version, Binding, Settings, State and Options.
func Of(run *dirsync.Run) *Plan {
	p := &Plan{
		Schema: schema, Made: run.Started.UTC(), RunID: run.ID, PlanID: run.PlanID, ApprovalID: run.ApprovalID,
		Guards: []Guard{}, Operations: []*Operation{},
	}
	for _, g := range run.Guards {
		p.Guards = append(p.Guards, Guard{Name: g.Name, About: g.About, Limit: g.Limit,
			Affected: g.Affected, Total: g.Total, Held: g.Held, WholeRun: !g.Partial})
	}
	for _, o := range run.Operations {
		if o.Blocked == "" {
			p.Operations = append(p.Operations, (*Operation)(o.Op))
		}
	}
	return p
}

// Ops gives the plan's operations, for engine.Options.Exactly; never nil.
func (p *Plan) Ops() []*dirsync.Op {
	ops := make([]*dirsync.Op, len(p.Operations))
	for i, o := range p.Operations {
		ops[i] = (*dirsync.Op)(o)
	}
	return ops
}

// digest is the plan_id that the operations give.
func (p *Plan) digest() string {
	return (&dirsync.Plan{Waves: [][]*dirsync.Op{p.Ops()}}).ID()
}
