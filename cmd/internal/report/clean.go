package report

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

// columns gives how many columns of a terminal text takes, as most of them
// count: two for East Asian wide characters and emoji, none for marks.
func columns(text string) int {
	n := 0
	for _, c := range text {
		switch {
		case unicode.In(c, unicode.Mn, unicode.Me, unicode.Cf):
		case unicode.Is(wide, c):
			n += 2
		default:
			n++
		}
	}
	return n
}

// wide holds what Unicode's East Asian Width calls wide or full (UAX 11), by
// blocks.
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x1100, Hi: 0x115f, Stride: 1}, {Lo: 0x2e80, Hi: 0x303e, Stride: 1}, {Lo: 0x3041, Hi: 0x4dbf, Stride: 1},
		{Lo: 0x4e00, Hi: 0xa4cf, Stride: 1}, {Lo: 0xac00, Hi: 0xd7a3, Stride: 1}, {Lo: 0xf900, Hi: 0xfaff, Stride: 1},
		{Lo: 0xfe30, Hi: 0xfe6f, Stride: 1}, {Lo: 0xff00, Hi: 0xff60, Stride: 1}, {Lo: 0xffe0, Hi: 0xffe6, Stride: 1},
	},
	R32: []unicode.Range32{
		{Lo: 0x1f300, Hi: 0x1f64f, Stride: 1}, {Lo: 0x1f900, Hi: 0x1f9ff, Stride: 1}, {Lo: 0x20000, Hi: 0x3fffd, Stride: 1},
	},
}

// rightToLeft reports whether text has letters that are written from right to
// left.
func rightToLeft(text string) bool {
	return strings.ContainsFunc(text, func(c rune) bool {
		return c >= 0x590 && c <= 0x8ff || c >= 0xfb1d && c <= 0xfdff || c >= 0xfe70 && c <= 0xfeff || c >= 0x10800 && c <= 0x10fff || c >= 0x1e800 && c <= 0x1efff
	})
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-columns(s)))
}
