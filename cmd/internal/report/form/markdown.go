package form

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"duosync/cmd/internal/page"
)

// writeMarkdown renders a page as CommonMark with GitHub's tables, for a ticket
// or a wiki.
func writeMarkdown(out io.Writer, pg *Page) error {
	w := bufio.NewWriter(out)
	_, _ = fmt.Fprintf(w, "## %s\n", markdown(pg.Title))
	if len(pg.Facts) > 0 {
		_, _ = fmt.Fprintln(w)
	}
	for _, f := range pg.Facts {
		_, _ = fmt.Fprintf(w, "- **%s:** %s\n", markdown(heading(f.Name)), markdown(f.Text))
	}
	for _, b := range pg.Blocks {
		if b.Title != "" {
			_, _ = fmt.Fprintf(w, "\n### %s\n", markdown(heading(b.Title)))
		}
		indent := "    "
		for i, para := range b.Paras {
			if i == 0 || para.Kind != item || b.Paras[i-1].Kind != item {
				_, _ = fmt.Fprintln(w)
			}
			switch para.Kind {
			case item:
				indent = "      " // else what follows would be text of the item
				_, _ = fmt.Fprintf(w, "- %s\n", markdown(para.Text))
			case command:
				_, _ = fmt.Fprintf(w, "%s%s\n", indent, clean(para.Text)) // an indented code block: nothing in it is markup
			default:
				indent = "    "
				_, _ = fmt.Fprintf(w, "%s\n", markdown(para.Text))
			}
		}
		if b.List != nil {
			_, _ = fmt.Fprintln(w)
			markdownList(w, b.List)
		}
	}
	return w.Flush()
}

func markdownList(w io.Writer, l *List) {
	line := func(cells []string) { _, _ = fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | ")) }
	header := l.Header()
	heads, rules := make([]string, len(header)), make([]string, len(header))
	for i, column := range header {
		heads[i], rules[i] = markdown(heading(column)), "---"
	}
	line(heads)
	line(rules)
	commands := l.HasCommands()
	for r := range l.All() {
		cells := make([]string, len(r.Cells))
		for i, cell := range r.Cells {
			cells[i] = markdown(cell)
		}
		if commands {
			cells = append(cells, markdown(r.Command))
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
func heading(text string) string { return page.Heading(text) }
