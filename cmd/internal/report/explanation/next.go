package explanation

import (
	"slices"

	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/form"
	dirsync "duosync/sync"
)

// What a run does where it does nothing in Duo.
const (
	NextNone     = "none"
	NextWait     = "wait"     // a removal is not due yet
	NextConflict = "conflict" // a human has to settle something
	NextSkip     = "skip"     // by rule
	NextFail     = "fail"     // the run, or this person's part of it
	NextUnknown  = "unknown"
)

// Next is what the next run does: Action is that of the first operation, or one of
// the Next… words.
type Next struct {
	Action     dirsync.Action     `json:"action"`
	Reason     string             `json:"reason"`
	Result     string             `json:"result"` // planned, held or failed; "" without an operation that is not held
	Operations []report.Operation `json:"operations"`
	Conflicts  []report.Conflict  `json:"conflicts"`
	Waiting    []report.Waiting   `json:"waiting"`
	// Refresh tells why the run will read all of Duo before; "" where it won't.
	Refresh string `json:"refresh"`
}

// Decided takes over what a dry run decided.
func (n *Next) Decided(d *dirsync.Decision) {
	for _, o := range d.Operations {
		n.Operations = append(n.Operations, report.OperationOf(o.Op, o.Result, o.Error))
	}
	for _, c := range d.Conflicts {
		n.Conflicts = append(n.Conflicts, report.ConflictOf(&c))
	}
	if d.Waiting != nil {
		n.Waiting = append(n.Waiting, report.WaitingOf(*d.Waiting))
	}
}

// words say what the next run does, and why. What stands further down is not
// repeated.
func (n *Next) words() string {
	switch {
	case n.Action == NextConflict:
		return "nothing, until a human has settled the conflict below"
	case n.Action == NextFail || len(n.Operations) != 1:
		return n.Reason
	default:
		return toCome(n.Action) + ": " + n.Reason
	}
}

func (n *Next) block() form.Block {
	b := report.OperationsBlock("in the next run", report.ListOf(n.Operations...))
	if n.Refresh != "" && len(n.Operations) > 0 {
		b.Say(form.Plain, "It reads all of Duo before ("+report.RefreshWords(n.Refresh)+"). What it finds there about others is not foreseen here.")
	}
	return b
}

// conflictBlock tells of conflicts of the person of this name, and others.
func (n *Next) conflictBlock(name string) form.Block {
	told := slices.Clone(n.Conflicts)
	for i := range told {
		if dirsync.FoldName(told[i].Username) == dirsync.FoldName(name) {
			told[i].Username = name
		}
	}
	return report.ConflictsBlock(told)
}
