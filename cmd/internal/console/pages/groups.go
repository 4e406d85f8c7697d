package pages

import (
	"cmp"
	"io"
	"slices"
	"strconv"
	"strings"

	"duosync/cmd/internal/page"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
)

// Groups are the groups of Duo that are ours.
type Groups struct {
	Mirror     []string // those that are to be mirrored, as configured
	Links      []dirsync.GroupLink
	Days       []dirsync.Day
	Page, Each int
}

type groupsBody struct {
	Table page.Table
	Count string
	AsOf  string
	Pager page.Pager
}

// ShowGroups writes them.
func (s *Site) ShowGroups(w io.Writer, g *Groups) error {
	b := &groupsBody{Count: phrase.Plural(len(g.Links), "group")}
	b.Table = page.Table{Columns: page.Columns("group", "people|num", "trend", "came to us", "Duo group"), Heads: true, Empty: "No group is mirrored (sync.groups.mirror)."}
	if len(g.Mirror) > 0 {
		b.Table.Empty = "No run has mirrored a group yet; configured are " + strings.Join(g.Mirror, ", ") + " (sync.groups.mirror)."
	}
	last := map[string]int{}
	if len(g.Days) > 0 {
		b.AsOf = "people in the directory as of " + g.Days[len(g.Days)-1].Date
		last = g.Days[len(g.Days)-1].Groups
	}
	links := slices.SortedFunc(slices.Values(g.Links), func(a, c dirsync.GroupLink) int { return cmp.Compare(a.Key(), c.Key()) })
	from, to := part(len(links), g.Page, g.Each)
	var rows []page.Row
	for i := range links[from:to] {
		l := &links[from+i]
		people := page.Cell{Text: "not known"}
		if n, known := last[l.Name]; known {
			people.Text = phrase.Count(n)
		}
		note, line := trend(g.Days, func(d *dirsync.Day) (int, bool) { n, known := d.Groups[l.Name]; return n, known }, l.Name)
		name := page.Cell{Text: l.Name}
		if l.Missed {
			name.Note = "the last complete read did not have it any more"
		}
		rows = append(rows, page.Row{Cells: []page.Cell{name, people, {Text: note, Line: line}, {Text: string(l.Origin)}, {Text: l.ID}}})
	}
	b.Table.Rows = page.Rows(rows...)
	if pages := (len(links) + g.Each - 1) / max(g.Each, 1); pages > 1 {
		b.Pager = page.Pager{Text: "Page " + phrase.Count(g.Page) + " of " + phrase.Count(pages), PrevText: "Before", NextText: "Next"}
		if g.Page > 1 {
			b.Pager.Prev = with(GroupsPath, "page", strconv.Itoa(g.Page-1))
		}
		if g.Page < pages {
			b.Pager.Next = with(GroupsPath, "page", strconv.Itoa(g.Page+1))
		}
	}
	return s.write(w, "groups", "Groups", GroupsPath, b)
}
