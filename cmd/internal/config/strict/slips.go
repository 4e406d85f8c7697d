package strict

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	dirsync "duosync/sync"
)

// UTF8 gives the text of a configuration file in UTF-8. UTF-16 is known by its byte order
// mark, as YAML has it.
func UTF8(data []byte) []byte {
	order := utf16Order(data)
	if order == nil {
		return data
	}
	var units []uint16
	for i := 2; i+1 < len(data); i += 2 {
		units = append(units, order.Uint16(data[i:]))
	}
	return []byte(string(utf16.Decode(units)))
}

// utf16Order gives the order of bytes that a byte order mark tells (RFC 2781, 3.2); nil
// where there is none.
func utf16Order(data []byte) binary.ByteOrder {
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}):
		return binary.LittleEndian
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		return binary.BigEndian
	}
	return nil
}

// slip is a mistake of the pen that the parser finds elsewhere, or has no word for.
type slip struct {
	line, column int
	what, hint   string
}

// unreadable finds the first character that no YAML has.
func unreadable(data []byte) *slip {
	if form := unmarked(data); form != "" {
		return &slip{1, 0, "the file is UTF-16 text", "save it as UTF-8, as by iconv -f " + form + " -t UTF-8"}
	}
	line := 0
	for text := range bytes.Lines(data) {
		line++
		for at, column := 0, 1; at < len(text); column++ {
			r, size := utf8.DecodeRune(text[at:])
			switch {
			case r == utf8.RuneError && size == 1:
				return &slip{line, column, "a character that is not UTF-8 stands here", "save the file as UTF-8, as by iconv -f ISO-8859-1 -t UTF-8"}
			case unicode.IsControl(r) && !strings.ContainsRune("\t\r\n\u0085", r):
				return &slip{line, column, fmt.Sprintf("a control character (%U) stands here", r), "remove it, and save the file as UTF-8"}
			}
			at += size
		}
	}
	return nil
}

var (
	// What stands before the first word of a line.
	indentation = regexp.MustCompile(`^[ \t]*`)
	// A value in quotes after which more follows.
	quotedSingle = regexp.MustCompile(`(?:[:\[{,-]\s*)'(?:[^']|'')*'[^\s,\]}#']`)
	quotedDouble = regexp.MustCompile(`(?:[:\[{,-]\s*)"(?:[^"\\]|\\.)*"[^\s,\]}#"]`)
	// A quote that is open at the end of its line.
	openDouble = regexp.MustCompile(`(?:[:\[{,-]\s*)"(?:[^"\\]|\\.)*$`)
	noColon    = regexp.MustCompile(`^\s*[a-z_]+ [^:#]*$`)
	aliasName  = regexp.MustCompile(`^unknown anchor '(.*)' referenced`)
)

// slipAt looks for what made the parser fail at a line, there and in the line before.
func slipAt(lines []string, line int, msg string) *slip {
	if m := aliasName.FindStringSubmatch(msg); m != nil {
		alias := regexp.MustCompile(`(^|[\s\[,{:-])\*` + regexp.QuoteMeta(m[1]) + `([\s,\]}]|$)`)
		for i, text := range lines {
			if alias.MatchString(text) {
				return &slip{line: i + 1}
			}
		}
	}
	for i := max(1, line-1); i <= min(line+1, len(lines)); i++ {
		text := lines[i-1]
		indent := indentation.FindString(text)
		first, _ := utf8.DecodeRuneInString(text[len(indent):])
		switch {
		case strings.TrimSpace(text) == "", strings.HasPrefix(text[len(indent):], "#"):
		case strings.Contains(indent, "\t"):
			return &slip{i, strings.IndexByte(indent, '\t') + 1, "the line is indented with a tab", "indent with blanks, never tabs"}
		case unseen(first):
			return &slip{i, len(indent) + 1, fmt.Sprintf("the line begins with a character that nobody sees (%U)", first), "delete what stands before the word, and indent with blanks"}
		case i > line:
		case i < line && strings.HasPrefix(msg, "mapping values") && noColon.MatchString(text):
			return &slip{i, len(indent) + 1, "a key without a colon", "each key needs a colon and a blank after it"}
		case quotedSingle.MatchString(text):
			return &slip{i, 0, "", "a value in single quotes ends at the next one: write a quote within it twice, as 'it''s'"}
		case quotedDouble.MatchString(text):
			return &slip{i, 0, "", `a value in double quotes ends at the next one: write a quote within it as \", or the value in single quotes`}
		}
	}
	for i := min(line, len(lines)) - 1; i >= 1; i-- {
		if openDouble.MatchString(lines[i-1]) {
			if n := strings.Count(strings.Join(lines[i:line-1], "\n"), `"`); n == 0 && strings.Contains(lines[line-1], `"`) {
				return &slip{i, 0, "", "a quote that opens here is not closed"}
			}
			break
		}
	}
	return nil
}

// unseen reports whether nobody sees a character that has no meaning in a name: a blank that
// is not U+0020, a mark that a copy brings along. Joiners and variation selectors are none of
// these, for scripts and emoji need them.
func unseen(r rune) bool {
	return dirsync.Invisible(r) && r != '\u200c' && r != '\u200d' && !unicode.Is(unicode.Variation_Selector, r)
}

// checkSeen tells of what a copy brings into a value and nobody sees there, and of quotes
// that only a word processor knows. escapes: the text was in double quotes.
func checkSeen(text string, escapes bool) error {
	runes := []rune(text)
	for i, r := range runes {
		switch {
		case escapes && unicode.IsControl(r) && r != '\n' && r != '\t':
			return dirsync.WithHint(fmt.Errorf("holds a control character (%U): in double quotes a backslash begins an escape", r), "write it in single quotes")
		case unseen(r) && (!unicode.Is(unicode.Zs, r) || i == 0 || i == len(runes)-1):
			return dirsync.WithHint(fmt.Errorf("holds a character that nobody sees (%U)", r), "write the value anew, by hand in place of a copy")
		}
	}
	if len(runes) == 0 {
		return nil
	}
	const double, single = "“”„‟«»", "‘’‚‛"
	first, last := runes[0], runes[len(runes)-1]
	if strings.ContainsRune(double, first) || strings.ContainsRune(double, last) ||
		strings.ContainsRune(single, first) && strings.ContainsRune(single, last) {
		return dirsync.WithHint(errors.New("is in typographic quotes"), `write plain ones, " or '`)
	}
	return nil
}
