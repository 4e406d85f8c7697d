package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
	"duosync/sync/printed"
)

// Stopped reports whether a guard holds the whole run.
func (d *Document) Stopped() bool {
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

// Held is what the last run held for a human, apart from what was decided since.
// ApprovalID is that of all of it, "" where only a part of it is left, or can be
// approved; Operations counts those that the run held.
type Held struct {
	RunID      string  `json:"run_id"`
	ApprovalID string  `json:"approval_id"`
	Operations int     `json:"operations"`
	Guards     []Guard `json:"guards"`
}

// heldOf gives what a run held and is still to be decided; nil: nothing.
func heldOf(last *Document, settled func(id string) bool) *Held {
	if last == nil {
		return nil
	}
	open := last.OpenGuards(settled)
	if len(open) == 0 {
		return nil
	}
	held := &Held{RunID: last.RunID, Operations: last.Summary.Held, Guards: open}
	all := last.OpenGuards(func(string) bool { return false })
	if len(open) == len(all) && approvable(open) > 0 {
		held.ApprovalID = last.ApprovalID
	}
	return held
}

func (h *Held) block(now time.Time, flags string) form.Block {
	b := form.Block{Title: "held", First: 1}
	sayGuards(&b, h.Guards, now)
	if h.Operations > 0 {
		b.Say(form.Plain, fmt.Sprintf("The run %s held %s. To read them:", h.RunID, phrase.Plural(h.Operations, "operation")))
		b.Command(printed.Command(flags, "history", h.RunID))
	}
	if approvable(h.Guards) > 1 && h.ApprovalID != "" {
		b.Say(form.Plain, "If all of that is right, let it through once with")
		b.Command(approveAll(h.Guards, h.ApprovalID))
	}
	return b
}

// approvable counts the guards that hold something which can be approved.
func approvable(guards []Guard) int {
	n := 0
	for i := range guards {
		if guards[i].Approve != "" {
			n++
		}
	}
	return n
}

// approveAll gives the command for the id of all that the guards hold, in the form of
// theirs.
func approveAll(guards []Guard, id string) string {
	most := ""
	for i := range guards { // that of an adoption asks for it, too
		if g := &guards[i]; len(g.Approve) > len(most) {
			most = strings.Replace(g.Approve, g.ApprovalID, id, 1)
		}
	}
	if most != "" {
		return most
	}
	return approveCommand(id, "", nil)
}

// ApproveAll gives the command that lets through all that several guards of a run hold, at
// once; "" where no more than one of them can be approved.
func ApproveAll(run *dirsync.Run) string {
	var guards []Guard
	for i := range run.Guards {
		guards = append(guards, GuardOf(&run.Guards[i], run.Flags))
	}
	if run.ApprovalID == "" || approvable(guards) < 2 {
		return ""
	}
	return approveAll(guards, run.ApprovalID)
}

// sayGuards tells of each guard that holds, with its own way out.
func sayGuards(b *form.Block, guards []Guard, at time.Time) {
	for i := range guards {
		g := &guards[i]
		if !g.Held {
			continue
		}
		b.Item(form.Bad, g.HeldWords(at))
		switch {
		case g.Approve != "":
			b.Command(g.Approve)
		case g.Remedy != "":
			SayRemedy(b, "No approval lifts this.", g.Remedy)
		}
		if text := advice(g); text != "" {
			b.Say(form.Plain, text)
		}
	}
}

// IsCommand reports whether what ends something is a command to copy, and not a sentence.
func IsCommand(remedy string) bool { return strings.HasPrefix(remedy, "duosync ") }

// SayRemedy tells what ends something, a command on a line of its own.
func SayRemedy(b *form.Block, lead, remedy string) {
	if !IsCommand(remedy) {
		b.Say(form.Plain, lead+" What ends it: "+remedy)
		return
	}
	b.Say(form.Plain, lead+" What ends it:")
	b.Command(remedy)
}

// advice says more of a guard that no approval lifts.
func advice(g *Guard) string {
	switch g.Name {
	case "state_lost":
		return "If the state was moved, bring it back. If it was lost, rebuild pairs the directory and Duo anew; it shows how, and writes nothing without --write. " +
			"If these users were never duosync's, but are yours, take them over: sync.existing: adopt_if_email_matches (or adopt), " +
			"and read the dry run; or one by one, with --only USER --adopt USER."
	case "ids_changed":
		return "If the directory was restored or moved, these are the same people: rebuild pairs all of them with their users, sync --adopt USER one. " +
			"If somebody else has got the name, delete the old user in the Duo Admin Panel, from its Trash too: the next refresh (sync --refresh) then creates a user for the new entry. " +
			"A user who lies in the Trash has to be restored there before, or is gone for good after 7 days as a rule."
	}
	return ""
}
