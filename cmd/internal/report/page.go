package report

// page is what the forms for people are made of: the table, Markdown and HTML.
// Its texts are raw; each form makes them harmless in its own way.
type page struct {
	title  string
	tone   tone
	facts  []fact
	blocks []block
}

// fact is one line of "name: text" below the title.
type fact struct{ name, text string }

// block is a part of a page under its own heading: paragraphs, then a list.
type block struct {
	title string // "": goes on without a heading
	paras []para
	list  *list
}

// para is a paragraph, an item, or a command to copy.
type para struct {
	kind paraKind
	tone tone
	text string
}

type paraKind int

const (
	prose paraKind = iota
	item
	command
)

// list is a table of rows.
type list struct {
	columns []string // headings, in lower case
	rows    []row
	// lead is the number of columns that stand in line in the text form; what a
	// row flows follows them.
	lead int
	// heads are the headings of the text form: one for each column of the lead and
	// one for what flows; nil for none.
	heads []string
}

// row is one line of a list.
type row struct {
	tone  tone
	cells []string
	// flow replaces the cells behind the lead in the text form; nil: those cells.
	flow []string
}

func (b *block) say(kind paraKind, tone tone, text string) {
	b.paras = append(b.paras, para{kind, tone, text})
}

// tone says how something is meant, for colours.
type tone int

const (
	plain tone = iota
	good
	change
	bad
	conflicting
	strong
)
