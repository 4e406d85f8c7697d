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

// A link is clicked before it is read, and programs that show mail and chats make one of any
// text that looks like it: of a scheme with something behind it, of www., and of the name of a host
// with a path. Numbers behind a colon are ports and times, but for schemes that take numbers; what
// begins with a slash is a path here. A mail address stays as it is: it can be no worse than what a
// person is called.
var (
	schemes = regexp.MustCompile(`(?i)([a-z][a-z0-9+.-]*)(:)([^\s\d:]|//)`)
	calls   = regexp.MustCompile(`(?i)\b(tel|callto|sms|sip|sips|skype|facetime|whatsapp|geo)(:)(\d)`)
	www     = regexp.MustCompile(`(?i)(www)(\.)`)
	paths   = regexp.MustCompile(`(?i)(^|[^\w/\-])((?:[\pL\pN_-]+\.)*[\pL\pN_-]+)(\.)(\pL[\pL\pN-]+(?::\d+)?[/?#])`)
	slashes = regexp.MustCompile(`(^|[^\]/])(//[\pL\pN_-]+)(\.)`)
)

// unlinked breaks all that would become a link, in the way of security reports.
func unlinked(text string) string {
	text = schemes.ReplaceAllString(text, "$1[$2]$3")
	text = calls.ReplaceAllString(text, "$1[$2]$3")
	text = www.ReplaceAllString(text, "$1[$2]")
	text = slashes.ReplaceAllString(text, "$1$2[$3]")
	return paths.ReplaceAllString(text, "$1$2[$3]$4")
}

// line gives text from outside as one line that does nothing wherever it is shown: what
// can't be seen, or turns the direction of text, is written out, what would become a link is
// broken up ([:], [.]), and nothing of a secret is left.
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

// exact gives text from outside for a program to read: as it is, without what is secret.
func (w *writer) exact(text string) string {
	if len(text) > mostRead {
		text = strings.ToValidUTF8(text[:mostRead], "") + "…"
	}
	return w.hide.Hide(text)
}

// short does the same as cut for a subject: it ends behind a word, and before a bracket that it would leave
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
	return strings.Join(strings.Fields(unlinked(b.String())), " ")
}
