package secrets

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// widest is how many bytes may stand between two numbers of a list, or two characters.
const widest = 4

// bases are those in which the bytes of a list may be written, with the most digits of one.
var bases = []struct{ base, width int }{{2, 8}, {8, 3}, {10, 3}, {16, 2}}

// listed reads lists of numbers as bytes: 68:75:6e, 68-75-6e, 0x68, 0x75, \x68 \x75,
// %68.%75, [104 117 110], \150\165\156, in whatever way the numbers are kept apart. Some
// hexadecimal ones may stand together, as in 6875-6e74.
func (v view) listed() []view {
	var all []view
	for _, b := range bases {
		var run view
		end := func() {
			if len(run) >= shortest {
				all = append(all, run)
			}
			run = nil
		}
		gap := 0
		for i := 0; i < len(v); {
			if !isAlphanumeric(v[i].c) {
				if gap++; gap > widest {
					end()
				}
				i++
				continue
			}
			to := i + 1
			for to < len(v) && isAlphanumeric(v[to].c) {
				to++
			}
			word := v[i:to]
			if bytes, ok := word.numbers(b.base, b.width); ok {
				run = append(run, bytes...)
			} else { // one number is glued to what is before the list, or behind it
				run = append(run, word.head(b.base, b.width)...)
				end()
				run = word.tail(b.base, b.width)
			}
			gap, i = 0, to
		}
		end()
	}
	return all
}

// numbers reads a word as bytes that are written in some base; ok is false where it is none.
func (v view) numbers(base, width int) (bytes view, ok bool) {
	const most = 64 // digits; what has more is read as one text, see encoded
	if len(v) > most {
		return nil, false
	}
	word, from := strings.ToLower(v.String()), v[0].from
	for _, prefix := range []string{"0x", "x", "0o", "o", "0b", "b"} {
		if rest := strings.TrimPrefix(word, prefix); rest != "" && len(rest) < len(word) && (base != 16 || strings.HasSuffix(prefix, "x")) {
			word, v = rest, v[len(prefix):]
			break
		}
	}
	if base == 16 && len(word) > width && len(word)%width != 0 || base != 16 && len(word) > width {
		return nil, false
	}
	width = min(width, len(word))
	for at := 0; at < len(word); at += width {
		n, err := strconv.ParseUint(word[at:at+width], base, 8)
		if err != nil {
			return nil, false
		}
		bytes = append(bytes, letter{byte(n), from, v[at+width-1].to})
		from = v[at+width-1].to
	}
	return bytes, true
}

// head is the number that a word begins with; nil for none.
func (v view) head(base, width int) view {
	n := 0
	for n < min(width, len(v)) && isDigit(v[n].c, base) {
		n++
	}
	if n == 0 {
		return nil
	}
	bytes, _ := v[:n].numbers(base, width)
	return bytes
}

// tail is the number that a word ends with; nil for none.
func (v view) tail(base, width int) view {
	n := 0
	for n < min(width, len(v)) && isDigit(v[len(v)-1-n].c, base) {
		n++
	}
	if n == 0 {
		return nil
	}
	bytes, _ := v[len(v)-n:].numbers(base, width)
	return bytes
}

func isDigit(c byte, base int) bool {
	n, ok := nibble(c)
	return ok && n < base
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// spaced reads characters between which one and the same stands: h-u-n, h, u, n.
func (v view) spaced() []view {
	var all []view
	text := v.String()
	for between := 1; between <= widest; between++ {
		for i := 0; i < len(text); {
			_, first := utf8.DecodeRuneInString(text[i:])
			run, end := v.runOf(text, i, between)
			if run == nil {
				i += first
				continue
			}
			all = append(all, run)
			i = end
		}
	}
	return all
}

// runOf gives the characters from a place on that are kept apart by the same bytes, so many
// of them, and where the last one begins; nil where they are too few.
func (v view) runOf(text string, i, between int) (run view, last int) {
	separator := ""
	for n := 0; ; n++ {
		_, size := utf8.DecodeRuneInString(text[i:])
		next := i + size + between
		if separator == "" && next < len(text) && isPunctuation(text[i+size:next]) {
			separator = text[i+size : next]
		}
		run = append(run, v[i:i+size]...)
		if separator == "" || next >= len(text) || text[i+size:next] != separator {
			if n+1 < shortest {
				return nil, 0
			}
			return run, i
		}
		i = next
	}
}

func isPunctuation(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r >= utf8.RuneSelf || isAlphanumeric(byte(r)) }) < 0
}
