package pages

import (
	"fmt"
	"io"
	"strconv"

	"duosync/cmd/internal/page"
	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
)

// People are those who were found, or a part of them.
type People struct {
	Text, Status string // what was asked for
	Found        []Found
	Attention    []report.Attention // in place of Found, where Status is [NeedsSomebody]
	All          int                // how many were found
	Page, Each   int                // from 1
	AsOf         string             // what the list is as of
	Making       string             // how far the index is, while there is none; "" else
	Note         string             // what else is to be said of the search
}

// NeedsSomebody is the choice of those who need attention.
const NeedsSomebody = "attention"

// Found is somebody who was found.
type Found struct {
	ID                           dirsync.SourceID
	Username, Name, Mail, Status string
	Tone                         page.Tone
	Note                         string // such as that the person waits for a removal
}

// Statuses that can be chosen: the first is for all.
func Statuses() []page.Option {
	return []page.Option{{Value: "", Text: "Everybody"}, {Value: NeedsSomebody, Text: "Needs attention"}, {Value: "active", Text: "Active"}, {Value: "unenrolled", Text: "Never enrolled"},
		{Value: "disabled", Text: "Disabled"}, {Value: "locked-out", Text: "Locked out"}, {Value: "bypass", Text: "Bypass"}, {Value: "trash", Text: "In the Trash"}, {Value: "let-go", Text: "No longer ours"}}
}

type peopleBody struct {
	*People
	Find  page.Find
	Table page.Table
	Count string
	Pager page.Pager
}

// ShowPeople writes the search, and whom it found.
func (s *Site) ShowPeople(w io.Writer, p *People) error {
	b := &peopleBody{People: p}
	status := chosen(Statuses(), p.Status)
	b.Find = page.Find{Action: PeoplePath, Search: &page.Search{Name: "q", Label: "Name, mail, username, DN or id", Value: p.Text},
		Selects: []page.Select{{Name: "status", Label: "In Duo", Value: status, Options: Statuses()}}}
	switch {
	case p.Making != "":
		b.Count = p.Making
	case status == NeedsSomebody:
		b.Count = report.NeedsAttention(p.Attention)
	default:
		b.Count = phrase.People(p.All)
		if p.Text != "" {
			b.Count += " found"
		}
	}
	if status == NeedsSomebody {
		from, to := part(len(p.Attention), p.Page, p.Each)
		b.Table = attentionTable(p.Attention[from:to], s.Now, to-from)
	} else {
		b.Table = foundTable(p)
	}
	if pages := (p.All + p.Each - 1) / max(p.Each, 1); pages > 1 {
		at := func(n int) string { return with(PeoplePath, "q", p.Text, "status", status, "page", strconv.Itoa(n)) }
		b.Pager = page.Pager{Text: fmt.Sprintf("Page %s of %s", phrase.Count(p.Page), phrase.Count(pages)), PrevText: "Before", NextText: "Next"}
		if p.Page > 1 {
			b.Pager.Prev = at(p.Page - 1)
		}
		if p.Page < pages {
			b.Pager.Next = at(p.Page + 1)
		}
	}
	return s.write(w, "people", "People", PeoplePath, b)
}

// part gives the bounds of a page of a list.
func part(all, n, each int) (from, to int) {
	from = min(max(0, (n-1)*each), all)
	return from, min(from+each, all)
}

func foundTable(p *People) page.Table {
	t := page.Table{Columns: page.Columns("username", "name|wide", "mail", "in Duo"), Heads: true, Empty: "Nobody of that kind."}
	switch {
	case p.Making != "":
		t.Empty = "The people are being read; this takes some seconds."
	case p.Text != "":
		t.Empty = "Nobody is found by that."
	}
	var rows []page.Row
	for _, f := range p.Found {
		rows = append(rows, page.Row{Cells: []page.Cell{who(f.Username, f.ID), {Text: f.Name}, {Text: f.Mail}, {Text: f.Status, Tag: f.Status != "", Tone: f.Tone, Note: f.Note}}})
	}
	t.Rows = page.Rows(rows...)
	return t
}
