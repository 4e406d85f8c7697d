package report

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
)

// Approval is one that was given and is not used yet, with what was held under it.
// Operations is nil where it stands for the very operations of a dry run, whose
// number is not known.
type Approval struct {
	ID         string  `json:"id"`
	Until      string  `json:"until"`
	By         string  `json:"by"` // who gave it
	Operations *int    `json:"operations"`
	Guards     []Guard `json:"guards"`

	words string // that say what it lets through
}

func approvalOf(a *dirsync.Approval) Approval {
	told := Approval{ID: a.ID, Until: phrase.Stamp(a.Until), By: a.By, Guards: []Guard{}, words: a.Words()}
	for i := range a.Holds {
		told.Guards = append(told.Guards, guardOfHold(&a.Holds[i]))
	}
	if a.Holds != nil {
		n := a.Operations()
		told.Operations = &n
	}
	return told
}

func approvedBlock(approvals []Approval) form.Block {
	b := form.Block{Title: "approved"}
	for i := range approvals {
		a := &approvals[i]
		given := ""
		if a.By != "" {
			given = ", by " + a.By
		}
		b.Item(form.Good, fmt.Sprintf("%s: %s, in the next run, until %s UTC%s", a.ID, a.words, phrase.Minute(a.Until), given))
	}
	return b
}

// Approvals say what can be approved now, and what is approved already.
type Approvals struct {
	Held      *Held      `json:"held"` // nil: nothing
	Approvals []Approval `json:"approvals"`
	// State is where this was read; nil where it could not be.
	State *Place `json:"state,omitempty"`
	// Error says why there is no list; "" where there is one.
	Error string `json:"error,omitempty"`

	now   time.Time
	flags string // of commands
	needs string // how many need a human for another reason
}

// Attend tells who waits for a human in another way.
func (a *Approvals) Attend(standing []dirsync.Attention) {
	a.needs = NeedsAttention(AttentionOf(standing))
}

// NewApprovals gives what is held at now, as last, the report of the last run, has
// it (nil: nothing), and the approvals that are not used yet. settled is that of
// [Document.OpenGuards], and flags end the commands, see [printed.Command].
func NewApprovals(now time.Time, last *Document, given []dirsync.Approval, settled func(id string) bool, flags string) *Approvals {
	a := &Approvals{Held: heldOf(last, settled), Approvals: []Approval{}, now: now, flags: flags}
	for i := range given {
		a.Approvals = append(a.Approvals, approvalOf(&given[i]))
	}
	return a
}

// NoApprovals is what JSON has where there is no list, and why.
func NoApprovals(err error) *Approvals {
	return &Approvals{Approvals: []Approval{}, Error: phrase.Error(err)}
}

// Write renders the list. Only the table is ever coloured.
func (a *Approvals) Write(out io.Writer, format form.Format, look form.Look) error {
	return form.Write(out, a, format, look)
}

// Page lists what is held, then what is approved.
func (a *Approvals) Page() *form.Page {
	p := &form.Page{Title: "What can be approved", Tone: form.Strong}
	a.State.say(p)
	if a.Held == nil {
		p.Fact("held", But("nothing waits for an approval", a.needs))
	} else {
		p.Add(a.Held.block(a.now, a.flags))
	}
	p.Add(approvedBlock(a.Approvals))
	return p
}

// Sheet has a row for each guard that can be approved, then for each approval.
func (a *Approvals) Sheet() *form.Sheet {
	s := form.NewSheet("what", "id", "guard", "about", "affected", "total", "since", "until")
	if a.Held != nil {
		for _, g := range a.Held.Guards {
			s.Add("held", g.ApprovalID, g.Name, g.About.Text(), strconv.Itoa(g.Affected), strconv.Itoa(g.Total), g.Since, "")
		}
	}
	for _, given := range a.Approvals {
		for _, g := range given.Guards {
			s.Add("approved", given.ID, g.Name, g.About.Text(), strconv.Itoa(g.Affected), strconv.Itoa(g.Total), "", given.Until)
		}
		if len(given.Guards) == 0 {
			s.Add("approved", given.ID, "", "", "", "", "", given.Until)
		}
	}
	return s
}
