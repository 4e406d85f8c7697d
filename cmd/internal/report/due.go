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
	// Disabled are those whom duosync disable keeps disabled.
	Disabled []Disabled `json:"disabled"`
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

// Disabled is somebody whom duosync disable keeps disabled, whatever the directory
// says.
type Disabled struct {
	Username string           `json:"username"`
	SourceID dirsync.SourceID `json:"source_id"`
	User     string           `json:"duo_user_id"`
	Since    string           `json:"since"`
	Reason   string           `json:"reason"`
	By       string           `json:"by"`
}

// Paused says since when writing is stopped, and why.
type Paused struct {
	Since  string `json:"since"`
	Reason string `json:"reason"`
}

// NewDue begins a list of what waits at now. refreshed is when Duo was last read
// whole, zero if never.
func NewDue(now, refreshed time.Time) *Due {
	d := &Due{Waiting: []Waiting{}, NotEnrolled: []NotEnrolled{}, Approvals: []Approval{}, Disabled: []Disabled{}, now: now}
	if !refreshed.IsZero() {
		d.AsOf = stamp(refreshed)
	}
	return d
}

// Wait adds a removal that is to come.
func (d *Due) Wait(w dirsync.Waiting) { d.Waiting = append(d.Waiting, waitingOf(w)) }

// Approve adds an approval that was given.
func (d *Due) Approve(a dirsync.Approval) { d.Approvals = append(d.Approvals, approvalOf(&a)) }

// Disable adds somebody who is kept disabled.
func (d *Due) Disable(m dirsync.Mark) {
	d.Disabled = append(d.Disabled, Disabled{Username: m.Username, SourceID: m.Source, User: m.User, Since: stamp(m.Since), Reason: m.Reason, By: m.By})
}

// Pause tells of a pause.
func (d *Due) Pause(p dirsync.Pause) { d.Paused = &Paused{Since: stamp(p.Since), Reason: p.Reason} }

// Hold tells what the last run held; settled is that of [Document.OpenGuards].
func (d *Due) Hold(last *Document, settled func(id string) bool) { d.Held = heldOf(last, settled) }

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
		p.blocks = append(p.blocks, d.Held.block(d.now))
	}
	if len(d.Approvals) > 0 {
		p.blocks = append(p.blocks, approvedBlock(d.Approvals))
	}
	if len(d.Disabled) > 0 {
		p.blocks = append(p.blocks, disabledBlock(d.Disabled))
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

func disabledBlock(disabled []Disabled) block {
	l := &list{columns: []string{"user", "since (UTC)", "reason", "by"}, lead: 1}
	for _, m := range disabled {
		l.rows = append(l.rows, row{tone: bad, cells: []string{name(m.Username, m.SourceID), minute(m.Since), m.Reason, m.By},
			flow: []string{fmt.Sprintf("since %s UTC, by %s: %s", minute(m.Since), value(m.By), m.Reason)}})
	}
	b := block{title: "kept disabled", list: l}
	b.say(prose, plain, "No run enables these, until duosync enable USER:")
	return b
}

// sheet lists the people: those who wait for a removal, those without a device, then
// those who are kept disabled.
func (d *Due) sheet() *sheet {
	s := &sheet{header: []string{"what", "username", "source_id", "duo_user_id", "since", "action", "due"}}
	for _, w := range d.Waiting {
		s.add("waiting", w.Username, string(w.SourceID), "", w.Since, string(w.Action), w.Due)
	}
	for _, n := range d.NotEnrolled {
		s.add("not_enrolled", n.Username, string(n.SourceID), n.User, "", "", "")
	}
	for _, m := range d.Disabled {
		s.add("disabled", m.Username, string(m.SourceID), m.User, m.Since, "", "")
	}
	return s
}
