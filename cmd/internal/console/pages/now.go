package pages

import (
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"duosync/cmd/internal/page"
	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
)

// Now is what the first page shows.
type Now struct {
	Standing
	Success   time.Time // end of the last good run; zero: none is known
	Next      time.Time // zero: not known
	Refreshed time.Time // when all of Duo was last read
	Last      *report.Head

	Attention  []report.Attention // all who need somebody
	Held       []report.Guard     // that hold something of which nobody has decided
	HeldBy     *report.Head       // the run that found it
	HeldOps    []report.Operation // the first operations that are held
	HeldAll    int                // how many are held
	ApproveAll string             // the command that lets through what several guards hold; ""
	Approved   int                // guards whose holds the next run lets through
	Resume     string             // the command that ends a pause
	Waiting    int                // who wait for a removal
	// WaitingNote says that they are being counted, or as of when they were where that is not now.
	WaitingNote string

	Days   []dirsync.Day // oldest first
	Recent []report.Head // newest first
}

// These bound what the first page lists; the rest has pages of its own.
const (
	someAttention = 10
	someHeld      = 10
)

// nowBody is what the template of the page gets.
type nowBody struct {
	*Now
	Status    page.Status
	Messages  []page.Message
	HeldNote  string
	HeldTable *page.Table
	HeldMore  page.Link
	People    page.Table
	PeopleAll string
	Seats     []page.Stat
	SeatsNote string
	Strip     page.Runs
}

// ShowNow writes the first page.
func (s *Site) ShowNow(w io.Writer, n *Now) error {
	b := &nowBody{Now: n, Status: page.Status{Word: n.Word, Tone: n.Tone, Reason: n.Reason}}
	b.Status.Facts = n.facts(s.Now)
	if n.Word == Paused {
		b.Messages = append(b.Messages, page.Message{Tone: page.Paused, Title: "To go on writing:", Commands: []string{n.Resume}})
	}
	for i := range n.Held {
		m := heldMessage(&n.Held[i], s.Now)
		if len(n.HeldOps) > 0 {
			m.More = "" // they are listed
		}
		b.Messages = append(b.Messages, m)
	}
	if n.ApproveAll != "" {
		b.Messages = append(b.Messages, page.Message{Tone: page.Held, Title: "All of it at once:", Text: "what one guard lets through, the others may still hold.", Commands: []string{n.ApproveAll}})
	}
	if n.HeldBy != nil {
		b.HeldNote = "Found by the run of " + moment(stamped(n.HeldBy.Started))
		if n.HeldBy.By != "" {
			b.HeldNote += ", made by " + n.HeldBy.By
		}
		b.HeldNote += "."
		b.HeldMore = page.Link{Name: "The run that found it", Href: RunPath(n.HeldBy.RunID)}
	}
	if n.Approved > 0 {
		b.HeldNote += " What " + phrase.Plural(n.Approved, "guard") + " held is approved, and goes through in the next run."
	}
	b.heldOperations()
	b.People = attentionTable(n.Attention, s.Now, someAttention)
	if len(n.Attention) > someAttention {
		b.PeopleAll = "All " + phrase.Count(len(n.Attention))
	}
	b.Seats, b.SeatsNote = seats(n.Days)
	b.Strip = strip(n.Recent)
	return s.write(w, "now", "Now", NowPath, b)
}

func (n *Now) facts(now time.Time) []page.Fact {
	good := page.Fact{Name: "last good run", Text: ago(now, n.Success)}
	if n.Success.IsZero() {
		good.Text = "none yet"
	}
	next := page.Fact{Name: "next run", Text: "not planned"}
	switch {
	case n.Running:
		next.Text = "after the one under way"
	case !n.Next.IsZero() && n.Next.Before(now):
		next.Text = "now"
	case !n.Next.IsZero():
		next.Text = ago(now, n.Next) + ", " + n.Next.UTC().Format("15:04 UTC")
	}
	facts := []page.Fact{good, next}
	if n.Last != nil {
		last := page.Fact{Name: "last run", Text: outcomeWord(n.Last) + ", " + ago(now, ended(n.Last)), Href: RunPath(n.Last.RunID)}
		if n.Last.Only != "" {
			last.Text += ", only " + n.Last.Only
		}
		facts = append(facts, last)
	}
	facts = append(facts, page.Fact{Name: "all of Duo read", Text: ago(now, n.Refreshed), Href: DriftPath})
	if n.Waiting > 0 || n.WaitingNote != "" {
		facts = append(facts, page.Fact{Name: "waiting for a removal", Text: n.waitingText(), Href: WaitingPath})
	}
	return facts
}

func (n *Now) waitingText() string {
	switch {
	case n.Waiting == 0 && n.WaitingNote == "":
		return "nobody"
	case n.Waiting == 0:
		return n.WaitingNote
	case n.WaitingNote == "":
		return phrase.People(n.Waiting)
	}
	return phrase.People(n.Waiting) + ", " + n.WaitingNote
}

func ended(h *report.Head) time.Time {
	if t := stamped(h.Finished); !t.IsZero() {
		return t
	}
	return stamped(h.Started)
}

// heldMessage tells what a guard holds, and how that goes on.
func heldMessage(g *report.Guard, now time.Time) page.Message {
	words := strings.TrimPrefix(strings.TrimPrefix(g.Words(), g.Title()), ": ")
	m := page.Message{Tone: page.Held, Title: g.Title() + ":", Text: words + "."}
	if at := stamped(g.Since); !at.IsZero() {
		m.Text += " Held since " + moment(at) + "."
	}
	if len(g.Names) > 0 {
		m.More = "Concerned: " + strings.Join(g.Names, ", ")
		if len(g.Names) < g.Affected {
			m.More += " and others"
		}
	}
	m.Text += " It holds " + map[bool]string{true: "the whole run.", false: "what follows from it."}[g.WholeRun]
	switch {
	case g.Approve != "":
		m.Text += " If it is wrong, mend the directory or the configuration; if it is right, let it through:"
		m.Commands = []string{g.Approve}
	case strings.HasPrefix(g.Remedy, "duosync "):
		m.Text += " No approval lifts this. What ends it:"
		m.Commands = []string{g.Remedy}
	case g.Remedy != "":
		m.Text += " No approval lifts this. What ends it: " + g.Remedy
	}
	return m
}

func (b *nowBody) heldOperations() {
	if len(b.HeldOps) == 0 || len(b.Held) == 0 {
		return
	}
	t := &page.Table{Columns: page.Columns("who", "what", "why|wide"), Heads: true}
	var rows []page.Row
	for i := range b.HeldOps[:min(len(b.HeldOps), someHeld)] {
		o := &b.HeldOps[i]
		rows = append(rows, page.Row{Tone: page.Held, Cells: []page.Cell{who(o.Username, o.SourceID), {Text: string(o.Action), Tag: true, Tone: actionTone(o)}, {Text: o.Reason}}})
	}
	t.Rows = page.Rows(rows...)
	b.HeldTable = t
	if b.HeldAll > len(rows) {
		b.HeldNote = strings.TrimSpace(b.HeldNote + " These are the first " + phrase.Count(len(rows)) + " of " + phrase.Plural(b.HeldAll, "held operation") + ".")
	}
}

// attentionTable lists who needs somebody, up to most.
func attentionTable(all []report.Attention, now time.Time, most int) page.Table {
	t := page.Table{Columns: page.Columns("who", "why, and what settles it|wide", "since|time"), Heads: true, Empty: "Nobody needs attention."}
	var rows []page.Row
	for _, a := range all[:min(len(all), most)] {
		since := page.Cell{Text: "the last run"}
		if at := stamped(a.Since); !at.IsZero() {
			since.Text = ago(now, at)
		}
		rows = append(rows, page.Row{Tone: page.Attention, Cells: []page.Cell{who(a.Username, a.SourceID), settled(a.Reason, a.Remedy), since}})
	}
	t.Rows = page.Rows(rows...)
	return t
}

// seats are the tiles of people by status, with how they went.
func seats(days []dirsync.Day) (tiles []page.Stat, note string) {
	if len(days) == 0 {
		return nil, ""
	}
	last := days[len(days)-1]
	for _, t := range []struct {
		label, show string
		of          func(*dirsync.Seats) int
		tone        page.Tone
	}{
		{"Active", "active", func(s *dirsync.Seats) int { return s.Active }, page.Plain},
		{"Never enrolled", "unenrolled", func(s *dirsync.Seats) int { return s.NeverEnrolled }, page.Plain},
		{"Disabled", "disabled", func(s *dirsync.Seats) int { return s.Disabled }, page.Plain},
		{"Locked out", "locked-out", func(s *dirsync.Seats) int { return s.LockedOut }, page.Plain},
		{"Bypass", "bypass", func(s *dirsync.Seats) int { return s.Bypass }, page.Attention},
		{"In the Trash", "trash", func(s *dirsync.Seats) int { return s.Trash }, page.Plain},
	} {
		n := t.of(&last.Seats)
		tile := page.Stat{Label: t.label, Number: phrase.Count(n), Href: with(PeoplePath, "status", t.show)}
		if n > 0 {
			tile.Tone = t.tone
		}
		tile.Note, tile.Line = trend(days, func(d *dirsync.Day) (int, bool) { return t.of(&d.Seats), true }, t.label)
		tiles = append(tiles, tile)
	}
	note = "As of " + last.Date + "."
	if len(days) > 1 {
		note += " The lines go back to " + days[0].Date + "."
	}
	return tiles, note
}

// trend says and draws how a figure went; it was not there on a day where of says so.
func trend(days []dirsync.Day, of func(*dirsync.Day) (int, bool), label string) (note string, line template.HTML) {
	var values []float64
	first, last, from := 0, 0, ""
	for i := range days {
		n, known := of(&days[i])
		if !known {
			continue
		}
		if from == "" {
			first, from = n, days[i].Date
		}
		last = n
		values = append(values, float64(n))
	}
	if len(values) < 2 {
		return "", ""
	}
	switch d := last - first; {
	case d > 0:
		note = "+" + phrase.Count(d) + " since " + from
	case d < 0:
		note = "−" + phrase.Count(-d) + " since " + from
	default:
		note = "as on " + from
	}
	return note, page.Line(values, fmt.Sprintf("%s: %s on %s, %s now", label, phrase.Count(first), from, phrase.Count(last)))
}

// strip is the strip of runs, oldest first.
func strip(recent []report.Head) page.Runs {
	r := page.Runs{Label: "The last runs, oldest first"}
	for i := len(recent) - 1; i >= 0; i-- {
		h := &recent[i]
		size := 0
		switch n := h.Planned(); {
		case n > 1000:
			size = 3
		case n > 20:
			size = 2
		case n > 0:
			size = 1
		}
		r.Bars = append(r.Bars, page.RunBar{Href: RunPath(h.RunID), Tone: outcomeTone(h), Size: size,
			Title: moment(stamped(h.Started)) + ": " + outcomeWord(h) + "; " + h.PlanWords()})
	}
	if len(r.Bars) > 20 { // else they do not fill the line
		r.From, r.To = moment(stamped(recent[len(recent)-1].Started)), moment(stamped(recent[0].Started))
	}
	return r
}
