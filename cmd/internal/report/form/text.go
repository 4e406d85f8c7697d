package form

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"strings"
)

const (
	textWidth  = 79  // of a line in columns; fits every terminal, mail and ticket
	leastWidth = 40  // of a line in a terminal, however narrow that is
	proseWidth = 100 // of a paragraph at most: longer lines are hard to read
	leadWidth  = 32  // of a lead column at most
	flowWidth  = 26  // of what flows behind it at least
)

// width gives the columns of a line. The last one of a terminal stays empty, where some
// begin a new line by themselves.
func (l Look) width() int {
	if l.Width <= 0 {
		return textWidth
	}
	return max(leastWidth, l.Width-1)
}

// painter colours whole lines for a terminal (ECMA-48 SGR).
type painter struct{ on bool }

func (p painter) paint(t Tone, text string) string {
	code := map[Tone]string{Good: "32", Change: "33", Bad: "31", Conflict: "35", Strong: "1"}[t]
	if !p.on || code == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// writeText renders a page for a terminal, a mail or a ticket.
func writeText(out io.Writer, pg *Page, look Look) error {
	w := &textWriter{Writer: bufio.NewWriter(out), painter: painter{look.Colour}, width: look.width(), terminal: look.Width > 0}
	if look.Brief {
		w.lines(pg.Tone, "", w.summary(cmp.Or(pg.Summary, pg.Title)))
		return w.Flush()
	}
	w.lines(pg.Tone, "", fill([]string{pg.Title}, w.width, w.width))
	if len(pg.Facts) > 0 {
		w.newline()
	}
	widest := 0
	for _, f := range pg.Facts {
		widest = max(widest, columns(f.Name))
	}
	if look.Drawn {
		for i := range pg.Drawings {
			widest = max(widest, columns(pg.Drawings[i].Name))
		}
	}
	for _, f := range pg.Facts {
		w.hang(Plain, "  "+pad(f.Name, widest)+"  ", []string{f.Text})
	}
	if look.Drawn && w.width >= drawnWidth {
		w.drawings(pg.Drawings, widest)
	}
	for _, b := range pg.Blocks {
		w.newline()
		if b.Title != "" {
			w.lines(Plain, "", []string{strings.ToUpper(b.Title)})
		}
		w.paras(b.Paras)
		if b.List != nil {
			w.list(b.List)
		}
	}
	if pg.Summary != "" {
		w.newline()
		w.lines(pg.Tone, "", w.summary(pg.Summary))
	}
	return w.Flush()
}

type textWriter struct {
	*bufio.Writer
	painter
	width    int // of a line in columns
	terminal bool
}

// summary gives the summary in one line, for tail -1; a terminal would break that within words.
func (w *textWriter) summary(text string) []string {
	if w.terminal {
		return fill([]string{text}, w.width, w.width)
	}
	return []string{clean(text)}
}

func (w *textWriter) newline() { _, _ = fmt.Fprintln(w) }

// lines writes lines that are clean already.
func (w *textWriter) lines(t Tone, indent string, lines []string) {
	for _, line := range lines {
		_, _ = fmt.Fprintln(w, w.paint(t, strings.TrimRight(indent+line, " ")))
	}
}

// hang writes what flows behind a lead, below its own beginning where that
// leaves room enough, else further left.
func (w *textWriter) hang(t Tone, lead string, flow []string) {
	indent := columns(lead)
	if indent > w.width-flowWidth {
		indent = 6
	}
	lines := fill(flow, w.width-indent, w.width-indent)
	if len(lines) == 0 {
		lines = []string{""}
	}
	first := lead
	if columns(lead) <= indent {
		first, lines = lead+lines[0], lines[1:]
	}
	w.lines(t, "", []string{first})
	w.lines(t, strings.Repeat(" ", indent), lines)
}

func (w *textWriter) paras(paras []Para) {
	for i, para := range paras {
		apart := i > 0 && (para.Kind != item || paras[i-1].Kind != item)
		if apart {
			w.newline()
		}
		switch para.Kind {
		case item:
			w.hang(para.Tone, "  - ", []string{para.Text})
		case command: // in one piece, to be copied
			w.lines(para.Tone, "    ", []string{clean(para.Text)})
		default:
			w.lines(para.Tone, "  ", fill([]string{para.Text}, min(w.width, proseWidth)-2, min(w.width, proseWidth)-2))
		}
	}
}

func (w *textWriter) list(l *List) {
	widths := l.leadWidths()
	lead := func(indent string, cells []string, first int) string {
		text := indent
		for i := first; i < l.Lead; i++ {
			text += pad(clean(cells[i]), widths[i]) + "  "
		}
		return text
	}
	if l.Heads != nil {
		w.hang(Strong, lead("  ", l.Heads, 0), l.Heads[l.Lead:])
	}
	commands := l.HasCommands()
	row := func(r *Row, indent string, first int) {
		flow := r.Flow
		if flow == nil {
			flow = r.Cells[l.Lead:]
		}
		w.hang(r.Tone, lead(indent, r.Cells, first), flow)
		if commands && r.Command != "" {
			w.lines(Strong, "      ", []string{clean(r.Command)})
		}
	}
	for i := range l.Rows {
		row(&l.Rows[i], "  ", 0)
	}
	for i := range l.Groups {
		g, begun := &l.Groups[i], false
		for r := range g.Rows {
			if !begun {
				if i > 0 {
					w.newline()
				}
				begun = true
				w.lines(r.Tone, "  ", []string{clean(fmt.Sprintf("%s %s (%s)", g.Sign, g.Name, g.Count))})
			}
			row(&r, "      ", 1)
		}
	}
}

// leadWidths gives the widths of the columns that stand in line. What is too long
// for any of them sticks out, and moves nobody else.
func (l *List) leadWidths() []int {
	widths := make([]int, l.Lead)
	for i := range widths {
		if l.Heads != nil {
			widths[i] = columns(l.Heads[i])
		}
	}
	for r := range l.All() {
		for i := range widths {
			if width := columns(clean(r.Cells[i])); width <= leadWidth {
				widths[i] = max(widths[i], width)
			}
		}
	}
	return widths
}

// Sentence gives a sentence as lines of the text form, below what it is about.
func Sentence(text string) string {
	const first, rest = "  ", "    "
	lines := fill([]string{strings.Join(strings.Fields(text), " ")}, textWidth-len(first), textWidth-len(rest))
	return first + strings.Join(lines, "\n"+rest) + "\n"
}
