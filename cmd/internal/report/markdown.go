package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// writeMarkdown renders a page as CommonMark with GitHub's tables, for a ticket
// or a wiki.
func writeMarkdown(out io.Writer, pg *page) error {
	w := bufio.NewWriter(out)
	_, _ = fmt.Fprintf(w, "## %s\n", markdown(pg.title))
	if len(pg.facts) > 0 {
		_, _ = fmt.Fprintln(w)
	}
	for _, f := range pg.facts {
		_, _ = fmt.Fprintf(w, "- **%s:** %s\n", markdown(heading(f.name)), markdown(f.text))
	}
	for _, b := range pg.blocks {
		if b.title != "" {
			_, _ = fmt.Fprintf(w, "\n### %s\n", markdown(heading(b.title)))
		}
		for i, para := range b.paras {
			if i == 0 || para.kind != item || b.paras[i-1].kind != item {
				_, _ = fmt.Fprintln(w)
			}
			switch para.kind {
			case item:
				_, _ = fmt.Fprintf(w, "- %s\n", markdown(para.text))
			case command:
				_, _ = fmt.Fprintf(w, "    %s\n", clean(para.text)) // an indented code block: nothing in it is markup
			default:
				_, _ = fmt.Fprintf(w, "%s\n", markdown(para.text))
			}
		}
		if b.list != nil {
			_, _ = fmt.Fprintln(w)
			markdownList(w, b.list)
		}
	}
	return w.Flush()
}

func markdownList(w io.Writer, l *list) {
	line := func(cells []string) { _, _ = fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | ")) }
	heads, rules := make([]string, len(l.columns)), make([]string, len(l.columns))
	for i, column := range l.columns {
		heads[i], rules[i] = markdown(heading(column)), "---"
	}
	line(heads)
	line(rules)
	for _, r := range l.rows {
		cells := make([]string, len(r.cells))
		for i, cell := range r.cells {
			cells[i] = markdown(cell)
		}
		line(cells)
	}
}

// markdown makes text harmless: no character in it is markup, no part of it
// becomes a link by itself (GitHub's autolinks), and it is one line. What Markdown
// or HTML could take for structure becomes an entity, which never is structure
// (CommonMark 0.31, 2.5); the rest gets a backslash, which is easier to read.
func markdown(text string) string {
	text = strings.TrimSpace(clean(text))
	var b strings.Builder
	for i, c := range text {
		switch {
		case strings.ContainsRune("|`<>&", c),
			i == 0 && (strings.ContainsRune("-+=:", c) || c >= '0' && c <= '9' && numbered(text)),
			c == ':' && strings.HasPrefix(text[i:], "://"),
			c == '.' && i >= 3 && strings.EqualFold(text[i-3:i], "www"):
			fmt.Fprintf(&b, "&#%d;", c)
		case strings.ContainsRune(`\*_[]~#`, c):
			b.WriteByte('\\')
			b.WriteRune(c)
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// numbered reports whether text begins like an item of a numbered list.
func numbered(text string) bool {
	rest := strings.TrimLeft(text, "0123456789")
	return len(rest) < len(text) && (strings.HasPrefix(rest, ".") || strings.HasPrefix(rest, ")"))
}

// heading begins with a capital letter.
func heading(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return strings.ToUpper(string(first)) + text[size:]
}
