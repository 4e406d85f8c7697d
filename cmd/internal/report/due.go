package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
	"duosync/sync/printed"
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
	// Attention are those who wait for a human, as the last run over all found them.
	Attention []Attention `json:"attention"`
	// Troubles are what does not work beside the runs: the audit file, a channel of notify.
	Troubles []Trouble `json:"troubles"`
	// Paused is set while all writing is stopped.
	Paused *Paused `json:"paused"`
	// AsOf is when Duo was last read whole; "" if never.
	AsOf string `json:"as_of"`
	// WaitingAsOf is the run by whose rules Waiting was found out, where it was not by those
	// of the configuration, and when that began; "" else.
	WaitingAsOf string `json:"waiting_as_of,omitempty"`
	// State is where this was read; nil where it could not be.
	State *Place `json:"state,omitempty"`
	// Error says why there is no list; "" where there is one.
	Error string `json:"error,omitempty"`

	// Verbose has the people without a device shown to people, too.
	Verbose bool `json:"-"`

	now   time.Time
	lost  bool   // the state knows nobody
	asOf  bool   // who waits is known as of WaitingAsOf only
	named bool   // the people are of directories with names
	flags string // of commands
}

// NotEnrolled is a person that is ours and active, who had no device in Duo when
// Duo last answered.
type NotEnrolled struct {
	Username string           `json:"username"`
	SourceID dirsync.SourceID `json:"source_id"`
	User     string           `json:"duo_user_id"`
	// Realname and Email are as Duo holds them.
	Realname string `json:"realname,omitempty"`
	Email    string `json:"email,omitempty"`
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

// Paused says since when writing is stopped, by whom, and why.
type Paused struct {
	Since  string `json:"since"`
	Reason string `json:"reason"`
	By     string `json:"by"` // who asked for it
}

// NewDue begins a list of what waits at now. refreshed is when Duo was last read
// whole, zero if never; flags end the commands, see [printed.Command].
func NewDue(now, refreshed time.Time, flags string) *Due {
	return &Due{Waiting: []Waiting{}, NotEnrolled: []NotEnrolled{}, Approvals: []Approval{}, Disabled: []Disabled{}, Attention: []Attention{}, Troubles: []Trouble{}, AsOf: phrase.Stamp(refreshed), now: now, flags: flags}
}

// NoDue is what JSON has where there is no list, and why.
func NoDue(err error) *Due {
	d := NewDue(time.Time{}, time.Time{}, "")
	d.Error = phrase.Error(err)
	return d
}

// Enroll adds somebody who has no device.
func (d *Due) Enroll(l *dirsync.Link) {
	a := &l.Answered
	d.NotEnrolled = append(d.NotEnrolled, NotEnrolled{Username: a.Username, SourceID: l.ID, User: l.User, Realname: calledOf(a), Email: a.Email})
}

// Know tells name and address of those who wait.
func (d *Due) Know(links map[dirsync.SourceID]*dirsync.Account) {
	for i := range d.Waiting {
		if a := links[d.Waiting[i].SourceID]; a != nil {
			d.Waiting[i].Realname, d.Waiting[i].Email = calledOf(a), a.Email
		}
	}
}

// calledOf gives the name of a person, as far as Duo has one.
func calledOf(a *dirsync.Account) string {
	return cmp.Or(a.Realname, strings.TrimSpace(a.Firstname+" "+a.Lastname))
}

// Wait adds a removal that is to come.
func (d *Due) Wait(w dirsync.Waiting) { d.Waiting = append(d.Waiting, WaitingOf(w)) }

// WaitAsOf takes over who waited at the end of the last complete run; nil: there was none.
// Without the rules nobody can tell more.
func (d *Due) WaitAsOf(last *Document) {
	if last != nil {
		d.Waiting, d.WaitingAsOf = append(d.Waiting, last.Waiting...), last.Started
	}
	d.asOf = true
}

// Approve adds an approval that was given.
func (d *Due) Approve(a dirsync.Approval) { d.Approvals = append(d.Approvals, approvalOf(&a)) }

// Disable adds somebody who is kept disabled.
func (d *Due) Disable(m dirsync.Mark) {
	d.Disabled = append(d.Disabled, Disabled{Username: m.Username, SourceID: m.Source, User: m.User, Since: phrase.Stamp(m.Since), Reason: m.Reason, By: m.By})
}

// Attend tells who waits for a human.
func (d *Due) Attend(standing []dirsync.Attention) { d.Attention = AttentionOf(standing) }

// Named tells that the people are of directories with names.
func (d *Due) Named() { d.named = true }

// KnowsNobody tells that the state has no user, so that nothing is known of anybody.
func (d *Due) KnowsNobody() { d.lost = true }

// Pause tells of a pause.
func (d *Due) Pause(p dirsync.Pause) {
	d.Paused = &Paused{Since: phrase.Stamp(p.Since), Reason: p.Reason, By: p.By}
}

// Hold tells what the last run held; settled is that of [Document.OpenGuards].
func (d *Due) Hold(last *Document, settled func(id string) bool) { d.Held = heldOf(last, settled) }

// Write renders the list. Only the table is ever coloured.
func (d *Due) Write(out io.Writer, format form.Format, look form.Look) error {
	d.sort()
	return form.Write(out, d, format, look)
}

func (d *Due) sort() {
	slices.SortFunc(d.Waiting, func(a, b Waiting) int {
		return cmp.Or(cmp.Compare(a.Due, b.Due), cmp.Compare(a.Username, b.Username), cmp.Compare(a.SourceID, b.SourceID))
	})
	slices.SortFunc(d.NotEnrolled, func(a, b NotEnrolled) int {
		return cmp.Or(cmp.Compare(a.Username, b.Username), cmp.Compare(a.SourceID, b.SourceID))
	})
}

// Page lists what waits, the most pressing first.
func (d *Due) Page() *form.Page {
	d = d.withDirectories()
	p := &form.Page{Title: "What is due", Tone: form.Strong}
	d.State.say(p)
	p.Fact("removals", d.waitingWords())
	p.Fact("enrollment", d.enrollmentWords())
	if needs := NeedsAttention(d.Attention); needs != "" {
		p.Fact("attention", needs+"; see below")
	}
	p.Add(d.pausedBlock(), troublesBlock(d.Troubles))
	if d.Held != nil {
		p.Add(d.Held.block(d.now, d.flags))
	}
	p.Add(approvedBlock(d.Approvals), d.disabledBlock(), d.waitingBlock(), AttentionBlock(d.Attention))
	if d.Verbose {
		p.Add(d.notEnrolledBlock())
	}
	if drawing, any := d.drawing(); any {
		p.Drawings = append(p.Drawings, drawing)
	}
	p.Summary = d.summary()
	return p
}

// drawing shows how many removals are due on which of the next days, where any is; what is due
// already is due today.
func (d *Due) drawing() (drawing form.Drawing, any bool) {
	const days = 32 // a grace of 30 days that begins today ends within
	drawing = form.Drawing{Name: "by day", Marks: make([]form.Mark, days), Note: fmt.Sprintf("%d days from today", days), First: true}
	today, later := d.now.UTC().Truncate(24*time.Hour), 0
	for _, w := range d.Waiting {
		at, err := time.Parse(time.RFC3339, w.Due)
		day := int(at.Sub(today) / (24 * time.Hour))
		switch {
		case err != nil:
		case day >= days:
			later++
		default:
			drawing.Marks[max(day, 0)].Size++
			any = true
		}
	}
	if drawing.Marks[0].Size > 0 {
		drawing.Marks[0].Tone = form.Bad
	}
	if later > 0 {
		drawing.Note += "; " + phrase.Count(later) + " later"
	}
	return drawing, any
}

// summary says in a line what waits.
func (d *Due) summary() string {
	parts := []string{"removals: " + d.waitingWords(), fmt.Sprintf("not enrolled: %s", phrase.Count(len(d.NotEnrolled)))}
	if d.Held != nil {
		parts = append([]string{"HELD by " + phrase.Plural(len(d.Held.Guards), "guard")}, parts...)
	}
	if d.Paused != nil {
		parts = append([]string{"PAUSED"}, parts...)
	}
	if needs := NeedsAttention(d.Attention); needs != "" {
		parts = append(parts, needs)
	}
	for _, t := range d.Troubles {
		parts = append(parts, t.Words())
	}
	return "Due: " + strings.Join(parts, "; ")
}

func (d *Due) pausedBlock() form.Block {
	b := form.Block{Title: "paused", First: 1}
	if d.Paused == nil {
		return b
	}
	text := "All writing to Duo is stopped since " + phrase.Minute(d.Paused.Since) + " UTC"
	if d.Paused.By != "" {
		text += " by " + d.Paused.By
	}
	if d.Paused.Reason != "" {
		text += ": " + d.Paused.Reason
	}
	b.Say(form.Bad, text)
	b.Say(form.Plain, "It goes on after")
	b.Command(printed.Command(d.flags, "resume"))
	return b
}

func (d *Due) notEnrolledBlock() form.Block {
	l := &form.List{Columns: []string{"user", "name", "mail", "Duo user"}, Lead: 1}
	for _, n := range d.NotEnrolled {
		l.Add(form.Row{Cells: []string{phrase.Name(n.Username, n.SourceID), n.Realname, n.Email, n.User}, Flow: append(who(n.Realname, n.Email, ","), n.User)})
	}
	return form.Block{Title: "not enrolled", List: l}
}

func (d *Due) waitingWords() string {
	if d.lost {
		return "not known: the state knows nobody"
	}
	as := ""
	switch {
	case d.WaitingAsOf != "":
		as = fmt.Sprintf(", as of the last complete run %s UTC: the configuration can't be read", phrase.Minute(d.WaitingAsOf))
	case d.asOf:
		return "not known: the configuration can't be read, and no run was complete yet"
	}
	if len(d.Waiting) == 0 {
		return "nobody is waiting for one" + as
	}
	due := 0
	for _, w := range d.Waiting {
		if d.isDue(w) {
			due++
		}
	}
	return fmt.Sprintf("%s waiting, %s of them due in the next run%s", phrase.People(len(d.Waiting)), phrase.Count(due), as)
}

func (d *Due) enrollmentWords() string {
	if d.lost {
		return "not known: the state knows nobody"
	}
	as := "as each user was when Duo last answered for it; Duo was never read whole"
	if d.AsOf != "" {
		as = "as of the last refresh " + phrase.Minute(d.AsOf) + " UTC"
	}
	if len(d.NotEnrolled) == 0 {
		return "everybody active is enrolled; " + as
	}
	listed := ""
	if !d.Verbose {
		listed = " (--verbose lists them)"
	}
	return fmt.Sprintf("%s active and not enrolled%s; %s", phrase.People(len(d.NotEnrolled)), listed, as)
}

// who gives name and address of a person for the text form, with an end behind them; nothing
// where there is neither.
func who(name, mail, end string) []string {
	var parts []string
	for _, part := range []string{name, mail} {
		if part != "" {
			parts = append(parts, part+",")
		}
	}
	if n := len(parts) - 1; n >= 0 {
		parts[n] = strings.TrimSuffix(parts[n], ",") + end
	}
	return parts
}

func (d *Due) isDue(w Waiting) bool { return w.Due <= phrase.Stamp(d.now) }

func (d *Due) waitingBlock() form.Block {
	b := waitingBlock("removals", d.Waiting)
	for i, w := range d.Waiting {
		if d.isDue(w) {
			b.List.Rows[i] = form.Row{Tone: form.Bad,
				Cells: []string{phrase.Name(w.Username, w.SourceID), string(w.Action), phrase.Minute(w.Due) + ", with the next run", phrase.Minute(w.Since)},
				Flow:  []string{fmt.Sprintf("%s with the next run;", w.Action), fmt.Sprintf("missing since %s UTC", phrase.Minute(w.Since))},
			}
		}
		r := &b.List.Rows[i]
		r.Cells = slices.Insert(r.Cells, 1, w.Realname, w.Email)
		r.Flow = append(who(w.Realname, w.Email, ":"), r.Flow...)
	}
	b.List.Columns = slices.Insert(b.List.Columns, 1, "name", "mail")
	return b
}

func (d *Due) disabledBlock() form.Block {
	b := form.Block{Title: "kept disabled"}
	if len(d.Disabled) == 0 {
		return b
	}
	b.Say(form.Plain, "No run enables these, until somebody takes that back:")
	b.List = &form.List{Columns: []string{"user", "since (UTC)", "reason", "by"}, Lead: 1, Commands: "what takes it back"}
	for _, m := range d.Disabled {
		b.List.Add(form.Row{Tone: form.Bad, Command: printed.Command(d.flags, "enable", cmp.Or(m.Username, m.User)), Cells: []string{phrase.Name(m.Username, m.SourceID), phrase.Minute(m.Since), m.Reason, m.By},
			Flow: []string{fmt.Sprintf("since %s UTC, by %s: %s", phrase.Minute(m.Since), phrase.Value(m.By), m.Reason)}})
	}
	return b
}

// Sheet lists the people: those who wait for a removal, those without a device, those who
// are kept disabled, then those who need attention.
func (d *Due) Sheet() *form.Sheet {
	s := form.NewSheet("what", "username", "source_id", "duo_user_id", "since", "action", "due", "reason", "remedy", "realname", "email")
	for _, w := range d.Waiting {
		s.Add("waiting", w.Username, string(w.SourceID), "", w.Since, string(w.Action), w.Due, "", "", w.Realname, w.Email)
	}
	for _, n := range d.NotEnrolled {
		s.Add("not_enrolled", n.Username, string(n.SourceID), n.User, "", "", "", "", "", n.Realname, n.Email)
	}
	for _, m := range d.Disabled {
		s.Add("disabled", m.Username, string(m.SourceID), m.User, m.Since, "", "", m.Reason, "", "", "")
	}
	for _, a := range d.Attention {
		s.Add("attention", a.Username, string(a.SourceID), "", a.Since, "", "", a.Reason, a.Remedy, "", "")
	}
	return s
}
