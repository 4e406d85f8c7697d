package dirsync_test

import (
	"testing"
	"unicode"

	dirsync "duosync/sync"
)

// TestVisible holds every character against what Unicode says of it: what is ignorable goes,
// and letters, digits and marks that show stay.
func TestVisible(t *testing.T) {
	for c := rune(0); c <= unicode.MaxRune; c++ {
		if c >= 0xD800 && c <= 0xDFFF {
			continue // no characters
		}
		got := dirsync.Visible("a" + string(c) + "b")
		ignorable := unicode.In(c, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
		shows := !ignorable && unicode.In(c, unicode.L, unicode.N, unicode.M, unicode.P) || c == ' ' || c == '+'
		switch {
		case ignorable && got != "ab", shows && got != "a"+string(c)+"b":
			t.Errorf("%U: %q", c, got)
		}
	}
	for _, c := range []rune{0x00A0, 0x034F, 0x115F, 0x2028, 0x2800, 0x3000, 0x3164, 0xFFA0, 0xE0061} {
		if got := dirsync.Visible(string(c)); got != "" {
			t.Errorf("%U is left", c)
		}
	}
}
