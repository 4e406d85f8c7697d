package form

import (
	"strings"

	"github.com/rivo/uniseg"
)

// columns gives how many columns of a terminal text takes, as most of them count: two
// for East Asian wide characters and emoji (UAX 11), none for marks.
func columns(text string) int { return uniseg.StringWidth(text) }

// pad fills text up to some columns.
func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-columns(text)))
}

// fill puts parts into lines, cleaned: as many to a line as there is room for. first
// is the width of the first line in columns, rest that of the others. A part is broken
// between words only where it fills more than a line; a word is never broken.
func fill(parts []string, first, rest int) []string {
	var lines []string
	line, width := "", first
	put := func(text string) {
		switch {
		case line == "":
			line = text
		case columns(line)+1+columns(text) <= width:
			line += " " + text
		default:
			lines = append(lines, line)
			line, width = text, rest
		}
	}
	for _, part := range parts {
		part = clean(part)
		if columns(part) <= rest {
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
