package form

import (
	"cmp"
	"iter"
	"slices"
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

// Block is a part of a page under its own heading: paragraphs, then a list.
type Block struct {
	Title string // "": goes on without a heading
	Paras []Para
	List  *List
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
	// Made are rows behind Rows, which are made anew each time that they are asked for: a
	// form goes through a list more than once, and none keeps it. nil: none.
	Made iter.Seq[Row]
	// Lead is the number of columns that stand in line in the text form; what a
	// row flows follows them.
	Lead int
	// Commands heads a last column with the rows' commands; "" where no row has one.
	Commands string
	// Heads are the headings of the text form: one for each column of the lead and
	// one for what flows; nil for none.
	Heads []string
	// Grouped: the first column of the lead is left out in the text form, where a line with
	// the Group of a row stands above the first of it.
	Grouped bool
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
	// Group heads the rows that have the same, in a List that is Grouped; Sign, one
	// character, goes before it.
	Group, Sign string
}

// All gives the rows.
func (l *List) All() iter.Seq[Row] {
	return func(yield func(Row) bool) {
		for _, r := range l.Rows {
			if !yield(r) {
				return
			}
		}
		if l.Made != nil {
			l.Made(yield)
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
// the page of HTML.
type Tone string

// The tones. What has none is plain.
const (
	Plain    Tone = ""
	Good     Tone = "good"
	Change   Tone = "change"
	Bad      Tone = "bad"
	Conflict Tone = "conflict"
	Strong   Tone = "strong"
)

// String names the tone.
func (t Tone) String() string { return cmp.Or(string(t), "plain") }
