package page

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes text from outside harmless: control characters, and those that turn the
// direction of text, are shown, not sent.
func Clean(text string) string { return shown(text, harmful) }

// CleanLines does the same for text whose line ends and tabs are its own, as those of an error
// that is joined of several.
func CleanLines(text string) string { return shown(text, harmfulInLines) }

func harmfulInLines(c rune) bool { return harmful(c) && c != '\n' && c != '\t' }

func harmful(c rune) bool {
	if c < 0x7f {
		return c < ' '
	}
	return unicode.IsControl(c) || c == utf8.RuneError || unicode.In(c, unicode.Bidi_Control) || c == '\u2028' || c == '\u2029'
}

func shown(text string, what func(rune) bool) string {
	if !strings.ContainsFunc(text, what) {
		return text
	}
	var b strings.Builder
	for _, c := range text {
		if what(c) {
			fmt.Fprintf(&b, "\\u%04x", c)
		} else {
			b.WriteRune(c)
		}
	}
	return b.String()
}

// harmlessWriter makes all harmless that templates write, each text at a time: it does
// not rely on a template to have cleaned it. Line ends and tabs are the templates' own.
type harmlessWriter struct{ io.Writer }

func (w harmlessWriter) Write(p []byte) (int, error) {
	if plain(p) {
		return w.Writer.Write(p)
	}
	safe := CleanLines(string(p))
	if _, err := io.WriteString(w.Writer, safe); err != nil {
		return 0, err
	}
	return len(p), nil
}

// plain reports whether text is ASCII that can be seen, which most is.
func plain(p []byte) bool {
	for _, c := range p {
		if (c < ' ' && c != '\n' && c != '\t') || c >= 0x7f {
			return false
		}
	}
	return true
}
