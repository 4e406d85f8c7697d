package page

import (
	"cmp"
	"html/template"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"
)

// Tone says how something is meant, and by that its colour; it is a class of the style sheet.
type Tone string

// The tones. What has none is plain.
const (
	Plain     Tone = ""
	Good      Tone = "good"      // as it should be, or gives something
	Change    Tone = "change"    // done in part, or changes something
	Attention Tone = "attention" // in the colour of Change
	Bad       Tone = "bad"       // failed, or takes something away
	Held      Tone = "held"      // in the colour of Bad
	Conflict  Tone = "conflict"
	Paused    Tone = "paused"
	Writing   Tone = "writing"
)

// String names the tone, as its class.
func (t Tone) String() string { return cmp.Or(string(t), "plain") }

// Status is the large word at the top of a page, and why it is that.
type Status struct {
	Word   string // such as "In step"
	Tone   Tone
	Reason string
	Facts  []Fact
	Plain  bool // the word is not the heading of the page
}

// Fact is a name with what is told of it: a text, which may lead somewhere, or a command.
type Fact struct{ Name, Text, Href, Command string }

// Stat is a tile with a figure.
type Stat struct {
	Label, Number, Note string
	Href                string // where there is more; "": nowhere
	Tone                Tone   // of the number
	Line                template.HTML
}

// Table is a list of rows. On narrow screens each row is a card, with the names of the
// columns before the values.
type Table struct {
	Caption string // what the list is of, where no heading says it
	Columns []Column
	Rows    iter.Seq[Row]
	Empty   string // said where there is no row
	// Heads: the first cell says what the row is about.
	Heads bool
	// Strict: it stays a table on narrow screens. For a few short columns.
	Strict bool
}

// Column is a column of a table.
type Column struct {
	Name string
	// Class is "num" for figures, "time" for what is never broken, "wide" for the one that
	// takes the room that is left.
	Class string
}

// Columns makes columns of names. One with a class has that behind a bar: "seats|num".
func Columns(names ...string) []Column {
	columns := make([]Column, len(names))
	for i, name := range names {
		columns[i].Name, columns[i].Class, _ = strings.Cut(name, "|")
	}
	return columns
}

// Row is a row of a table; its tone marks it at its beginning.
type Row struct {
	Tone  Tone
	Cells []Cell
}

// Rows gives rows that are in memory.
func Rows(rows ...Row) iter.Seq[Row] { return slices.Values(rows) }

// Cell is one of a row: a text, which may lead somewhere or be a tag, then a remark, a
// command, and a small chart.
type Cell struct {
	Text, Href    string
	Tag           bool
	Tone          Tone // of the tag
	Note, Command string
	Line          template.HTML
}

// Texts makes cells of texts.
func Texts(texts ...string) []Cell {
	cells := make([]Cell, len(texts))
	for i, text := range texts {
		cells[i].Text = text
	}
	return cells
}

// Any reports whether there is a row.
func (t *Table) Any() bool {
	if t.Rows == nil {
		return false
	}
	for range t.Rows {
		return true
	}
	return false
}

// Column gives a column; an empty one where there is none.
func (t *Table) Column(i int) Column {
	if i < len(t.Columns) {
		return t.Columns[i]
	}
	return Column{}
}

// ClassOf gives the classes of a cell.
func (t *Table) ClassOf(i int, c Cell) string {
	class := t.Column(i).Class
	if Long(c.Text) {
		class = strings.TrimSpace(class + " w")
	}
	return class
}

// How many characters a word, and a name of several, may have and still stand in a column on
// one line.
const (
	longestWord = 32
	longestName = 48
)

// Long reports whether text is so long that it must be broken in a column. It has the class w
// then; all other words stay whole.
func Long(text string) bool {
	if len(text) <= longestWord {
		return false
	}
	if utf8.RuneCountInString(text) > longestName {
		return true
	}
	for word := range strings.FieldsSeq(text) {
		if utf8.RuneCountInString(word) > longestWord {
			return true
		}
	}
	return false
}

// Tag is a word in a pill, such as an outcome.
type Tag struct {
	Text string
	Tone Tone
}

// Message is something to be told, with the commands that it takes.
type Message struct {
	Tone        Tone
	Title, Text string
	Commands    []string
	More        string
}

// FieldChange is a field with what it was and what it becomes, "" for nothing.
type FieldChange struct{ Field, Before, After, Note string }

// Runs is a strip of runs, oldest first.
type Runs struct {
	Label    string // for those who hear it
	Bars     []RunBar
	From, To string // when the first and the last was; "": not told
}

// RunBar is one run. Size says how much it did, 0 to 3; Title tells of it in words.
type RunBar struct {
	Href, Title string
	Tone        Tone
	Size        int
}

// Chart is a line with what it is of, and its two ends in words.
type Chart struct {
	Caption  string
	Line     template.HTML // see [Line]
	From, To string
}

// Find is a form that asks for the page anew, with what was chosen in its address.
type Find struct {
	Action  string
	Search  *Search
	Selects []Select
	Button  string // "": Find
}

// Search is a box for words.
type Search struct{ Name, Label, Value, Hint string }

// Select is a choice of one of several values.
type Select struct {
	Name, Label, Value string
	Options            []Option
}

// Option is one of a choice.
type Option struct{ Value, Text string }

// Pager leads through a list that is shown in parts, and says which part this is. What leads
// nowhere is "".
type Pager struct{ Label, Text, Prev, Next, PrevText, NextText string }

// Link leads somewhere; where Href is "", it is where one is.
type Link struct{ Name, Href string }
