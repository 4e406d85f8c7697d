package phrase

import (
	"fmt"
	"strings"

	dirsync "duosync/sync"
)

// atAGlance is how many characters of values are shown at a time.
const atAGlance = 120

// Value shows a value: nothing as such, and no more than can be read at a glance.
func Value(v string) string {
	if v == "" {
		return "(none)"
	}
	if runes := []rune(v); len(runes) > atAGlance {
		v = string(runes[:atAGlance]) + fmt.Sprintf("… (%s characters)", Count(len(runes)))
	}
	return v
}

// Field shows the value of a field as the core keeps it.
func Field(field, v string) string {
	if dirsync.IsList(field) {
		return List(dirsync.Items(v))
	}
	return Value(v)
}

// List shows a list between brackets: as many items as can be read at a glance, at
// least one.
func List(items []string) string {
	if len(items) == 0 {
		return Value("")
	}
	var parts []string
	size := 0
	for i, item := range items {
		if size += len([]rune(item)); i > 0 && size > atAGlance {
			parts = append(parts, fmt.Sprintf("… and %s more", Count(len(items)-i)))
			break
		}
		parts = append(parts, apart(Value(item)))
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// Cell puts the items of a list into one cell of a sheet, all of them.
func Cell(items []string) string {
	cells := make([]string, len(items))
	for i, item := range items {
		cells[i] = apart(item)
	}
	return strings.Join(cells, ", ")
}

// apart shows an item of a list; in quotes where it could be taken for more than one.
func apart(item string) string {
	if strings.ContainsAny(item, `,[]"`) {
		return `"` + item + `"`
	}
	return item
}

// Becomes stands between what was and what will be. Between letters that go from right
// to left an arrow would be drawn from the new value to the old one; a word keeps them
// in order.
func Becomes(before, after string) string {
	if rightToLeft(before) || rightToLeft(after) {
		return "becomes"
	}
	return "→"
}

// rightToLeft reports whether text has letters that are written from right to left.
func rightToLeft(text string) bool {
	return strings.ContainsFunc(text, func(c rune) bool {
		return c >= 0x590 && c <= 0x8ff || c >= 0xfb1d && c <= 0xfdff || c >= 0xfe70 && c <= 0xfeff || c >= 0x10800 && c <= 0x10fff || c >= 0x1e800 && c <= 0x1efff
	})
}

// Commas puts a comma behind each part but the last.
func Commas(parts []string) []string {
	out := make([]string, len(parts))
	for i, part := range parts {
		out[i] = part
		if i < len(parts)-1 {
			out[i] += ","
		}
	}
	return out
}

// Name gives a username, or where there is none the ids.
func Name(username string, ids ...dirsync.SourceID) string {
	if username != "" {
		return username
	}
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = string(id)
	}
	return strings.Join(words, ", ")
}

// Error gives an error's text with the advice it carries; "" for none.
func Error(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	if hint := dirsync.Hint(err); hint != "" {
		text += ". " + hint
	}
	return text
}
