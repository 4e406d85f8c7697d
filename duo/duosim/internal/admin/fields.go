package admin

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"duosync/duo/duosim/internal/protocol"
)

// editor carries a call's parameters over into an object. The first bad one
// ends it; the object is then to be thrown away.
type editor struct {
	args protocol.Args
	bad  *protocol.Refusal
}

// take reads a parameter if it was sent and nothing was bad before.
func (e *editor) take(name string) (string, bool) {
	if e.bad != nil || !e.args.Has(name) {
		return "", false
	}
	text, bad := e.args.Text(name)
	e.bad = bad
	return text, bad == nil
}

func (e *editor) refuse(name string) { e.bad = protocol.BadParameter(name) }

// text sets a field of at most most characters on one line. Empty clears it.
func (e *editor) text(name string, into *string, most int) {
	e.checked(name, into, func(text string) bool { return fits(text, most) && !hasControl(text, "") })
}

// choice sets a field that has few values.
func (e *editor) choice(name string, into *string, values ...string) {
	e.checked(name, into, func(text string) bool {
		for _, value := range values {
			if text == value {
				return true
			}
		}
		return false
	})
}

func (e *editor) checked(name string, into *string, fine func(string) bool) {
	text, ok := e.take(name)
	switch {
	case !ok:
	case !fine(text):
		e.refuse(name)
	default:
		*into = text
	}
}

func fits(text string, most int) bool { return utf8.RuneCountInString(text) <= most }

// hasControl finds control characters, those in allowed aside, and bytes that
// are not UTF-8.
func hasControl(text, allowed string) bool {
	if !utf8.ValidString(text) {
		return true
	}
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune(allowed, r) })
}

// isAddress takes what could be a mail address at a glance.
func isAddress(text string) bool {
	local, domain, ok := strings.Cut(text, "@")
	return ok && local != "" && domain != "" && !strings.Contains(domain, "@") &&
		!hasControl(text, "") && !strings.ContainsFunc(text, unicode.IsSpace)
}
