package dirsync

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Quote puts a value from outside into a message: quoted, control characters
// shown, and cut after 60 characters.
func Quote(value string) string {
	const most = 60
	if runes := []rune(value); len(runes) > most {
		return fmt.Sprintf("%q… (%d characters)", string(runes[:most]), len(runes))
	}
	return fmt.Sprintf("%q", value)
}

// Nearest returns the candidate that was probably meant by a mistyped word, or "".
func Nearest(word string, candidates []string) string {
	best, least := "", 1+max(1, len(word)/3)
	meant := bare(word)
	if len(meant) > 64 {
		return "" // no name is nearly as long
	}
	for _, c := range candidates {
		if c == "" {
			continue
		}
		if d := distance(meant, bare(c)); d < least {
			best, least = c, d
		}
	}
	return best
}

// bare makes bindPassword, bind-password and bind_password the same.
func bare(word string) string {
	return strings.ToLower(strings.ReplaceAll(strings.ReplaceAll(word, "_", ""), "-", ""))
}

// distance counts the letters to change, add, drop or swap with their neighbour
// to get from a to b (optimal string alignment).
func distance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

// CountPeople counts people in words.
func CountPeople(n int) string {
	if n == 1 {
		return "1 person"
	}
	return fmt.Sprintf("%d people", n)
}

// Invisible reports whether nobody sees a character: of zero width, a mark of direction, a
// byte order mark, and each blank but the plain one and line breaks. They are those that
// Unicode calls ignorable (DerivedCoreProperties, Default_Ignorable_Code_Point), and the
// blank braille sign, which it does not.
func Invisible(c rune) bool {
	return c >= utf8.RuneSelf &&
		(unicode.In(c, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point, unicode.Zs, unicode.Zl, unicode.Zp) || c == 0x2800)
}

// Visible leaves out of a text the characters that nobody sees.
func Visible(text string) string {
	if isASCII(text) {
		return text
	}
	return strings.Map(func(c rune) rune {
		if Invisible(c) {
			return -1
		}
		return c
	}, text)
}

// isASCII reports whether a text has no signs but those of ASCII, as most have.
func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
