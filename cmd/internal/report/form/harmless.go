package form

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean makes text from outside harmless in every form: control characters, and
// those that turn the direction of text, are shown, not sent.
func clean(text string) string {
	if !strings.ContainsFunc(text, harmful) {
		return text
	}
	var b strings.Builder
	for _, c := range text {
		if harmful(c) {
			fmt.Fprintf(&b, "\\u%04x", c)
		} else {
			b.WriteRune(c)
		}
	}
	return b.String()
}

func harmful(c rune) bool {
	return unicode.IsControl(c) || c == utf8.RuneError || unicode.In(c, unicode.Bidi_Control) || c == '\u2028' || c == '\u2029'
}
