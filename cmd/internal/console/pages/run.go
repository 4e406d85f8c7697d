package pages

import (
	"io"
	"strconv"

	"duosync/cmd/internal/page"
	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/operations"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
)

// Run is one run, or a part of its operations.
type Run struct {
	Doc          *report.Document // without operations, but for what its words need
	Older, Newer string           // the ids of the runs before and after; ""
	Groups       []Operations
	Only         dirsync.Action // the operations of this action are shown, and nothing else; "" all
	Page, Pages  int            // of these, from 1
	Reading      bool           // the operations and lists are still being read
	Command      string         // that shows the run in a terminal
}

// Operations are some of those of one action.
type Operations struct {
	Action dirsync.Action
	All    int // of the run; Some may be fewer
	Some   []report.Operation
}

type runBody struct {
	*Run
	Crumbs     []page.Link
	Status     page.Status
	Messages   []page.Message
	Groups     []runGroup
	Facts      []page.Fact
	Formats    []page.Link
	Neighbours page.Pager

	Attention, Conflicts, Waiting *page.Table
	AttentionMore, WaitingMore    string
	Warnings                      []string
	Pager                         page.Pager
}

type runGroup struct {
	Name, Sign, Count string
	Tone              page.Tone
	Open              bool
	More              page.Link
	Operations        []operation
}

// operation is one as a page shows it.
type operation struct {
	Who     page.Cell
	Changes []page.FieldChange
	Reason  string
	Result  string
	Tone    page.Tone
}

const mostPeople = 200

// ShowRun writes a run as its report.
func (s *Site) ShowRun(w io.Writer, r *Run) error {
	h := &r.Doc.Head
	b := &runBody{Run: r}
	b.Crumbs = []page.Link{{Name: "Runs", Href: RunsPath}, {Name: h.RunID}}
	if r.Only != "" {
		b.Crumbs = []page.Link{{Name: "Runs", Href: RunsPath}, {Name: h.RunID, Href: RunPath(h.RunID)}, {Name: operations.ActionWords(r.Only)}}
	}
	b.Status = page.Status{Word: page.Heading(outcomeWord(h)), Tone: outcomeTone(h), Reason: sentences(r.Doc.Verdict()),
		Facts: []page.Fact{{Name: "started", Text: moment(stamped(h.Started)) + ", " + ago(s.Now, stamped(h.Started))}, {Name: "took", Text: h.Took()}, {Name: "made", Text: h.Made()}}}
	if h.Error != "" {
		b.Messages = append(b.Messages, page.Message{Tone: page.Bad, Text: h.Error})
	}
	for i := range r.Doc.Guards {
		switch g := &r.Doc.Guards[i]; {
		case g.Held:
			b.Messages = append(b.Messages, heldMessage(g, stamped(h.Started)))
		case g.ApprovedBy != "":
			b.Messages = append(b.Messages, page.Message{Tone: page.Good, Text: g.Words() + ". Approved by " + g.ApprovedBy + "."})
		}
	}
	for _, f := range r.Doc.Page().Facts {
		b.Facts = append(b.Facts, page.Fact{Name: f.Name, Text: f.Text})
	}
	for _, format := range []string{"json", "csv", "markdown"} {
		b.Formats = append(b.Formats, page.Link{Name: map[string]string{"json": "JSON", "csv": "CSV", "markdown": "Markdown"}[format], Href: with(RunPath(h.RunID), "format", format)})
	}
	b.Neighbours = page.Pager{Label: "Runs before and after", PrevText: "Run before", NextText: "Run after", Prev: RunPath(r.Older), Next: RunPath(r.Newer)}
	for i := range r.Groups {
		b.Groups = append(b.Groups, r.group(&r.Groups[i]))
	}
	if r.Only != "" {
		b.pager()
	} else {
		b.lists(s)
	}
	return s.write(w, "run", h.RunID, RunsPath, b)
}

func (b *runBody) pager() {
	b.Pager = page.Pager{Text: "Page " + phrase.Count(b.Page) + " of " + phrase.Count(b.Pages), PrevText: "Earlier", NextText: "Later"}
	at := func(n int) string {
		return with(RunPath(b.Doc.RunID), "action", string(b.Only), "page", strconv.Itoa(n))
	}
	if b.Page > 1 {
		b.Pager.Prev = at(b.Page - 1)
	}
	if b.Page < b.Pages {
		b.Pager.Next = at(b.Page + 1)
	}
}

// lists are the people of a report, and what it warns of.
func (b *runBody) lists(s *Site) {
	d := b.Doc
	if others := apart(d); len(others) > 0 {
		t := attentionTable(others, s.Now, mostPeople)
		b.Attention, b.AttentionMore = &t, rest(len(others))
	}
	if len(d.Conflicts) > 0 {
		t := &page.Table{Columns: page.Columns("name", "why, and what settles it|wide"), Heads: true}
		var rows []page.Row
		for i := range d.Conflicts[:min(len(d.Conflicts), mostPeople)] {
			c := &d.Conflicts[i]
			cell := page.Cell{Text: c.Username}
			if len(c.Sources) > 0 {
				cell = who(c.Username, c.Sources[0])
			}
			rows = append(rows, page.Row{Tone: page.Conflict, Cells: []page.Cell{cell, settled(c.Words(), c.Remedy)}})
		}
		t.Rows = page.Rows(rows...)
		b.Conflicts = t
	}
	if len(d.Waiting) > 0 {
		t := waitingTable(reportWaiting(d.Waiting), stamped(d.Started), mostPeople)
		b.Waiting, b.WaitingMore = &t, rest(len(d.Waiting))
	}
	b.Warnings = d.Warnings
	if len(b.Warnings) > mostPeople {
		b.Warnings = append(b.Warnings[:mostPeople:mostPeople], "and "+phrase.Count(len(d.Warnings)-mostPeople)+" more, which the JSON has")
	}
}

// apart are those who need attention and are in no conflict, which says more.
func apart(d *report.Document) []report.Attention {
	in := map[dirsync.SourceID]bool{}
	for i := range d.Conflicts {
		for _, id := range d.Conflicts[i].Sources {
			in[id] = true
		}
	}
	var others []report.Attention
	for _, a := range d.Attention {
		if a.SourceID == "" || !in[a.SourceID] {
			others = append(others, a)
		}
	}
	return others
}

func rest(all int) string {
	if all <= mostPeople {
		return ""
	}
	return "The first " + phrase.Count(mostPeople) + " of " + phrase.Count(all) + "; the JSON has all."
}

func (r *Run) group(o *Operations) runGroup {
	g := runGroup{Name: page.Heading(operations.ActionWords(o.Action)), Sign: operations.Sign(o.Action), Count: phrase.Count(o.All), Open: r.Only != "" || o.All <= 50 || len(r.Groups) == 1}
	for i := range o.Some {
		op := &o.Some[i]
		g.Tone = actionTone(op)
		g.Operations = append(g.Operations, operationOf(op))
	}
	if len(o.Some) < o.All && r.Only == "" {
		g.More = page.Link{Name: "All " + phrase.Count(o.All), Href: with(RunPath(r.Doc.RunID), "action", string(o.Action))}
	}
	return g
}

// operationOf puts an operation into the words of a page.
func operationOf(o *report.Operation) operation {
	out := operation{Who: who(o.Username, o.SourceID), Reason: o.Reason, Result: o.Became()}
	if o.Result == dirsync.ResultFailed || o.Result == dirsync.ResultHeld {
		out.Tone = page.Bad
	}
	for _, c := range o.Changes {
		out.Changes = append(out.Changes, page.FieldChange{Field: c.Field, Before: shownValue(c.Field, c.Before), After: shownValue(c.Field, c.After)})
	}
	return out
}

func shownValue(field, value string) string {
	if value == "" {
		return ""
	}
	return phrase.Field(field, value)
}
