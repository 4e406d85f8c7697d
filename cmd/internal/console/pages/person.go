package pages

import (
	"cmp"
	"io"
	"slices"
	"strings"
	"time"

	"duosync/cmd/internal/page"
	"duosync/cmd/internal/past"
	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/operations"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
)

// Person is what the state knows of somebody.
type Person struct {
	*past.Person
	Attention []report.Attention // of the person
	Conflicts []report.Conflict  // in which the person is
	Waiting   *dirsync.Waiting   // the removal that is to come; nil: none, or it is not known
	Held      []report.Guard     // that hold something of the person
	HeldWhat  dirsync.Action     // the operation that is held; ""
	Hidden    func(field string) bool
	Explain   string // the command for the live answer
	Enable    string // the command that takes a mark back
}

type personBody struct {
	*Person
	Crumbs   []page.Link
	Status   page.Status
	Messages []page.Message
	Fields   page.Table
	Belongs  []page.Fact
	Steps    *page.Table
	History  []pastOperation
}

type pastOperation struct {
	operation
	At, Run, Action string
	ActionTone      page.Tone
}

// hiddenValue stands for what nobody is to see.
const hiddenValue = "(hidden)"

// ShowPerson writes what is known of somebody.
func (s *Site) ShowPerson(w io.Writer, p *Person) error {
	b := &personBody{Person: p}
	name := p.name()
	b.Crumbs = []page.Link{{Name: "People", Href: PeoplePath}, {Name: name}}
	b.Status = p.status(s.Now)
	b.Status.Word = name
	b.Messages = p.messages(s.Now)
	b.Fields = p.fields()
	b.Belongs = p.belongings()
	for i := range p.Steps {
		o := &p.Steps[i]
		step := pastOperation{operation: operationOf(&o.Operation), At: moment(o.At), Run: RunPath(o.RunID), Action: operations.ActionWords(o.Action), ActionTone: actionTone(&o.Operation)}
		for j := range step.Changes {
			if p.Hidden != nil && p.Hidden(step.Changes[j].Field) {
				step.Changes[j].Before, step.Changes[j].After = "", hiddenValue
			}
		}
		b.History = append(b.History, step)
	}
	return s.write(w, "person", name, PeoplePath, b)
}

func (p *Person) name() string {
	switch {
	case p.Link != nil && p.Link.Answered.Username != "":
		return p.Link.Answered.Username
	case len(p.Attention) > 0 && p.Attention[0].Username != "":
		return p.Attention[0].Username
	case len(p.Steps) > 0 && p.Steps[0].Username != "":
		return p.Steps[0].Username
	}
	return string(p.ID)
}

// StatusWords say how Duo last held the user of a link.
func StatusWords(l *dirsync.Link) (word string, tone page.Tone) {
	switch a := &l.Answered; {
	case l.LetGo != "":
		return "no longer ours", page.Paused
	case a.Status == dirsync.StatusPendingDeletion:
		return "in the Trash", page.Bad
	case a.Status == dirsync.StatusDisabled:
		return "disabled", page.Bad
	case a.Status == dirsync.StatusLockedOut:
		return "locked out", page.Attention
	case a.Status == dirsync.StatusBypass:
		return "bypass", page.Attention
	case a.Status == dirsync.StatusActive && l.NeverEnrolled():
		return "active, never enrolled", page.Plain
	case a.Status == dirsync.StatusActive:
		return "active", page.Good
	}
	return l.Answered.Status, page.Plain
}

// status is the answer to what a helpdesk asks first.
func (p *Person) status(now time.Time) page.Status {
	st := page.Status{Tone: page.Plain, Reason: "Not in Duo by duosync, as far as the state knows."}
	if p.Link != nil {
		word, tone := StatusWords(p.Link)
		st.Tone = tone
		st.Reason = "In Duo: " + word + "."
		if real := called(&p.Link.Answered); real != "" {
			st.Facts = append(st.Facts, page.Fact{Name: "name", Text: real})
		}
		if p.Link.Answered.Email != "" {
			st.Facts = append(st.Facts, page.Fact{Name: "mail", Text: p.Link.Answered.Email})
		}
	}
	if len(p.Attention) > 0 || len(p.Conflicts) > 0 {
		st.Tone = page.Attention
		st.Reason += " Needs attention."
	}
	if p.Mark != nil && p.Mark.Stands() {
		st.Tone = page.Bad
		st.Reason += " Kept disabled by duosync disable."
	}
	if w := p.Waiting; w != nil {
		st.Reason += " " + removalWords(w, now)
	}
	if len(p.Held) > 0 {
		st.Tone = page.Held
		st.Reason += " Held by a guard."
	}
	return st
}

func called(a *dirsync.Account) string {
	return cmp.Or(a.Realname, strings.TrimSpace(a.Firstname+" "+a.Lastname))
}

// removalWords say what comes, and when.
func removalWords(w *dirsync.Waiting, now time.Time) string {
	what := map[dirsync.Action]string{dirsync.Disable: "To be disabled", dirsync.Trash: "Goes into the Trash", dirsync.Delete: "To be deleted"}[w.Action]
	if what == "" {
		what = page.Heading(string(w.Action))
	}
	if !w.Due.After(now) {
		return what + " with the next run."
	}
	return what + " on " + w.Due.UTC().Format("2006-01-02") + ", " + onDay(now, w.Due) + "."
}

func (p *Person) messages(now time.Time) []page.Message {
	var all []page.Message
	for _, a := range p.Attention {
		if slices.ContainsFunc(p.Conflicts, func(c report.Conflict) bool { return c.Reason == a.Reason }) {
			continue // which says more
		}
		m := page.Message{Tone: page.Attention, Title: "Needs attention:", Text: a.Reason}
		if at := stamped(a.Since); !at.IsZero() {
			m.More = "Since " + moment(at) + "."
		}
		switch {
		case strings.HasPrefix(a.Remedy, "duosync "):
			m.Commands = []string{a.Remedy}
		case a.Remedy != "":
			m.Text += ". " + page.Heading(a.Remedy)
		}
		all = append(all, m)
	}
	for i := range p.Conflicts {
		c := &p.Conflicts[i]
		m := page.Message{Tone: page.Conflict, Title: "In conflict:", Text: c.Words()}
		if c.Remedy != "" {
			m.Commands = []string{c.Remedy}
		}
		all = append(all, m)
	}
	for i := range p.Held {
		m := heldMessage(&p.Held[i], now)
		if p.HeldWhat != "" {
			m.Title = "Held of this person: " + operations.ActionWords(p.HeldWhat) + ", by " + m.Title
		}
		all = append(all, m)
	}
	if m := p.Mark; m != nil && m.Stands() {
		told := page.Message{Tone: page.Bad, Title: "Kept disabled", Text: "since " + moment(m.Since) + " by " + m.By + ": " + m.Reason + ". No run enables this user until somebody takes that back:"}
		if p.Enable != "" {
			told.Commands = []string{p.Enable}
		}
		all = append(all, told)
	}
	return all
}

// fields are those of which we asked something, or that Duo answered.
func (p *Person) fields() page.Table {
	t := page.Table{Columns: page.Columns("field", "asked of Duo", "Duo answered"), Heads: true, Empty: "Nothing is asked of Duo for this person."}
	if p.Link == nil {
		return t
	}
	var rows []page.Row
	for _, field := range slices.Concat(dirsync.FieldNames, dirsync.ListFields) {
		asked, ours := p.Link.Asked[field]
		answered := p.Link.Answered.Field(field)
		if !ours && answered == "" {
			continue
		}
		row := page.Row{Cells: []page.Cell{{Text: field}, {Text: shownValue(field, asked)}, {Text: shownValue(field, answered)}}}
		switch {
		case p.Hidden != nil && p.Hidden(field):
			row.Cells[1].Text, row.Cells[2].Text = hiddenValue, hiddenValue
		case !ours:
			row.Cells[1].Text = "not ours"
		case asked != answered && !dirsync.IsList(field):
			row.Tone = page.Attention
			row.Cells[2].Note = "not as asked"
		}
		rows = append(rows, row)
	}
	t.Rows = page.Rows(rows...)
	return t
}

// belongings tell what is whose.
func (p *Person) belongings() []page.Fact {
	l := p.Link
	facts := []page.Fact{{Name: "directory id", Text: string(p.ID)}}
	if l == nil {
		return facts
	}
	facts = append(facts, page.Fact{Name: "Duo user", Text: l.User}, page.Fact{Name: "came to us", Text: string(l.Origin)})
	if !l.Answered.Created.IsZero() {
		facts = append(facts, page.Fact{Name: "in Duo since", Text: moment(l.Answered.Created)})
	}
	if m := l.Missing; m != nil {
		facts = append(facts, page.Fact{Name: "missing", Text: m.Why + " since " + moment(m.Since)})
	}
	if l.LetGo != "" {
		facts = append(facts, page.Fact{Name: "no longer ours", Text: l.LetGo})
	}
	if l.ByHand {
		facts = append(facts, page.Fact{Name: "disabled by hand", Text: "somebody else disabled the user in Duo, so it is not duosync's to enable"})
	}
	var groups []string
	for _, g := range l.Answered.Groups {
		whose := g.Name
		if slices.Contains(l.Joined, g.ID) {
			whose += " (by duosync)"
		}
		groups = append(groups, whose)
	}
	if len(groups) > 0 {
		facts = append(facts, page.Fact{Name: "groups in Duo", Text: strings.Join(groups, ", ")})
	}
	if len(l.Phones) > 0 {
		facts = append(facts, page.Fact{Name: "phones by duosync", Text: phrase.Plural(len(l.Phones), "phone")})
	}
	if len(l.Unfinished) > 0 {
		facts = append(facts, page.Fact{Name: "still to be done", Text: strings.Join(l.Unfinished, ", ")})
	}
	return append(facts, page.Fact{Name: "all of Duo read", Text: moment(p.Refreshed)})
}
