package report

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

func (p painter) paint(t tone, text string) string {
	code := [...]string{plain: "", good: "32", change: "33", bad: "31", conflicting: "35", strong: "1"}[t]
	if !p.on || code == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// writeText renders a page for a terminal, a mail or a ticket.
func writeText(out io.Writer, pg *page, p painter) error {
	w := &textWriter{Writer: bufio.NewWriter(out), painter: p}
	w.lines(pg.tone, "", fill([]string{pg.title}, textWidth))
	if len(pg.facts) > 0 {
		w.newline()
	}
	widest := 0
	for _, f := range pg.facts {
		widest = max(widest, columns(f.name))
	}
	for _, f := range pg.facts {
		w.hang(plain, "  "+pad(f.name, widest)+"  ", []string{f.text})
	}
	for _, b := range pg.blocks {
		w.newline()
		if b.title != "" {
			w.lines(plain, "", []string{strings.ToUpper(b.title)})
		}
		w.paras(b.paras)
		if b.list != nil {
			w.list(b.list)
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
func (w *textWriter) lines(t tone, indent string, lines []string) {
	for _, line := range lines {
		_, _ = fmt.Fprintln(w, w.paint(t, strings.TrimRight(indent+line, " ")))
	}
}

// hang writes what flows behind a lead, below its own beginning where that
// leaves room enough, else further left.
func (w *textWriter) hang(t tone, lead string, flow []string) {
	indent := columns(lead)
	if indent > textWidth-flowWidth {
		indent = 6
	}
	lines := fill(flow, textWidth-indent)
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

func (w *textWriter) paras(paras []para) {
	for i, para := range paras {
		apart := i > 0 && (para.kind != item || paras[i-1].kind != item)
		if apart {
			w.newline()
		}
		switch para.kind {
		case item:
			w.hang(para.tone, "  - ", []string{para.text})
		case command: // in one piece, to be copied
			w.lines(para.tone, "    ", []string{clean(para.text)})
		default:
			w.lines(para.tone, "  ", fill([]string{para.text}, textWidth-2))
		}
	}
}

func (w *textWriter) list(l *list) {
	widths := l.leadWidths()
	lead := func(cells []string) string {
		text := "  "
		for i, width := range widths {
			text += pad(clean(cells[i]), width) + "  "
		}
		return text
	}
	if l.heads != nil {
		w.hang(strong, lead(l.heads), l.heads[l.lead:])
	}
	for _, r := range l.rows {
		flow := r.flow
		if flow == nil {
			flow = r.cells[l.lead:]
		}
		w.hang(r.tone, lead(r.cells), flow)
	}
}

// leadWidths gives the widths of the columns that stand in line. What is too long
// for any of them sticks out, and moves nobody else.
func (l *list) leadWidths() []int {
	widths := make([]int, l.lead)
	for i := range widths {
		if l.heads != nil {
			widths[i] = columns(l.heads[i])
		}
		for _, r := range l.rows {
			if width := columns(clean(r.cells[i])); width <= leadWidth {
				widths[i] = max(widths[i], width)
			}
		}
	}
	return widths
}

// fill puts parts into lines of some width, cleaned: as many to a line as there
// is room for. A part is broken between words only where it fills more than a
// line; a word is never broken.
func fill(parts []string, width int) []string {
	var lines []string
	line := ""
	put := func(text string) {
		switch {
		case line == "":
			line = text
		case columns(line)+1+columns(text) <= width:
			line += " " + text
		default:
			lines = append(lines, line)
			line = text
		}
	}
	for _, part := range parts {
		part = clean(part)
		if columns(part) <= width {
			put(part)
			continue
		}
		for word := range strings.SplitSeq(part, " ") {
			put(word)
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
