package explanation

import (
	"fmt"
	"slices"
	"time"

	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/form"
	dirsync "duosync/sync"
)

// Hold is something that keeps operations on the user back, or has let them
// through: Kind is "guard", "held", "approved", "paused" or "disabled".
type Hold struct {
	Kind    string `json:"kind"`
	Name    string `json:"name"` // of a guard
	RunID   string `json:"run_id"`
	Reason  string `json:"reason"`
	Approve string `json:"approve"` // the command
	Remedy  string `json:"remedy"`  // what ends it where no approval does
}

// The kinds of holds.
const (
	HoldGuard    = "guard"    // a limit will hold the next run
	HoldRun      = "held"     // the last run was held
	HoldApproved = "approved" // an approval is given and not used yet
	HoldPaused   = "paused"
	HoldDisabled = "disabled" // by duosync disable, until duosync enable
)

// GuardHold tells of a guard that will hold the next run, or what it does to one
// person. What it would take to approve that only a run that was held says.
func GuardHold(g *dirsync.Guard) Hold {
	told := report.GuardOf(g, "") // its words alone are given
	return Hold{Kind: HoldGuard, Name: g.Name, Reason: told.Words(), Remedy: told.Remedy}
}

// HeldIn tells what keeps back a past run's operations on a person, nil where nothing
// does. settled is that of
// [report.Document.OpenGuards]; concerns reports of a guard that holds a part of
// the run whether that part is the person's.
func HeldIn(d *report.Document, keep func(*report.Operation) bool, settled func(id string) bool, concerns func(*report.Guard) bool) []Hold {
	held := d.Operations.Some(func(o *report.Operation) bool {
		return (o.Result == dirsync.ResultHeld || d.Stopped() && o.Result != dirsync.ResultFailed) && keep(o)
	})
	started, _ := time.Parse(time.RFC3339, d.Started)
	var holds []Hold
	for _, g := range d.OpenGuards(settled) {
		named := !g.WholeRun && g.ApprovalID == "" // it holds people, be there an operation or not
		if held && g.WholeRun || (held || named) && concerns(&g) {
			holds = append(holds, Hold{Kind: HoldRun, Name: g.Name, RunID: d.RunID, Reason: g.HeldWords(started), Approve: g.Approve, Remedy: g.Remedy})
		}
	}
	return holds
}
func holdsBlock(holds []Hold) form.Block {
	b := form.Block{Title: "held"}
	for _, h := range holds {
		switch h.Kind {
		case HoldGuard:
			b.Item(form.Bad, "the next run will be held: "+h.Reason)
		case HoldRun:
			b.Item(form.Bad, fmt.Sprintf("held in the run %s: %s", h.RunID, h.Reason))
		case HoldApproved:
			b.Item(form.Good, h.Reason)
		default:
			b.Item(form.Bad, h.Reason)
		}
	}
	var ways, ended []string
	for _, h := range holds {
		if h.Approve != "" && !slices.Contains(ways, h.Approve) {
			ways = append(ways, h.Approve)
		}
		if told := h.Name + " " + h.Remedy; h.Remedy != "" && !slices.Contains(ended, told) {
			ended = append(ended, told)
			report.SayRemedy(&b, "No approval lifts "+h.Name+".", h.Remedy)
		}
	}
	if len(ways) > 0 {
		b.Say(form.Plain, "Whoever answers for it reads that run and, if it is right, lets it through once with")
	}
	for _, way := range ways {
		b.Command(way)
	}
	return b
}

// keptDisabled reports whether duosync disable keeps the user disabled.
func keptDisabled(holds []Hold) bool {
	return slices.ContainsFunc(holds, func(h Hold) bool { return h.Kind == HoldDisabled })
}
