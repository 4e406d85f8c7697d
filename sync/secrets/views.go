package secrets

import (
	"encoding/hex"
	"html"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// letter is a byte that a text holds, as it stands or escaped, and from where to where
// in the text.
type letter struct {
	c        byte
	from, to int
}

// view is one way to read a text, or a part of it.
type view []letter

// plain reads a text as it stands.
func plain(text string) view {
	v := make(view, len(text))
	for i := range len(text) {
		v[i] = letter{text[i], i, i + 1}
	}
	return v
}

// rounds is how often escapes are undone: an escaped text may be escaped again, by
// everything on its way.
const rounds = 3

// views gives the ways to read a text.
func views(text string) []view {
	v := plain(text)
	var all []view
	for _, e := range []escapes{percents, backslashes, entities, equals} {
		all = append(all, v.unescaped(e))
	}
	for range rounds + 1 {
		all = append(all, v)
		for _, inner := range v.encoded() {
			all = append(all, inner, inner.unescaped(usual))
			all = append(all, inner.listed()...)
		}
		for _, inner := range v.listed() {
			all = append(all, inner, inner.unescaped(usual))
		}
		for _, inner := range v.spaced() {
			all = append(all, inner)
			all = append(all, inner.encoded()...)
		}
		next := v.unescaped(usual)
		if len(next) == len(v) { // each escape is longer than what it stands for
			break
		}
		v = next
	}
	return all
}

// String gives the bytes.
func (v view) String() string {
	b := make([]byte, len(v))
	for i, l := range v {
		b[i] = l.c
	}
	return string(b)
}

// escapes are kinds of escapes that are undone together.
type escapes int

const (
	percents    escapes = 1 << iota // %2F: URLs (RFC 3986, 2.1)
	backslashes                     // \u002f, \x2f, \2f, \n, \/: JSON, programs, LDAP (RFC 4514, 2.4)
	entities                        // &amp; &#47; &#x2f;: HTML and XML
	equals                          // =2F: mails (RFC 2045, 6.7); kept apart, since a secret mostly follows a =

	usual = percents | backslashes | entities
)

// unescaped undoes some kinds of escapes, once.
func (v view) unescaped(kinds escapes) view {
	out := make(view, 0, len(v))
	text := v.String()
	for i := 0; i < len(v); {
		meant, n := kinds.read(text[i:])
		if n == 0 {
			out = append(out, v[i])
			i++
			continue
		}
		for j := range len(meant) {
			out = append(out, letter{meant[j], v[i].from, v[i+n-1].to})
		}
		i += n
	}
	return out
}

// read gives what the escape that a text begins with stands for, and its length in
// bytes; 0 where there is none.
func (e escapes) read(text string) (meant string, n int) {
	switch c := text[0]; {
	case e&equals != 0 && strings.HasPrefix(text, "=\r\n"):
		return "", 3
	case e&equals != 0 && strings.HasPrefix(text, "=\n"):
		return "", 2
	case c == '%' && e&percents != 0, c == '=' && e&equals != 0:
		return hexByte(text[1:], 1)
	case c == '&' && e&entities != 0:
		return entity(text)
	case c == '\\' && e&backslashes != 0:
		return backslash(text)
	}
	return "", 0
}

// hexByte reads two hexadecimal digits behind so many bytes of an escape.
func hexByte(text string, before int) (meant string, n int) {
	if len(text) < 2 {
		return "", 0
	}
	b, err := hex.DecodeString(text[:2])
	if err != nil {
		return "", 0
	}
	return string(b), before + 2
}

func entity(text string) (meant string, n int) {
	const longest = 32
	end := strings.IndexByte(text[:min(len(text), longest)], ';')
	if end < 0 {
		return "", 0
	}
	whole := text[:end+1]
	if meant = html.UnescapeString(whole); len(meant) >= len(whole) || strings.HasSuffix(meant, ";") && meant != ";" {
		return "", 0 // no entity, or one with other text behind it
	}
	return meant, len(whole)
}

func backslash(text string) (meant string, n int) {
	if len(text) < 2 {
		return "", 0
	}
	switch text[1] {
	case 'u':
		return unicodeEscape(text)
	case 'U':
		if r, ok := digits(text, 2, 8); ok {
			return string(r), 10
		}
	case 'x':
		return hexByte(text[2:], 2)
	case 'n', 'r', 't', 'v':
		return " ", 2
	}
	if meant, n = hexByte(text[1:], 1); n > 0 {
		return meant, n
	}
	return text[1:2], 2
}

// unicodeEscape reads \u002f, or two of them that are one character together.
func unicodeEscape(text string) (meant string, n int) {
	const length = len(`\u002f`)
	r, ok := digits(text, 2, 4)
	if !ok {
		return "", 0
	}
	if utf16.IsSurrogate(r) && strings.HasPrefix(text[length:], `\u`) {
		if low, ok := digits(text, length+2, 4); ok {
			if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
				return string(both), 2 * length
			}
		}
	}
	return string(r), length
}

// digits reads so many hexadecimal digits at a place of a text.
func digits(text string, at, n int) (rune, bool) {
	if len(text) < at+n {
		return 0, false
	}
	value, err := strconv.ParseUint(text[at:at+n], 16, 31)
	return rune(value), err == nil //nolint:gosec // 31 bits
}

// encoded reads all that could be base64 (also that of URLs) or hexadecimal digits, from
// each place where it could begin. Blanks and line breaks do not end it.
func (v view) encoded() []view {
	var all []view
	for _, run := range v.runs(sextet) {
		for skip := range min(4, len(run)) {
			all = append(all, run[skip:].packed(6, sextet))
		}
	}
	for _, run := range v.runs(nibble) {
		for skip := range min(2, len(run)) {
			all = append(all, run[skip:].packed(4, nibble))
		}
	}
	return all
}

// runs gives the parts of a view that are digits of an encoding, and long enough to hold
// a secret.
func (v view) runs(digit func(byte) (int, bool)) []view {
	var all []view
	var run view
	end := func() {
		if len(run) >= shortest {
			all = append(all, run)
		}
		run = nil
	}
	for _, l := range v {
		if _, ok := digit(l.c); ok {
			run = append(run, l)
		} else if l.c > ' ' && l.c != '\\' {
			end()
		}
	}
	end()
	return all
}

// packed reads digits of so many bits as bytes.
func (v view) packed(bits int, digit func(byte) (int, bool)) view {
	var out view
	for i := 0; ; i++ {
		first, last := i*8/bits, (i*8+7)/bits
		if last >= len(v) {
			return out
		}
		value := 0
		for _, l := range v[first : last+1] {
			d, _ := digit(l.c)
			value = value<<bits | d
		}
		value >>= (last+1)*bits - (i+1)*8
		out = append(out, letter{byte(value), v[first].from, v[last].to}) //nolint:gosec // the lowest eight bits are meant
	}
}

// sextet reads a digit of base64 (RFC 4648, 4 and 5).
func sextet(c byte) (int, bool) {
	switch {
	case 'A' <= c && c <= 'Z':
		return int(c - 'A'), true
	case 'a' <= c && c <= 'z':
		return int(c-'a') + 26, true
	case '0' <= c && c <= '9':
		return int(c-'0') + 52, true
	case c == '+' || c == '-':
		return 62, true
	case c == '/' || c == '_':
		return 63, true
	}
	return 0, false
}

// nibble reads a hexadecimal digit.
func nibble(c byte) (int, bool) {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0'), true
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10, true
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10, true
	}
	return 0, false
}
