package form

import (
	"iter"
	"slices"

	"duosync/cmd/internal/page"
)

// Page is what the forms for people are made of: the table, Markdown and HTML. Its
// texts are raw; each form makes them harmless in its own way.
type Page struct {
	Title string
	Tone  Tone
	Facts []Fact
	// Drawings follow the facts in a terminal that shows them.
	Drawings []Drawing
	Blocks   []Block
	// Word says the title in one word or two, for where there is room to set that large; ""
	// for a page that has none. Where are the account and the directory, and Tiles are
	// figures to be seen at a glance. HTML alone has them.
	Word  string
	Where []Fact
	Tiles []Tile
	// Summary ends the text form, so that it is in sight after a long list; "": nothing does.
	Summary string
}

// Add puts blocks at the end. Those that say nothing are left out.
func (p *Page) Add(blocks ...Block) {
	for _, b := range blocks {
		if len(b.Paras) > 0 || b.List != nil && b.List.Any() {
			p.Blocks = append(p.Blocks, b)
		}
	}
}

// Fact adds a line below the title.
func (p *Page) Fact(name, text string) { p.Facts = append(p.Facts, Fact{name, text}) }

// Fact is one line of "name: text" below the title.
type Fact struct{ Name, Text string }

// Tile is a figure. ID is that of the [Group] which it counts, "" for none.
type Tile struct {
	Label string
	Count string
	Tone  Tone
	ID    string
}

// Block is a part of a page under its own heading: paragraphs, then a list.
type Block struct {
	Title string // "": goes on without a heading
	Paras []Para
	List  *List
	// First: a human must see this before all else. HTML has it above the other blocks, those
	// with the least number at the top; 0: it stays where it is.
	First int
}

// Items is a block of texts.
func Items(title string, texts []string) Block {
	b := Block{Title: title}
	for _, text := range texts {
		b.Item(Plain, text)
	}
	return b
}

// Say adds a paragraph.
func (b *Block) Say(tone Tone, text string) { b.Paras = append(b.Paras, Para{prose, tone, text}) }

// Item adds an item of a list of texts.
func (b *Block) Item(tone Tone, text string) { b.Paras = append(b.Paras, Para{item, tone, text}) }

// Command adds a command to copy.
func (b *Block) Command(text string) { b.Paras = append(b.Paras, Para{command, Strong, text}) }

// Para is a paragraph, an item, or a command to copy, as its kind says.
type Para struct {
	Kind kind
	Tone Tone
	Text string
}

type kind string

const (
	prose   kind = "prose"
	item    kind = "item"
	command kind = "command"
)

// List is a table of rows.
type List struct {
	Columns []string // headings, in lower case
	Rows    []Row
	// Groups have further rows, behind Rows. In the text form the first column of the lead is
	// left out for them, and a line with what the group is stands above the first.
	Groups []Group
	// Marks are the words that the rows of groups can be filtered by, see [Told].
	Marks []string
	// Lead is the number of columns that stand in line in the text form; what a
	// row flows follows them.
	Lead int
	// Commands heads a last column with the rows' commands; "" where no row has one.
	Commands string
	// Heads are the headings of the text form: one for each column of the lead and
	// one for what flows; nil for none.
	Heads []string
}

// Add puts a row at the end.
func (l *List) Add(r Row) { l.Rows = append(l.Rows, r) }

// Row is one line of a list.
type Row struct {
	Tone  Tone
	Cells []string
	// Flow replaces the cells behind the lead in the text form; nil: those cells.
	Flow []string
	// Command is one to copy, for a List with Commands; "" for none. In the text form it
	// has a line of its own, below the row.
	Command string
	// About is the key of what the row is about, for a link; "" for none.
	About string
	// Told is what HTML has in the place of the cells, for a row of a group; nil: the cells.
	Told *Told
}

// Group is rows that belong together.
type Group struct {
	ID    string // a word, for links to it
	Name  string
	Count string
	Sign  string // one character that tells at a glance what the rows do
	Tone  Tone
	Aside string // what holds for each of the rows, and so is told once in HTML; "": nothing
	Open  bool   // HTML shows the rows without being asked
	// Rows are made anew each time that they are asked for: a form goes through them more than
	// once, and none keeps them.
	Rows iter.Seq[Row]
}

// Told is a row in parts: what it is about, fields with what they were and become, why, and
// what became of it, with a word for that to be filtered by. What is "" is not told.
type Told struct {
	Name    string
	Changes []page.FieldChange
	Why     string
	Became  string
	Mark    string
}

// All gives the rows.
func (l *List) All() iter.Seq[Row] {
	return func(yield func(Row) bool) {
		for _, r := range l.Rows {
			if !yield(r) {
				return
			}
		}
		for i := range l.Groups {
			for r := range l.Groups[i].Rows {
				if !yield(r) {
					return
				}
			}
		}
	}
}

// Any reports whether there is a row.
func (l *List) Any() bool {
	for range l.All() {
		return true
	}
	return false
}

// HasCommands reports whether a row has a command.
func (l *List) HasCommands() bool {
	if l.Commands == "" {
		return false
	}
	for r := range l.All() {
		if r.Command != "" {
			return true
		}
	}
	return false
}

// Header gives the headings of all columns that there are.
func (l *List) Header() []string {
	if l.HasCommands() {
		return append(slices.Clone(l.Columns), l.Commands)
	}
	return l.Columns
}

// Tone says how something is meant, for colours. It is also the name of its style in
// HTML.
type Tone = page.Tone

// The tones. What has none is plain.
const (
	Plain         = page.Plain
	Good          = page.Good
	Change        = page.Change
	Bad           = page.Bad
	Conflict      = page.Conflict
	Strong   Tone = "strong"
)
