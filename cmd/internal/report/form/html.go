package form

import (
	"bufio"
	"cmp"
	_ "embed"
	"html/template"
	"io"
	"slices"
	"strings"

	"duosync/cmd/internal/page"
)

//go:embed report.html
var reportHTML string

//go:embed find.js
var findJS string

// findScript is the one script of a page, see find.js.
var findScript = template.JS(strings.TrimSpace(findJS))

// manyRows is how many rows a page may have and still be searched by eye.
const manyRows = 10

// writeHTML renders a page as one file that needs nothing else: no picture, nothing from the
// network, and no script, though where one may run it finds rows. html/template escapes every
// text.
func writeHTML(w io.Writer, pg *Page) error {
	t, err := Templates().Parse(`{{define "main"}}{{template "report" .}}{{end}}`)
	if err != nil {
		return err
	}
	view := NewView(pg, nil)
	frame := &page.Frame{Title: "duosync – " + pg.Title, Foot: []string{"Made by duosync", "All times are in UTC"}, Body: view}
	for _, f := range pg.Where {
		frame.Where = append(frame.Where, page.Fact{Name: f.Name, Text: f.Text})
	}
	if view.Many {
		frame.Script = findScript
	}
	frame.Policy = page.Policy(frame.Script)
	out := bufio.NewWriterSize(w, 64<<10)
	if err := page.Write(out, t, frame); err != nil {
		return err
	}
	return out.Flush()
}

// Templates gives the pieces of [page] with one more, "report", which shows a [View]: all of a
// page that stands between header and footer.
func Templates() *template.Template {
	return template.Must(page.Pieces().Funcs(template.FuncMap{"long": page.Long, "class": columnClass}).Parse(reportHTML))
}

// View is a page as HTML shows it.
type View struct {
	*Page
	// First are the blocks that a human must see before all else.
	First, Rest []BlockView
	// Many: there are so many rows that one would search for some.
	Many bool
	// Groups and Marks are what can be chosen among rows.
	Groups []Group
	Marks  []string
}

// BlockView is a block as HTML shows it.
type BlockView struct {
	Title string
	Parts []Part
	List  *List
	// Columns are those of the list, with that of the commands, unless they stand in the wide
	// one: Wide is its number, -1 for none.
	Columns []string
	Wide    int
	link    func(about string) string
}

// Part is a message, with its commands; items that belong together; or a paragraph or command
// alone, which are those of the four that is not empty.
type Part struct {
	Message     *page.Message
	Items       []string
	Text, Alone string
}

// NewView gives a page as HTML shows it. link gives the address of what a row is about, by
// [Row.About], "" for none; nil: there are no links.
func NewView(pg *Page, link func(about string) string) *View {
	v := &View{Page: pg}
	rows := 0
	blocks := slices.SortedStableFunc(slices.Values(pg.Blocks), func(a, b Block) int { return cmp.Compare(a.First, b.First) })
	for i := range blocks {
		b := &blocks[i]
		view := BlockView{Title: b.Title, Parts: parts(b.Paras), link: link}
		if b.List != nil && b.List.Any() {
			view.show(b.List)
			v.Groups, v.Marks = append(v.Groups, b.List.Groups...), append(v.Marks, b.List.Marks...)
			for range b.List.All() {
				if rows++; rows > manyRows {
					break
				}
			}
		}
		if b.First > 0 {
			v.First = append(v.First, view)
		} else {
			v.Rest = append(v.Rest, view)
		}
	}
	v.Many = rows > manyRows
	return v
}

// show has the block show a list.
func (b *BlockView) show(l *List) {
	b.List, b.Columns = l, l.Columns
	b.Wide = slices.IndexFunc(l.Columns, func(name string) bool { return columnClass(name) == "wide" })
	if b.Wide < 0 {
		b.Columns = l.Header()
	}
}

// parts puts paragraphs together: an item with a tone is a message, and the commands that
// follow, and a remark behind these, belong to it; items without one are a list.
func parts(paras []Para) []Part {
	var all []Part
	for _, para := range paras {
		var last *Part
		if len(all) > 0 {
			last = &all[len(all)-1]
		}
		switch {
		case para.Kind == command:
			if last != nil && last.Message != nil && last.Message.More == "" {
				last.Message.Commands = append(last.Message.Commands, para.Text)
			} else {
				all = append(all, Part{Alone: para.Text})
			}
		case para.Tone != Plain:
			all = append(all, Part{Message: &page.Message{Tone: para.Tone, Text: para.Text}})
		case para.Kind == item && last != nil && last.Items != nil:
			last.Items = append(last.Items, para.Text)
		case para.Kind == item:
			all = append(all, Part{Items: []string{para.Text}})
		default:
			all = append(all, Part{Text: para.Text})
		}
	}
	return all
}

// Link gives the address of what a row is about; "": there is none.
func (b *BlockView) Link(about string) string {
	if b.link == nil || about == "" {
		return ""
	}
	return b.link(about)
}

// Tone gives the class of a page's head: a title that means nothing is plain.
func (v *View) Tone() string {
	if v.Page.Tone == Strong {
		if v.Word == "" {
			return Plain.String()
		}
		return Good.String()
	}
	return v.Page.Tone.String()
}

// columnClass gives the class of a column by its name: times are never broken, prose takes
// the room that is left, and how something went is a tag.
func columnClass(name string) string {
	switch {
	case strings.HasSuffix(name, "(UTC)"), name == "took":
		return "time"
	case name == "reason", name == "why", name == "plan", name == "what to do":
		return "wide"
	case name == "outcome", name == "result":
		return "word"
	}
	return ""
}
