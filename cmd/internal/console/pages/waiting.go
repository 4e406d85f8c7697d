package pages

import (
	"io"
	"slices"
	"strconv"
	"time"

	"duosync/cmd/internal/page"
	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
)

// Removal is somebody who waits for one.
type Removal struct {
	Username, Name, Mail string
	ID                   dirsync.SourceID
	Action               dirsync.Action
	Due, Since           time.Time
}

// Waiting is what is due when, and what waits for somebody.
type Waiting struct {
	Removals    []Removal // the next one first; a page of All
	All, DueNow int
	Page, Each  int
	AsOf        string // how the removals are known
	Unenrolled  int    // who never enrolled; -1: not known yet
	Approvals   []dirsync.Approval
	Revoke      func(id string) string
	Marks       []dirsync.Mark
	Enable      func(user string) string
	Attention   int
}

type waitingBody struct {
	*Waiting
	Stats      []page.Stat
	Table      page.Table
	Pager      page.Pager
	ApprovedTo page.Table
	MarkTable  page.Table
}

// ShowWaiting writes it.
func (s *Site) ShowWaiting(w io.Writer, x *Waiting) error {
	b := &waitingBody{Waiting: x, Table: waitingTable(x.Removals, s.Now, len(x.Removals))}
	unenrolled := page.Stat{Label: "Never enrolled", Number: phrase.Count(x.Unenrolled), Note: "neither missing nor disabled by us, without a device; bypass, too", Href: with(PeoplePath, "status", "unenrolled")}
	if x.Unenrolled < 0 {
		unenrolled.Number, unenrolled.Note = "…", "being counted"
	}
	needs := page.Stat{Label: "Need attention", Number: phrase.Count(x.Attention), Href: with(PeoplePath, "status", NeedsSomebody)}
	if x.Attention > 0 {
		needs.Tone = page.Attention
	}
	b.Stats = []page.Stat{{Label: "Wait for a removal", Number: phrase.Count(x.All), Note: phrase.Count(x.DueNow) + " with the next run"}, unenrolled, needs,
		{Label: "Approvals open", Number: phrase.Count(len(x.Approvals))}, {Label: "Kept disabled", Number: phrase.Count(len(x.Marks))}}
	if pages := (x.All + x.Each - 1) / max(x.Each, 1); pages > 1 {
		b.Pager = page.Pager{Text: "Page " + phrase.Count(x.Page) + " of " + phrase.Count(pages), PrevText: "Sooner", NextText: "Later"}
		if x.Page > 1 {
			b.Pager.Prev = with(WaitingPath, "page", strconv.Itoa(x.Page-1))
		}
		if x.Page < pages {
			b.Pager.Next = with(WaitingPath, "page", strconv.Itoa(x.Page+1))
		}
	}
	b.ApprovedTo = page.Table{Columns: page.Columns("approval", "lets through|wide", "by", "until|time"), Heads: true, Empty: "No approval is open."}
	var rows []page.Row
	for i := range x.Approvals {
		a := &x.Approvals[i]
		rows = append(rows, page.Row{Cells: []page.Cell{{Text: a.ID}, {Text: a.Words(), Command: x.Revoke(a.ID)}, {Text: a.By}, {Text: moment(a.Until), Note: ago(s.Now, a.Until)}}})
	}
	b.ApprovedTo.Rows = page.Rows(rows...)
	b.MarkTable = page.Table{Columns: page.Columns("who", "why, and what takes it back|wide", "by", "since|time"), Heads: true, Empty: "Nobody is kept disabled."}
	rows = nil
	for i := range x.Marks {
		m := &x.Marks[i]
		rows = append(rows, page.Row{Tone: page.Bad, Cells: []page.Cell{who(m.Username, m.Source), {Text: m.Reason, Command: x.Enable(m.Username)}, {Text: m.By}, {Text: moment(m.Since)}}})
	}
	b.MarkTable.Rows = page.Rows(rows...)
	return s.write(w, "waiting", "Waiting", WaitingPath, b)
}

// reportWaiting gives the removals of a report.
func reportWaiting(all []report.Waiting) []Removal {
	out := make([]Removal, 0, min(len(all), mostPeople))
	for _, x := range all[:min(len(all), mostPeople)] {
		out = append(out, RemovalOf(&x))
	}
	return out
}

// RemovalOf gives a removal as a report has it.
func RemovalOf(x *report.Waiting) Removal {
	return Removal{Username: x.Username, Name: x.Realname, Mail: x.Email, ID: x.SourceID, Action: x.Action, Due: stamped(x.Due), Since: stamped(x.Since)}
}

// waitingTable lists removals, up to most.
func waitingTable(all []Removal, now time.Time, most int) page.Table {
	t := page.Table{Columns: page.Columns("who", "what", "when|time", "name", "mail", "missing since|time"), Heads: true, Empty: "Nobody waits for a removal."}
	var rows []page.Row
	named, mailed, missed := false, false, false // what nobody has has no column
	for _, x := range all[:min(len(all), most)] {
		named, mailed, missed = named || x.Name != "", mailed || x.Mail != "", missed || !x.Since.IsZero()
		when := page.Cell{Text: "with the next run"}
		tone := page.Bad
		if x.Due.After(now) {
			when, tone = page.Cell{Text: x.Due.UTC().Format("2006-01-02"), Note: onDay(now, x.Due)}, page.Paused
		}
		rows = append(rows, page.Row{Tone: tone, Cells: []page.Cell{who(x.Username, x.ID), {Text: string(x.Action), Tag: true, Tone: page.Bad}, when, {Text: x.Name}, {Text: x.Mail}, {Text: moment(x.Since)}}})
	}
	for _, c := range []struct {
		at    int
		there bool
	}{{5, missed}, {4, mailed}, {3, named}} {
		if c.there || len(rows) == 0 {
			continue
		}
		t.Columns = slices.Delete(t.Columns, c.at, c.at+1)
		for i := range rows {
			rows[i].Cells = slices.Delete(rows[i].Cells, c.at, c.at+1)
		}
	}
	t.Rows = page.Rows(rows...)
	return t
}
