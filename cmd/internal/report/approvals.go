package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	dirsync "duosync/sync"
)

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

func (h *Held) block(now time.Time) block {
	b := block{title: "held"}
	b.sayGuards(h.Guards, now)
	if h.Operations > 0 {
		b.say(prose, plain, fmt.Sprintf("The run %s held %s. To read them:", h.RunID, plural(h.Operations, "operation")))
		b.say(command, strong, "duosync history "+h.RunID)
	}
	if approvable(h.Guards) > 1 && h.ApprovalID != "" {
		b.say(prose, plain, "If all of that is right, let it through once with")
		b.say(command, strong, approveAll(h.Guards, h.ApprovalID))
	}
	return b
}

// Approval is one that was given and is not used yet, with what was held under it.
// Operations is nil where it stands for the very operations of a dry run, whose
// number is not known.
type Approval struct {
	ID         string  `json:"id"`
	Until      string  `json:"until"`
	Operations *int    `json:"operations"`
	Guards     []Guard `json:"guards"`
}

func approvalOf(a *dirsync.Approval) Approval {
	form := Approval{ID: a.ID, Until: stamp(a.Until), Guards: []Guard{}}
	for i := range a.Holds {
		form.Guards = append(form.Guards, guardOfHold(&a.Holds[i]))
	}
	if a.Holds != nil {
		n := Operations(a)
		form.Operations = &n
	}
	return form
}

// Operations counts the operations that were held under an approval id.
func Operations(a *dirsync.Approval) int {
	keys := map[string]bool{}
	for i := range a.Holds {
		for _, key := range a.Holds[i].Keys {
			keys[key] = true
		}
	}
	return len(keys)
}

// words say what is approved.
func (a *Approval) words() string {
	if a.Operations == nil {
		return "the very operations of a dry run"
	}
	text := plural(*a.Operations, "operation")
	if len(a.Guards) == 0 {
		return text
	}
	titles := make([]string, len(a.Guards))
	for i := range a.Guards {
		titles[i] = a.Guards[i].title()
	}
	return strings.Join(titles, ", ") + " (" + text + ")"
}

func approvedBlock(approvals []Approval) block {
	b := block{title: "approved"}
	for i := range approvals {
		a := &approvals[i]
		b.say(item, good, fmt.Sprintf("%s: %s, in the next run, until %s UTC", a.ID, a.words(), minute(a.Until)))
	}
	return b
}

// Approvals say what can be approved now, and what is approved already.
type Approvals struct {
	Held      *Held      `json:"held"` // nil: nothing
	Approvals []Approval `json:"approvals"`
	// Error says why there is no list; "" where there is one.
	Error string `json:"error,omitempty"`

	now time.Time
}

// NewApprovals gives what is held at now, as last, the report of the last run, has
// it (nil: nothing), and the approvals that are not used yet. settled is that of
// [Document.OpenGuards].
func NewApprovals(now time.Time, last *Document, given []dirsync.Approval, settled func(id string) bool) *Approvals {
	a := &Approvals{Held: heldOf(last, settled), Approvals: []Approval{}, now: now}
	for i := range given {
		a.Approvals = append(a.Approvals, approvalOf(&given[i]))
	}
	return a
}

// Write renders the list. Only the table is ever coloured.
func (a *Approvals) Write(w io.Writer, format Format, colour bool) error {
	return write(w, a, format, colour)
}

func (a *Approvals) encode() ([]byte, error) {
	if a.Approvals == nil {
		return encode(&Approvals{Approvals: []Approval{}, Error: a.Error})
	}
	return encode(a)
}

func (a *Approvals) page() *page {
	p := &page{title: "What can be approved", tone: strong}
	if a.Held == nil {
		p.facts = append(p.facts, fact{"held", "nothing waits for an approval"})
	} else {
		p.blocks = append(p.blocks, a.Held.block(a.now))
	}
	if len(a.Approvals) > 0 {
		p.blocks = append(p.blocks, approvedBlock(a.Approvals))
	}
	return p
}

// sheet has a row for each guard that can be approved, then for each approval.
func (a *Approvals) sheet() *sheet {
	s := &sheet{header: []string{"what", "id", "guard", "about", "affected", "total", "since", "until"}}
	if a.Held != nil {
		for _, g := range a.Held.Guards {
			s.add("held", g.ApprovalID, g.Name, g.About.Text(), strconv.Itoa(g.Affected), strconv.Itoa(g.Total), g.Since, "")
		}
	}
	for _, given := range a.Approvals {
		for _, g := range given.Guards {
			s.add("approved", given.ID, g.Name, g.About.Text(), strconv.Itoa(g.Affected), strconv.Itoa(g.Total), "", given.Until)
		}
		if len(given.Guards) == 0 {
			s.add("approved", given.ID, "", "", "", "", "", given.Until)
		}
	}
	return s
}

// ApprovalWords say what an approval lets through.
func ApprovalWords(a *dirsync.Approval) string {
	form := approvalOf(a)
	return form.words()
}
