package message

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	mostRead  = 8 << 10 // bytes of a text that are read: looking for secrets takes its time
	longLine  = 2000    // characters of what is not cut elsewhere
	longText  = 600     // characters of an error, a reason, an advice at most
	shortText = 160     // characters of what stands in a subject at most
)

// A link of the web is clicked before it is read, and programs that show mail and chats
// make one of any text that looks like it.
var link = regexp.MustCompile(`(?i)(https?)(:)(//)|(www)(\.)`)

// line gives text from outside as one line that does nothing wherever it is shown: what
// can't be seen, or turns the direction of text, is written out, an address of the web is
// broken up as [:]// in the way of security reports, and nothing of a secret is left.
func (w *writer) line(text string) string { return w.cut(text, longLine) }

// cut does the same, and cuts behind so many characters.
func (w *writer) cut(text string, most int) string {
	if len(text) > mostRead { // of a secret at the end too little is left to be one
		text = strings.ToValidUTF8(text[:mostRead], "") + "…"
	}
	text = harmless(w.hide.Hide(text))
	if runes := []rune(text); len(runes) > most {
		text = strings.TrimSpace(string(runes[:most])) + "…"
	}
	return text
}

// short does the same for a subject: it ends behind a word, and before a bracket that it would leave
// open.
func (w *writer) short(text string) string {
	text = w.cut(text, longLine)
	runes := []rune(text)
	if len(runes) <= shortText {
		return text
	}
	cut := string(runes[:shortText])
	if at := strings.LastIndexByte(cut, ' '); at > len(cut)/2 {
		cut = cut[:at]
	}
	for _, pair := range []string{"()", "[]", "{}"} {
		if at := strings.LastIndexByte(cut, pair[0]); at > len(cut)/3 && !strings.Contains(cut[at:], pair[1:]) {
			cut = cut[:at]
		}
	}
	return strings.TrimRight(cut, " ,;:.") + "…"
}

func harmless(text string) string {
	var b strings.Builder
	before := rune(0)
	for _, c := range text {
		if c == '{' && before == '{' { // {{DATE(…)}} in a card
			b.WriteByte(' ')
		}
		before = c
		switch {
		case c == '\n' || c == '\r' || c == '\t' || c == '\u2028' || c == '\u2029' || c == '\u0085':
			b.WriteByte(' ')
		case unicode.IsControl(c) || c == utf8.RuneError || unicode.In(c, unicode.Cf) && c != '\u200c' && c != '\u200d': // the two join letters in names
			fmt.Fprintf(&b, "\\u%04x", c)
		default:
			b.WriteRune(c)
		}
	}
	return strings.Join(strings.Fields(link.ReplaceAllString(b.String(), "$1$4[$2$5]$3")), " ")
}
