package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"

	dirsync "duosync/sync"
)

// Due says what waits: for its day, for a human, or for a person to enroll.
type Due struct {
	Waiting     []Waiting     `json:"waiting"`
	NotEnrolled []NotEnrolled `json:"not_enrolled"`
	Approvals   []Approval    `json:"approvals"`
	// Held is what the last run held and nobody has approved; nil: nothing.
	Held *Held `json:"held"`
	// Paused is set while all writing is stopped.
	Paused *Paused `json:"paused"`
	// AsOf is when Duo was last read whole; "" if never.
	AsOf string `json:"as_of"`
	// Error says why there is no list; "" where there is one.
	Error string `json:"error,omitempty"`

	now time.Time
}

// NotEnrolled is a person that is ours and active, who had no device in Duo when
// Duo last answered.
type NotEnrolled struct {
	Username string           `json:"username"`
	SourceID dirsync.SourceID `json:"source_id"`
	User     string           `json:"duo_user_id"`
}

// Approval is one that was given and is not used yet. Operations is nil where
// it stands for the very operations of a dry run, whose number is not known.
type Approval struct {
	ID         string `json:"id"`
	Until      string `json:"until"`
	Operations *int   `json:"operations"`
}

// Held is what a run held for a human.
type Held struct {
	RunID      string  `json:"run_id"`
	ApprovalID string  `json:"approval_id"`
	Operations int     `json:"operations"`
	Guards     []Guard `json:"guards"`
}

// Paused says since when writing is stopped, and why.
type Paused struct {
	Since  string `json:"since"`
	Reason string `json:"reason"`
}

// NewDue begins a list of what waits at now. refreshed is when Duo was last read
// whole, zero if never.
func NewDue(now, refreshed time.Time) *Due {
	d := &Due{Waiting: []Waiting{}, NotEnrolled: []NotEnrolled{}, Approvals: []Approval{}, now: now}
	if !refreshed.IsZero() {
		d.AsOf = stamp(refreshed)
	}
	return d
}

// Wait adds a removal that is to come.
func (d *Due) Wait(w dirsync.Waiting) { d.Waiting = append(d.Waiting, waitingOf(w)) }

// Approve adds an approval that was given.
func (d *Due) Approve(a dirsync.Approval) {
	approval := Approval{ID: a.ID, Until: stamp(a.Until)}
	if a.Keys != nil {
		n := len(a.Keys)
		approval.Operations = &n
	}
	d.Approvals = append(d.Approvals, approval)
}

// Pause tells of a pause.
func (d *Due) Pause(p dirsync.Pause) { d.Paused = &Paused{Since: stamp(p.Since), Reason: p.Reason} }

// Hold tells what the last run held, where it held something and that is not
// approved. It comes after all Approve.
func (d *Due) Hold(last *Document) {
	approved := slices.ContainsFunc(d.Approvals, func(a Approval) bool { return a.ID == last.ApprovalID })
	if !last.held() || approved {
		return
	}
	held := &Held{RunID: last.RunID, ApprovalID: last.ApprovalID, Operations: last.Summary.Held, Guards: []Guard{}}
	for _, g := range last.Guards {
		if g.Held {
			held.Guards = append(held.Guards, g)
		}
	}
	d.Held = held
}

// Write renders the list. Only the table is ever coloured.
func (d *Due) Write(w io.Writer, format Format, colour bool) error {
	d.sort()
	return write(w, d, format, colour)
}

func (d *Due) sort() {
	slices.SortFunc(d.Waiting, func(a, b Waiting) int {
		return cmp.Or(cmp.Compare(a.Due, b.Due), cmp.Compare(a.Username, b.Username), cmp.Compare(a.SourceID, b.SourceID))
	})
	slices.SortFunc(d.NotEnrolled, func(a, b NotEnrolled) int {
		return cmp.Or(cmp.Compare(a.Username, b.Username), cmp.Compare(a.SourceID, b.SourceID))
	})
}

func (d *Due) encode() ([]byte, error) { return encode(d) }

func (d *Due) page() *page {
	p := &page{title: "What is due", tone: strong}
	p.facts = []fact{
		{"removals", d.waitingWords()},
		{"enrollment", d.enrollmentWords()},
	}
	if d.Paused != nil {
		b := block{title: "paused"}
		text := "All writing to Duo is stopped since " + minute(d.Paused.Since) + " UTC"
		if d.Paused.Reason != "" {
			text += ": " + d.Paused.Reason
		}
		b.say(prose, bad, text)
		b.say(prose, plain, "It goes on after")
		b.say(command, strong, "duosync resume")
		p.blocks = append(p.blocks, b)
	}
	if d.Held != nil {
		p.blocks = append(p.blocks, d.heldBlock())
	}
	if len(d.Approvals) > 0 {
		b := block{title: "approved"}
		for _, a := range d.Approvals {
			what := "the very operations of a dry run"
			if a.Operations != nil {
				what = plural(*a.Operations, "operation")
			}
			b.say(item, good, fmt.Sprintf("%s: %s, in the next run, until %s UTC", a.ID, what, minute(a.Until)))
		}
		p.blocks = append(p.blocks, b)
	}
	if len(d.Waiting) > 0 {
		p.blocks = append(p.blocks, d.waitingBlock())
	}
	if len(d.NotEnrolled) > 0 {
		l := &list{columns: []string{"user", "Duo user"}, lead: 1}
		for _, n := range d.NotEnrolled {
			l.rows = append(l.rows, row{cells: []string{name(n.Username, n.SourceID), n.User}})
		}
		p.blocks = append(p.blocks, block{title: "not enrolled", list: l})
	}
	return p
}

func (d *Due) waitingWords() string {
	if len(d.Waiting) == 0 {
		return "nobody is waiting for one"
	}
	due := 0
	for _, w := range d.Waiting {
		if d.isDue(w) {
			due++
		}
	}
	return fmt.Sprintf("%s waiting, %s of them due in the next run", people(len(d.Waiting)), count(due))
}

func (d *Due) enrollmentWords() string {
	as := "as each user was when Duo last answered for it; Duo was never read whole"
	if d.AsOf != "" {
		as = "as of the last refresh " + minute(d.AsOf) + " UTC"
	}
	if len(d.NotEnrolled) == 0 {
		return "everybody active is enrolled; " + as
	}
	return fmt.Sprintf("%s active and not enrolled; %s", people(len(d.NotEnrolled)), as)
}

func (d *Due) isDue(w Waiting) bool { return w.Due <= stamp(d.now) }

func (d *Due) waitingBlock() block {
	b := waitingBlock(d.Waiting)
	b.title = "removals"
	for i, w := range d.Waiting {
		if d.isDue(w) {
			b.list.rows[i] = row{tone: bad,
				cells: []string{name(w.Username, w.SourceID), string(w.Action), minute(w.Due) + ", with the next run", minute(w.Since)},
				flow:  []string{fmt.Sprintf("%s with the next run; missing since %s UTC", w.Action, minute(w.Since))},
			}
		}
	}
	return b
}

func (d *Due) heldBlock() block {
	b := block{title: "held"}
	lifted := true
	for i := range d.Held.Guards {
		b.say(item, bad, guardWords(&d.Held.Guards[i]))
		lifted = lifted && d.Held.Guards[i].Approve != ""
	}
	b.say(prose, plain, fmt.Sprintf("The run %s held %s. To read them:", d.Held.RunID, plural(d.Held.Operations, "operation")))
	b.say(command, strong, "duosync history "+d.Held.RunID)
	if lifted {
		b.say(prose, plain, "If that is right, let it through once with")
		b.say(command, strong, "duosync approve "+d.Held.ApprovalID)
	}
	return b
}

// sheet lists the people: those who wait for a removal, then those without a
// device.
func (d *Due) sheet() *sheet {
	s := &sheet{header: []string{"what", "username", "source_id", "duo_user_id", "since", "action", "due"}}
	for _, w := range d.Waiting {
		s.add("waiting", w.Username, string(w.SourceID), "", w.Since, string(w.Action), w.Due)
	}
	for _, n := range d.NotEnrolled {
		s.add("not_enrolled", n.Username, string(n.SourceID), n.User, "", "", "")
	}
	return s
}
