package form

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

const (
	textWidth = 79 // of a line in columns; fits every terminal, mail and ticket
	leadWidth = 32 // of a lead column at most
	flowWidth = 26 // of what flows behind it at least
)

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
func writeText(out io.Writer, pg *Page, p painter) error {
	w := &textWriter{Writer: bufio.NewWriter(out), painter: p}
	w.lines(pg.Tone, "", fill([]string{pg.Title}, textWidth, textWidth))
	if len(pg.Facts) > 0 {
		w.newline()
	}
	widest := 0
	for _, f := range pg.Facts {
		widest = max(widest, columns(f.Name))
	}
	for _, f := range pg.Facts {
		w.hang(Plain, "  "+pad(f.Name, widest)+"  ", []string{f.Text})
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
	return w.Flush()
}

type textWriter struct {
	*bufio.Writer
	painter
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
	if indent > textWidth-flowWidth {
		indent = 6
	}
	lines := fill(flow, textWidth-indent, textWidth-indent)
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
			w.lines(para.Tone, "  ", fill([]string{para.Text}, textWidth-2, textWidth-2))
		}
	}
}

func (w *textWriter) list(l *List) {
	widths := l.leadWidths()
	lead := func(cells []string) string {
		text := "  "
		for i, width := range widths {
			text += pad(clean(cells[i]), width) + "  "
		}
		return text
	}
	if l.Heads != nil {
		w.hang(Strong, lead(l.Heads), l.Heads[l.Lead:])
	}
	commands := l.HasCommands()
	for r := range l.All() {
		flow := r.Flow
		if flow == nil {
			flow = r.Cells[l.Lead:]
		}
		w.hang(r.Tone, lead(r.Cells), flow)
		if commands && r.Command != "" {
			w.lines(Strong, "      ", []string{clean(r.Command)})
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
